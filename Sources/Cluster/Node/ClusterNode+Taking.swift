// A stream that is not captured here: claimed when it should be here and nobody has it, asked for when somebody has.

extension ClusterNode {
    private var capturesHere: Int { streams.count { $0.capture != .none } }

    private var isFull: Bool {
        guard let limit = peers[own].settings.channelLimit else { return false }
        return capturesHere >= limit
    }

    mutating func considerTaking(_ stream: Int) {
        let view = streams[stream]
        let isTarget = view.decision.peer == own
        if !isTarget || isJoining { leaveQueue(stream) }
        guard !isJoining else { return }
        if claimIsMine(view.record) {
            // The stream left this server's configuration and came back, and another told us of our old claim.
            streams[stream].record.phase = .released
            streams[stream].record.revision += 1
            return touch(stream, urgently: true)
        }
        guard let holder = effectiveHolder(of: stream) else {
            leaveQueue(stream)
            if isTarget {
                if isFull { return remind(stream, at: now.monotonic + .seconds(1)) }
                if let precedence = precedenceOfSuccessor(of: stream) {
                    return awaitWord(of: stream, until: precedence)
                }
                if let until = wordAwaited(of: stream) { return remind(stream, at: until) }
                claim(stream, because: whyFree(stream))
            } else if view.decision.peer == nil {
                tellUnplaced(stream)
            } else if adoptsOrphans(of: stream), !isFull {
                // Who should have it waits as well.
                if let until = wordAwaited(of: stream) { return remind(stream, at: until) }
                let since = view.orphanSince ?? now.monotonic
                streams[stream].orphanSince = since
                let until = since + peers[own].settings.fetchTimeout + wayToSuccessor(of: stream)
                if until > now.monotonic { return remind(stream, at: until) }
                claim(stream, because: "nobody took it while the servers' configurations differ")
            }
            return
        }
        streams[stream].orphanSince = nil
        guard isTarget, !isFull else { return }
        if view.settings.handOver == .makeBeforeBreak, view.record.successor == settings.own {
            leaveQueue(stream)
            return claim(
                stream, because: "taken over from \(peers[holder].settings.id), which goes on until it runs here")
        }
        let isDriven = peers[holder].isDraining || view.record.phase == .failing
        switch settings.failback {
        case _ where isDriven: wanted.insert(stream)
        case .immediate: wanted.insert(stream)
        case .off: leaveQueue(stream)
        case .delayed(let delay):
            if stableSince + delay <= now.monotonic {
                wanted.insert(stream)
            } else {
                leaveQueue(stream)
                remind(stream, at: stableSince + delay)
            }
        }
    }

    /// Until when the peer to whom a stream was handed over, and who may be taking it, may claim it before us; nil: we may.
    ///
    /// Two servers that see the group differently for a moment would both claim a stream that was let go for one of them. Hence even
    /// one that drains for all we know: who let the stream go for it has heard it ask.
    func precedenceOfSuccessor(of stream: Int) -> MonotonicTime? {
        let view = streams[stream]
        guard view.record.phase == .released, let successor = view.record.successor, successor != settings.own,
            let peer = peerIndex[successor], peers[peer].isAlive, let heard = view.recordHeardAt,
            mayBeTaking(stream, peer, since: heard)
        else { return nil }
        let until = heard + peers[peer].settings.fetchTimeout + peers[peer].way
        return until > now.monotonic ? until : nil
    }

    /// How long it takes to hear that the one to whom a stream was let go has taken it.
    private func wayToSuccessor(of stream: Int) -> TimeSpan {
        guard streams[stream].record.phase == .released,
            let successor = streams[stream].record.successor.flatMap({ peerIndex[$0] }), successor != own
        else { return .zero }
        return peers[successor].way
    }

    /// Until when a stream is not claimed because another may have it: a reload has brought it, and a server that was reloaded
    /// before may have begun; or this server stood still, and the group moved it meanwhile. Nil: all who answer have spoken since.
    func wordAwaited(of stream: Int) -> MonotonicTime? {
        if let awokeAt,
            let way = others.filter({ peers[$0].isAlive && isUnheardSinceStandstill($0) }).map({ peers[$0].way }).max(),
            case let until = awokeAt + peers[own].settings.fetchTimeout + way, until > now.monotonic
        {
            return until
        }
        guard let newUntil = streams[stream].newUntil,
            let way = others.filter({ peers[$0].isAlive && peers[$0].wantsAll }).map({ peers[$0].way }).max()
        else { return nil }
        return newUntil + way > now.monotonic ? newUntil + way : nil
    }

    /// While configurations differ (some servers are reloaded, others not yet) each of two may believe that the other should
    /// take a stream. Then the first of the usable ones that know it does.
    private func adoptsOrphans(of stream: Int) -> Bool {
        guard peers.contains(where: { $0.offers != nil }) else { return false }
        let name = streams[stream].settings.name
        return peers.indices.first { isUsable($0) && peers[$0].offers?.contains(name) != false } == own
    }

    private mutating func leaveQueue(_ stream: Int) {
        guard wanted.remove(stream) != nil else { return }
        streams[stream].readySince = nil
    }

    /// Why nobody holds it.
    private func whyFree(_ stream: Int) -> String {
        let record = streams[stream].record
        guard let holder = record.holder else { return "first start; \(placementText(stream))" }
        switch record.phase {
        case .free: return "first start; \(placementText(stream))"
        case .released: return "handed over by \(holder)"
        case .gaveUp: return "\(holder) gave it up: \(record.reason)"
        case .starting, .running, .failing:
            guard let peer = peerIndex[holder] else { return "peer \(holder) is no longer in the configuration" }
            if peer == own { return "this server has restarted" }
            if !peers[peer].isAlive { return silence(of: peer) }
            if peers[peer].instance != record.instance { return "peer \(holder) has restarted" }
            return "peer \(holder) does not know it any more"
        }
    }

    /// Why placement wants it where it does.
    package func placementText(_ stream: Int) -> String {
        let decision = streams[stream].decision
        let peer = decision.peer.map { peers[$0].settings.id.text } ?? ""
        switch decision.rule {
        case .captureAt: return "capture_at=\(peer)"
        case .home: return "\(peer) is its home by hash"
        case .next(let instead): return "\(peer) stands in for \(instead)"
        case .unplaced(let reason): return reason
        }
    }

    mutating func claim(_ stream: Int, because reason: String) {
        let old = streams[stream].record
        let epoch = Epoch.following(max(old.epoch, forgottenEpoch), startedAt: startedAt.wall)
        streams[stream].record = StreamRecord(
            epoch: epoch, holder: settings.own, instance: instance, revision: 0, phase: .starting, successor: nil,
            reason: reason, since: now.wall.milliseconds, isIsolated: isIsolated, givenUp: old.givenUp,
            continuation: streams[stream].known)
        streams[stream].capture = .active
        streams[stream].claimedAt = now.monotonic
        streams[stream].orphanSince = nil
        streams[stream].mediaMissingSince = now.monotonic
        streams[stream].mediaMissingReason = "no media since the start"
        streams[stream].attempts = 0
        streams[stream].grant = nil
        streams[stream].toldUnplaced = false
        streams[stream].readySince = nil
        streams[stream].readyPenalty = 0
        wanted.remove(stream)
        streams[stream].note(
            StreamMove(at: now.wall, from: old.holder, to: settings.own, epoch: epoch, reason: reason))
        touch(stream, urgently: true)
        effects.append(.startCapture(streams[stream].settings.name, epoch, reason: reason, streams[stream].known))
        tell(.streamTaken, stream: stream, epoch: epoch, reason: reason)
    }

    private mutating func tellUnplaced(_ stream: Int) {
        guard !streams[stream].toldUnplaced, case .unplaced(let reason) = streams[stream].decision.rule,
            peers.indices.first(where: { $0 == own || peers[$0].isAlive }) == own
        else { return }
        streams[stream].toldUnplaced = true
        tell(.streamUnplaced, stream: stream, reason: reason)
    }
}
