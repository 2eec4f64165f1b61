// How the group looks to the API: its servers, and where each stream is and why.
import Cluster
import ManagementAPI
import PeerLink
import SettingsLanguage

extension ServerGroup {
    /// All servers of the group in the order of their names.
    /// - Parameter own: what this server says of itself.
    func peerFacts(own facts: ServerFacts) -> [PeerFacts] {
        let snapshot = service.snapshot
        return snapshot.peers.map { peer in
            let settings = settings(of: peer.id)
            let isOwn = peer.state == .own
            return PeerFacts(
                hostname: settings?.name ?? peer.id.text, isSelf: isOwn, state: Self.word(peer, snapshot),
                error: isOwn && snapshot.isIsolated
                    ? "no other peer is heard" : peer.detail.isEmpty ? nil : peer.detail,
                apiURL: settings.map { "http://\($0.contact)" } ?? "", publicPayloadURL: settings?.viewerURL,
                fetchTimeout: Int(peer.fetchTimeout.milliseconds), staleTimeout: Int(peer.staleTimeout.milliseconds),
                lastHeard: peer.lastHeard.map { Int($0.milliseconds) },
                roundTrip: isOwn ? nil : peer.roundTrip.map { Double($0.microseconds) / 1000 },
                clockDifference: isOwn ? nil : peer.clockDifference.map { Double($0) },
                hears: peer.hears.map { self.settings(of: $0)?.name ?? $0.text },
                stats: isOwn ? facts : peer.instance.map { Self.facts(peer, instance: $0, own: facts) })
        }
    }

    static func word(_ peer: ClusterSnapshot.Peer, _ snapshot: ClusterSnapshot) -> String {
        switch peer.state {
        case .own: snapshot.isDraining ? "draining" : snapshot.isIsolated ? "isolated" : "alive"
        case .otherProtocol: "other_version"
        case .otherStreamSet: "other_streams"
        case .unknown, .alive, .suspect, .indirect, .draining, .dead, .otherKey: peer.state.rawValue
        }
    }

    /// What the peer last said of itself.
    private static func facts(_ peer: ClusterSnapshot.Peer, instance: InstanceID, own: ServerFacts) -> ServerFacts {
        ServerFacts(
            hostname: peer.id.text, version: peer.software, instanceID: instance.description,
            uptime: Double(peer.load.uptimeSeconds), now: own.now + (peer.clockDifference ?? 0),
            cpu: Double(peer.load.cpuPercent), memory: UInt64(max(0, peer.load.memoryBytes)),
            streams: peer.load.streams, streamsAlive: peer.load.streamsAlive, clients: peer.load.clients,
            inputKbit: peer.load.inputKbps, outputKbit: peer.load.outputKbps)
    }

    /// Adds where the group wants the streams and where they run.
    func place(_ streams: inout [StreamFacts]) {
        let snapshot = service.snapshot
        let known = Dictionary(snapshot.streams.map { ($0.name.text, $0) }, uniquingKeysWith: { first, _ in first })
        for index in streams.indices {
            if let stream = known[streams[index].name] { place(&streams[index], stream) }
        }
    }

    func place(_ facts: inout StreamFacts) {
        if let stream = service.stream(named: Cluster.StreamName(facts.name)) { place(&facts, stream) }
    }

    private func place(_ facts: inout StreamFacts, _ stream: ClusterSnapshot.Stream) {
        facts.cluster = PlacementFacts(
            owner: stream.owner.map(name), epoch: stream.epoch.value,
            since: stream.epoch == .none ? nil : stream.since.milliseconds,
            // Why it runs where it runs often says where its home is already.
            reason: stream.reason.isEmpty
                ? stream.placement
                : stream.reason.contains(stream.placement) ? stream.reason : "\(stream.placement); \(stream.reason)",
            moves: stream.history.map {
                .init(
                    time: $0.at.milliseconds, from: $0.from.map(name), to: $0.to.map(name), epoch: $0.epoch.value,
                    reason: $0.reason)
            })
        facts.stats.runningOn = stream.runningOn.map { [name($0)] } ?? []
        guard stream.runningOn != own else { return }
        // Another server's stream is as its holder says.
        facts.stats.alive = stream.runningOn != nil && stream.phase == .running
        facts.stats.status =
            stream.runningOn == nil
            ? .waiting : stream.phase == .running ? .running : stream.phase == .failing ? .error : .waiting
        facts.stats.reason =
            stream.runningOn.map { "captured by \(name($0)): \(stream.reason)" }
            ?? "captured by no server: \(stream.placement)"
    }

    private func name(_ peer: PeerID) -> String { settings(of: peer)?.name ?? peer.text }
}
