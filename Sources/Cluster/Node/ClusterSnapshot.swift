// What a node knows, for the API and the console.

/// One moment of a node: its peers and the streams of its configuration, as this server sees them.
package struct ClusterSnapshot: Sendable {
    package enum PeerState: String, Hashable, Sendable {
        case own
        /// Not heard yet; its `stale_timeout` is not over.
        case unknown
        case alive
        /// Alive, but polls fail at the moment.
        case suspect
        /// Does not answer us, but another peer hears it.
        case indirect
        case draining
        case dead
        case otherKey = "other_key"
        case otherProtocol = "other_protocol"
        /// Alive, with another set of streams or peers in its configuration.
        case otherStreamSet = "other_stream_set"
    }
    package struct Peer: Sendable {
        package var id: PeerID
        /// Its present life; nil before it was heard.
        package var instance: InstanceID?
        package var state: PeerState
        /// Why it is in this state, for people; empty if all is well.
        package var detail: String
        package var lastHeard: TimeSpan?
        package var roundTrip: TimeSpan?
        /// Its clock minus ours, milliseconds.
        package var clockDifference: Int64?
        package var software: String
        package var load: PeerLoad
        /// Peers that answer it; not those of which it knows through others.
        package var hears: [PeerID]
        package var weight: Int
        package var channelLimit: Int?
        package var fetchTimeout: TimeSpan
        package var staleTimeout: TimeSpan
        /// Streams of the group that it holds.
        package var streams: Int
    }
    package struct Stream: Sendable {
        package var name: StreamName
        /// Where placement wants it; nil: nowhere.
        package var owner: PeerID?
        package var placement: String
        /// Who captures it as far as this server knows.
        package var runningOn: PeerID?
        package var phase: ClaimPhase
        package var epoch: Epoch
        package var since: WallTime
        package var reason: String
        /// The last moves, oldest first.
        package var history: [StreamMove]
    }
    package var own: PeerID
    package var isIsolated: Bool
    package var isDraining: Bool
    package var isJoining: Bool
    package var peers: [Peer]
    package var streams: [Stream]
}

extension ClusterNode {
    package func snapshot() -> ClusterSnapshot {
        let streams = self.streams.indices.map { self.streamSnapshot($0) }
        var counts: [PeerID: Int] = [:]
        for stream in streams { if let peer = stream.runningOn { counts[peer, default: 0] += 1 } }
        return ClusterSnapshot(
            own: settings.own, isIsolated: isIsolated, isDraining: isDraining, isJoining: isJoining,
            peers: peers.indices.map { peerSnapshot($0, streams: counts[peers[$0].settings.id] ?? 0) },
            streams: streams)
    }

    /// What is known of one stream; nil if it is not a stream of the group. Fast enough for a player's request.
    package func stream(named name: StreamName) -> ClusterSnapshot.Stream? {
        streamIndex[name].map { streamSnapshot($0) }
    }

    private func streamSnapshot(_ stream: Int) -> ClusterSnapshot.Stream {
        let view = streams[stream]
        return ClusterSnapshot.Stream(
            name: view.settings.name, owner: view.decision.peer.map { peers[$0].settings.id },
            placement: placementText(stream), runningOn: effectiveHolder(of: stream).map { peers[$0].settings.id },
            phase: view.record.phase, epoch: view.record.epoch, since: WallTime(milliseconds: view.record.since),
            reason: view.record.reason, history: view.history)
    }

    private func peerSnapshot(_ peer: Int, streams: Int) -> ClusterSnapshot.Peer {
        let view = peers[peer]
        let (state, detail) = state(of: peer)
        let isOwn = peer == own
        return ClusterSnapshot.Peer(
            id: view.settings.id, instance: isOwn ? instance : view.report == nil ? nil : view.instance, state: state,
            detail: detail,
            lastHeard: isOwn ? .zero : view.heardAt.map { now.monotonic - $0 }, roundTrip: view.roundTrip,
            clockDifference: view.clockDifference, software: isOwn ? software : view.report?.software ?? "",
            load: isOwn ? load : view.report?.load ?? PeerLoad(),
            hears: isOwn
                ? others.filter { peers[$0].isAlive && peers[$0].witness(at: now.monotonic) == nil }
                    .map { peers[$0].settings.id }
                : view.report?.heard.filter { $0.through == nil }.map(\.peer) ?? [],
            weight: view.settings.weight, channelLimit: view.settings.channelLimit,
            fetchTimeout: view.settings.fetchTimeout, staleTimeout: view.settings.staleTimeout, streams: streams)
    }

    private func state(of peer: Int) -> (ClusterSnapshot.PeerState, String) {
        let view = peers[peer]
        if peer == own { return (.own, isDraining ? "draining" : "") }
        switch view.failure?.kind {
        case .otherKey(let text): return (.otherKey, text)
        case .otherProtocol: return (.otherProtocol, view.failure?.kind.text ?? "")
        default: break
        }
        guard view.isAlive else {
            if isJoining { return (.unknown, view.failure?.kind.text ?? "waiting for its first answer") }
            let asks = view.asksUsAt.map { now.monotonic - $0 < view.settings.staleTimeout } ?? false
            return (.dead, silence(of: peer) + (asks ? "; it still asks us: a cut in one direction" : ""))
        }
        if let witness = view.witness(at: now.monotonic) {
            return (.indirect, "\(silence(of: peer)) for us, but peer \(witness) hears it")
        }
        if let failure = view.failure { return (.suspect, "\(failure.kind.text), \(failure.times) times") }
        if view.isDraining { return (.draining, "") }
        if view.report.map({ $0.fingerprint != fingerprint }) ?? false {
            return (.otherStreamSet, "its configuration has another set of streams or peers")
        }
        return (.alive, view.isClockOff ? clockText(of: peer) : "")
    }
}
