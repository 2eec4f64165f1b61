// Who is alive, who is usable, and whether it is we who are cut off.

extension ClusterNode {
    var others: [Int] { peers.indices.filter { $0 != own } }

    mutating func updateLiveness() {
        let time = now.monotonic
        for peer in peers.indices where peer != own {
            let isAlive = peers[peer].deadAt.map { $0 > time } ?? false
            guard isAlive != peers[peer].isAlive else { continue }
            peers[peer].isAlive = isAlive
            placementIsStale = true
            let id = peers[peer].settings.id
            if isAlive {
                if peers[peer].isLost {
                    peers[peer].isLost = false
                    let witness = peers[peer].evidenceFrom.map { "peer \($0) hears it" } ?? "it answers again"
                    tell(.peerReturned, peer: id, reason: "peer \(id): \(witness)")
                }
            } else {
                peers[peer].isLost = true
                tell(.peerLost, peer: id, reason: silence(of: peer))
            }
        }
        updateIsolation()
    }

    /// `peer streamer silent for 3.1 s (connection refused)`
    func silence(of peer: Int) -> String {
        let id = peers[peer].settings.id
        let cause = peers[peer].failure.map { " (\($0.kind.text))" } ?? ""
        guard let evidence = peers[peer].evidenceAt else {
            if now.monotonic - startedAt.monotonic < peers[peer].settings.staleTimeout {
                return "peer \(id) is dead, as the other servers say\(cause)"
            }
            return "peer \(id) not heard since this server started \(now.monotonic - startedAt.monotonic) ago\(cause)"
        }
        return "peer \(id) silent for \(now.monotonic - evidence)\(cause)"
    }

    /// Isolated: nobody is heard, and all of those who were fell silent within one `stale_timeout` of each other. A group
    /// that was shut down one by one is merely gone.
    private mutating func updateIsolation() {
        let others = self.others
        let heard = others.compactMap { peers[$0].evidenceAt }
        let window = others.map { peers[$0].settings.staleTimeout }.max() ?? .zero
        var isolated = !others.isEmpty && !isJoining && others.allSatisfy { !peers[$0].isAlive }
        if isolated, let first = heard.min(), let last = heard.max(), !isIsolated { isolated = last - first <= window }
        guard isolated != isIsolated else { return }
        isIsolated = isolated
        doubtAt = now.monotonic
        stableSince = now.monotonic
        if isolated {
            tell(
                .isolated,
                reason: others.count == 1
                    ? "the other peer is silent: either it is gone or this server is cut off"
                    : "all \(others.count) other peers fell silent at once: this server is probably cut off")
        } else {
            tell(.isolationEnded, reason: "other peers are heard again")
        }
        for stream in wanted { dirty.insert(stream) }
    }

    /// A server that has just started may find its streams elsewhere: it claims nothing before it has heard every peer,
    /// or knows from another that a peer is dead, or has waited for that peer's `stale_timeout`; one that lives, as another
    /// says, has `fetch_timeout` to say itself what the other had not heard yet.
    mutating func leaveJoining() {
        guard isJoining else { return }
        let witnesses = others.compactMap { peer -> PeerReport? in
            guard peers[peer].isAlive, !isUnheardSinceStandstill(peer), let report = peers[peer].report,
                !report.isJoining
            else { return nil }
            return report
        }
        for peer in others where peers[peer].heardAt == nil || isUnheardSinceStandstill(peer) {
            // Heard before this server stood still, it is waited for anew.
            let since = peers[peer].heardAt == nil ? startedAt.monotonic : awokeAt ?? startedAt.monotonic
            let waited = now.monotonic - since
            if waited >= peers[peer].settings.staleTimeout { continue }
            // A witness that is through with joining has passed all claims on to us, this peer's too.
            if !witnesses.isEmpty, !peers[peer].isAlive || waited >= peers[peer].settings.fetchTimeout { continue }
            return
        }
        isJoining = false
        stableSince = now.monotonic
        for peer in others where !peers[peer].isAlive {
            peers[peer].isLost = true
            tell(.peerLost, peer: peers[peer].settings.id, reason: silence(of: peer))
        }
        updateIsolation()
        bump(urgently: true)
        dirty.formUnion(streams.indices)
    }

    /// Whether placement may give streams to it.
    func isUsable(_ peer: Int) -> Bool {
        if peer == own { return !isDraining }
        guard peers[peer].isAlive, !peers[peer].isDraining else { return false }
        switch peers[peer].failure?.kind {
        case .otherKey, .otherProtocol: return false
        default: return true
        }
    }

    /// Decides anew where each stream should be.
    mutating func place() {
        placementIsStale = false
        var usable = peers.indices.map { isUsable($0) }
        // Better on a server that is about to leave than nowhere.
        if !usable.contains(true) { usable = peers.indices.map { $0 == own || peers[$0].isAlive } }
        let strangers = peers.indices.filter { peers[$0].offers != nil }
        var excluded: [Int: [Int]] = [:]
        for stream in streams.indices {
            if streams[stream].record.givenUp.isEmpty, strangers.isEmpty { continue }
            let ignorant = strangers.filter { peers[$0].offers?.contains(streams[stream].settings.name) == false }
            var out = ignorant
            for entry in streams[stream].record.givenUp where entry.isActive {
                if let peer = peerIndex[entry.peer], !out.contains(peer) { out.append(peer) }
            }
            if usable.indices.allSatisfy({ !usable[$0] || out.contains($0) }) { out = ignorant }
            if !out.isEmpty { excluded[stream] = out.sorted() }
        }
        var decisions = plan.decide(usable: usable, excluded: excluded)
        // The same when only servers that are about to leave have the stream in their configuration.
        let present = peers.indices.map { $0 == own || peers[$0].isAlive }
        for (stream, out) in excluded where usable.indices.allSatisfy({ !usable[$0] || out.contains($0) }) {
            decisions[stream] = plan.decide(stream: stream, usable: present, excluded: out)
        }
        for stream in streams.indices { streams[stream].decision = decisions[stream] }
        dirty.formUnion(streams.indices)
    }
}
