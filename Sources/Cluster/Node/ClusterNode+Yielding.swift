// A capture on whose stream somebody else has the newer claim, and how captures are ended.

extension ClusterNode {
    /// Somebody else has a newer claim on a stream that is captured here.
    mutating func considerYielding(_ stream: Int) {
        let record = streams[stream].record
        guard let holder = effectiveHolder(of: stream), holder != own else {
            // A claim above its release would take from the successor what it is starting.
            if let precedence = precedenceOfSuccessor(of: stream) { return awaitWord(of: stream, until: precedence) }
            if let until = wordAwaited(of: stream) { return remind(stream, at: until) }
            if let until = claimAwaited(of: stream) { return awaitWord(of: stream, until: until) }
            return reclaim(stream, because: "the newer claim of \(record.holder?.text ?? "nobody") is void")
        }
        streams[stream].orphanSince = nil
        let longest = others.map { peers[$0].settings.staleTimeout }.max() ?? .zero
        let isSure = !isIsolated && doubtAt.map { $0 + longest < now.monotonic } ?? true
        if record.isIsolated && isSure {
            return reclaim(stream, because: "\(peers[holder].settings.id) took it while it was cut off")
        }
        // Make before break: go on until the successor has media.
        if streams[stream].settings.handOver == .makeBeforeBreak, record.phase == .starting,
            record.holder == streams[stream].grant?.peer
        {
            return
        }
        let id = peers[holder].settings.id
        stop(stream, .yield(to: id), reason: "\(id) holds it with the newer epoch \(record.epoch)")
    }

    /// Until when the server where placement wants the stream may claim it before this one, which goes on capturing; nil: we may.
    ///
    /// Both see at the same time that a holder is gone. A claim of ours beside that one's would make it start twice.
    private mutating func claimAwaited(of stream: Int) -> MonotonicTime? {
        guard let target = streams[stream].decision.peer, target != own, peers[target].isAlive else { return nil }
        let since = streams[stream].orphanSince ?? now.monotonic
        streams[stream].orphanSince = since
        let until = since + peers[target].settings.fetchTimeout + peers[target].way
        guard until > now.monotonic else { return nil }
        // Make before break: go on until it has media.
        streams[stream].grant = StreamView.Grant(peer: peers[target].settings.id, at: now.monotonic)
        return until
    }

    private mutating func reclaim(_ stream: Int, because reason: String) {
        let old = streams[stream].record
        let epoch = Epoch.following(max(old.epoch, forgottenEpoch), startedAt: startedAt.wall)
        streams[stream].record = StreamRecord(
            epoch: epoch, holder: settings.own, instance: instance, revision: 0,
            phase: streams[stream].mediaMissingSince == nil ? .running : .starting, successor: nil, reason: reason,
            since: now.wall.milliseconds, isIsolated: isIsolated, givenUp: old.givenUp,
            continuation: streams[stream].known)
        streams[stream].orphanSince = nil
        if streams[stream].grant?.peer == streams[stream].decision.peer.map({ peers[$0].settings.id }) {
            // It did not take it.
            streams[stream].grant = nil
        }
        streams[stream].note(
            StreamMove(at: now.wall, from: old.holder, to: settings.own, epoch: epoch, reason: reason))
        touch(stream, urgently: true)
        tell(.streamTaken, stream: stream, epoch: epoch, reason: reason)
    }

    /// Ends the capture; the rest follows when it has ended.
    mutating func stop(_ stream: Int, _ kind: StreamView.Stop, reason: String) {
        timers[stream] = nil
        let wasRunning = streams[stream].capture == .active
        streams[stream].capture = .stopping(kind)
        tell(
            { if case .giveUp = kind { .streamGivenUp } else { .streamYielded } }(), stream: stream,
            epoch: streams[stream].record.epoch, reason: reason)
        if wasRunning {
            effects.append(.stopCapture(streams[stream].settings.name, reason: reason))
        } else {
            captureStopped(streams[stream].settings.name, reason: nil)
        }
    }
}
