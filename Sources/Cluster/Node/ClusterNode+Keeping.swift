// A stream that this server holds: handed over, given up, tried again, or left as it is.

extension ClusterNode {
    mutating func considerKeeping(_ stream: Int) {
        if considerHandingOver(stream) { return }
        if considerGivingUp(stream) { return }
        reconsiderGivenUp(stream)
        if case .waiting(let until) = streams[stream].capture {
            guard until <= now.monotonic else { return remind(stream, at: until) }
            streams[stream].capture = .active
            let record = streams[stream].record
            effects.append(
                .startCapture(
                    streams[stream].settings.name, record.epoch, reason: "another try: \(record.reason)",
                    record.continuation))
        }
    }

    private mutating func considerHandingOver(_ stream: Int) -> Bool {
        let view = streams[stream]
        guard let target = view.decision.peer, target != own, peers[target].isAlive,
            peers[target].ready[view.settings.name] == view.record.epoch
        else { return false }
        if let until = counterclaimAwaited(of: stream) {
            remind(stream, at: until)
            return false
        }
        let successor = peers[target].settings.id
        switch view.settings.handOver {
        case .breakBeforeMake:
            stop(stream, .handOver(to: successor), reason: "handed over to \(successor): \(placementText(stream))")
            return true
        case .makeBeforeBreak:
            if view.record.successor != successor {
                if let until = termOfGrant(of: stream) {
                    awaitWord(of: stream, until: until)
                    return false
                }
                streams[stream].grant = StreamView.Grant(peer: successor, at: now.monotonic)
                streams[stream].record.successor = successor
                streams[stream].record.revision += 1
                touch(stream, urgently: true)
            }
            return false
        }
    }

    /// Until when what this server claimed in isolation is not handed over; nil: it may be.
    ///
    /// One that was in touch all the time may claim above it and hand over to the same successor, which would start twice. Where only
    /// one other lives nobody was in touch with anybody.
    private func counterclaimAwaited(of stream: Int) -> MonotonicTime? {
        guard streams[stream].record.isIsolated, !isIsolated, let doubtAt else { return nil }
        let alive = others.filter { peers[$0].isAlive }
        guard alive.count > 1, let poll = alive.map({ peers[$0].settings.fetchTimeout }).max() else { return nil }
        return doubtAt + poll > now.monotonic ? doubtAt + poll : nil
    }

    /// Until when the successor that was named before may be taking the stream; nil: another may be named.
    ///
    /// Of two that are named in a row both start, and this server would stop for the first before that has media.
    private func termOfGrant(of stream: Int) -> MonotonicTime? {
        guard let grant = streams[stream].grant, let peer = peerIndex[grant.peer], peers[peer].isAlive,
            mayBeTaking(stream, peer, since: grant.at)
        else { return nil }
        let until = grant.at + peers[peer].settings.staleTimeout
        return until > now.monotonic ? until : nil
    }

    private mutating func considerGivingUp(_ stream: Int) -> Bool {
        let view = streams[stream]
        guard let since = view.mediaMissingSince else { return false }
        guard since + settings.giveUpAfter <= now.monotonic else {
            remind(stream, at: since + settings.giveUpAfter)
            return false
        }
        let out = view.record.givenUp.filter(\.isActive).map(\.peer)
        let another = others.contains { peer in
            isUsable(peer) && peers[peer].report?.isJoining != true && !out.contains(peers[peer].settings.id)
                && peers[peer].offers?.contains(view.settings.name) != false
        }
        guard another else {
            remind(stream, at: now.monotonic + settings.giveUpAfter)
            return false
        }
        stop(stream, .giveUp(view.mediaMissingReason), reason: "given up here: \(view.mediaMissingReason)")
        return true
    }

    /// The holder lets peers that gave the stream up try again after a while, and forgets them when it has run well.
    private mutating func reconsiderGivenUp(_ stream: Int) {
        let view = streams[stream]
        guard let claimed = view.claimedAt, !view.record.givenUp.isEmpty else { return }
        var changed = view.record
        for position in changed.givenUp.indices where changed.givenUp[position].isActive {
            let pause = settings.giveUpRetry * Int64(1 << min(4, max(0, changed.givenUp[position].times - 1)))
            if claimed + pause <= now.monotonic {
                changed.givenUp[position].isActive = false
            } else {
                remind(stream, at: claimed + pause)
            }
        }
        if view.mediaMissingSince == nil {
            let forget = claimed + settings.giveUpRetry
            if let mine = changed.givenUp.firstIndex(where: { $0.peer == settings.own && !$0.isActive }) {
                if forget <= now.monotonic { changed.givenUp.remove(at: mine) } else { remind(stream, at: forget) }
            }
        }
        guard changed.givenUp != view.record.givenUp else { return }
        changed.revision += 1
        streams[stream].record = changed
        placementIsStale = true
        touch(stream, urgently: true)
    }

    mutating func noteGivenUp(_ stream: Int) {
        placementIsStale = true
        if let entry = streams[stream].record.givenUp.firstIndex(where: { $0.peer == settings.own }) {
            streams[stream].record.givenUp[entry].times += 1
            streams[stream].record.givenUp[entry].isActive = true
        } else {
            streams[stream].record.givenUp.append(GivenUp(peer: settings.own, times: 1, isActive: true))
        }
    }
}
