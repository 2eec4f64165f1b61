// Claim, keep, hand over, give up: what follows for one stream from what is known.

extension ClusterNode {
    // MARK: - Who has it

    private func claimIsMine(_ record: StreamRecord) -> Bool {
        record.holder == settings.own && record.instance == instance && record.phase.holds
    }

    /// The peer whose claim counts: alive, in the life in which it claimed, and still knowing the stream.
    func effectiveHolder(of stream: Int) -> Int? {
        let record = streams[stream].record
        guard record.phase.holds, let holder = record.holder, let peer = peerIndex[holder] else { return nil }
        if peer == own { return record.instance == instance ? own : nil }
        guard peers[peer].isAlive, peers[peer].instance == record.instance else { return nil }
        if let offers = peers[peer].offers, !offers.contains(streams[stream].settings.name) { return nil }
        return peer
    }

    private var capturesHere: Int { streams.count { $0.capture != .none } }

    private var isFull: Bool {
        guard let limit = peers[own].settings.channelLimit else { return false }
        return capturesHere >= limit
    }

    // MARK: - Conclusions for one stream

    mutating func evaluate(_ stream: Int) {
        switch streams[stream].capture {
        case .stopping: return
        case .none: considerTaking(stream)
        case .active, .waiting:
            if claimIsMine(streams[stream].record) {
                considerKeeping(stream)
            } else {
                considerYielding(stream)
            }
        }
    }

    private mutating func considerTaking(_ stream: Int) {
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
                if let precedence = precedenceOfSuccessor(of: stream) { return remind(stream, at: precedence) }
                claim(stream, because: whyFree(stream))
            } else if view.decision.peer == nil {
                tellUnplaced(stream)
            } else if adoptsOrphans(of: stream), !isFull {
                let since = view.orphanSince ?? now.monotonic
                streams[stream].orphanSince = since
                let until = since + peers[own].settings.fetchTimeout
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

    /// Until when the peer to whom a stream was handed over, and who still asks for it, may claim it before us; nil: we may.
    ///
    /// Two servers that see the group differently for a moment would both claim a stream that was let go for one of them.
    private func precedenceOfSuccessor(of stream: Int) -> MonotonicTime? {
        let view = streams[stream]
        guard view.record.phase == .released, let successor = view.record.successor, successor != settings.own,
            let peer = peerIndex[successor], isUsable(peer), let heard = view.recordHeardAt,
            peers[peer].ready[view.settings.name] == view.record.epoch
        else { return nil }
        let until = heard + peers[peer].settings.fetchTimeout
        return until > now.monotonic ? until : nil
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

    private mutating func claim(_ stream: Int, because reason: String) {
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
        streams[stream].grantedTo = nil
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

    // MARK: - Holding it

    private mutating func considerKeeping(_ stream: Int) {
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
        let successor = peers[target].settings.id
        switch view.settings.handOver {
        case .breakBeforeMake:
            stop(stream, .handOver(to: successor), reason: "handed over to \(successor): \(placementText(stream))")
            return true
        case .makeBeforeBreak:
            if view.record.successor != successor {
                streams[stream].grantedTo = successor
                streams[stream].record.successor = successor
                streams[stream].record.revision += 1
                touch(stream, urgently: true)
            }
            return false
        }
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

    // MARK: - Losing it

    /// Somebody else has a newer claim on a stream that is captured here.
    private mutating func considerYielding(_ stream: Int) {
        let record = streams[stream].record
        guard let holder = effectiveHolder(of: stream), holder != own else {
            return reclaim(stream, because: "the newer claim of \(record.holder?.text ?? "nobody") is void")
        }
        let longest = others.map { peers[$0].settings.staleTimeout }.max() ?? .zero
        let isSure = !isIsolated && doubtAt.map { $0 + longest < now.monotonic } ?? true
        if record.isIsolated && isSure {
            return reclaim(stream, because: "\(peers[holder].settings.id) took it while it was cut off")
        }
        // Make before break: go on until the successor has media.
        if streams[stream].settings.handOver == .makeBeforeBreak, record.phase == .starting,
            record.holder == streams[stream].grantedTo
        {
            return
        }
        let id = peers[holder].settings.id
        stop(stream, .yield(to: id), reason: "\(id) holds it with the newer epoch \(record.epoch)")
    }

    private mutating func reclaim(_ stream: Int, because reason: String) {
        let old = streams[stream].record
        let epoch = Epoch.following(max(old.epoch, forgottenEpoch), startedAt: startedAt.wall)
        streams[stream].record = StreamRecord(
            epoch: epoch, holder: settings.own, instance: instance, revision: 0,
            phase: streams[stream].mediaMissingSince == nil ? .running : .starting, successor: nil, reason: reason,
            since: now.wall.milliseconds, isIsolated: isIsolated, givenUp: old.givenUp,
            continuation: streams[stream].known)
        streams[stream].note(
            StreamMove(at: now.wall, from: old.holder, to: settings.own, epoch: epoch, reason: reason))
        touch(stream, urgently: true)
        tell(.streamTaken, stream: stream, epoch: epoch, reason: reason)
    }

    /// Ends the capture; the rest follows when it has ended.
    private mutating func stop(_ stream: Int, _ kind: StreamView.Stop, reason: String) {
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

    private mutating func tellUnplaced(_ stream: Int) {
        guard !streams[stream].toldUnplaced, case .unplaced(let reason) = streams[stream].decision.rule,
            peers.indices.first(where: { $0 == own || peers[$0].isAlive }) == own
        else { return }
        streams[stream].toldUnplaced = true
        tell(.streamUnplaced, stream: stream, reason: reason)
    }

    // MARK: - What the captures say

    mutating func captureStopped(_ name: StreamName, reason: String?) {
        leaving.remove(name)
        guard let stream = streamIndex[name] else { return }
        dirty.insert(stream)
        switch streams[stream].capture {
        case .none, .waiting: return
        case .active:
            // It ended by itself: again after 0.5, 1, 2 … 16 s, each shortened at random by up to a half.
            let pause = TimeSpan.milliseconds(500 << Int64(min(5, streams[stream].attempts)))
            streams[stream].attempts += 1
            let jitter = Int64(chance.next() % UInt64(pause.microseconds / 2))
            streams[stream].capture = .waiting(until: now.monotonic + pause - TimeSpan(microseconds: jitter))
            captureChanged(name, .failing(reason ?? "the capture ended"))
        case .stopping(let kind):
            streams[stream].capture = .none
            streams[stream].mediaMissingSince = nil
            guard claimIsMine(streams[stream].record) else { return }
            streams[stream].record.revision += 1
            switch kind {
            case .handOver(let successor):
                streams[stream].record.phase = .released
                streams[stream].record.successor = successor
            case .yield: streams[stream].record.phase = .released
            case .giveUp(let reason):
                streams[stream].record.phase = .gaveUp
                streams[stream].record.reason = reason
                noteGivenUp(stream)
            }
            touch(stream, urgently: true)
        }
    }

    private mutating func noteGivenUp(_ stream: Int) {
        placementIsStale = true
        if let entry = streams[stream].record.givenUp.firstIndex(where: { $0.peer == settings.own }) {
            streams[stream].record.givenUp[entry].times += 1
            streams[stream].record.givenUp[entry].isActive = true
        } else {
            streams[stream].record.givenUp.append(GivenUp(peer: settings.own, times: 1, isActive: true))
        }
    }

    mutating func captureChanged(_ name: StreamName, _ health: CaptureHealth) {
        guard let stream = streamIndex[name] else { return }
        dirty.insert(stream)
        let phase: ClaimPhase
        switch health {
        case .starting: phase = .starting
        case .running:
            phase = .running
            streams[stream].mediaMissingSince = nil
            streams[stream].attempts = 0
        case .failing(let reason):
            phase = .failing
            if streams[stream].mediaMissingSince == nil { streams[stream].mediaMissingSince = now.monotonic }
            streams[stream].mediaMissingReason = reason
        }
        guard claimIsMine(streams[stream].record), streams[stream].record.phase != phase else { return }
        streams[stream].record.phase = phase
        streams[stream].record.revision += 1
        touch(stream, urgently: true)
    }

    /// Passed on at once when the timeline or the discontinuities changed, else every half minute: the numbers follow
    /// from the time.
    mutating func continuationChanged(_ name: StreamName, _ continuation: Continuation) {
        guard let stream = streamIndex[name], claimIsMine(streams[stream].record) else { return }
        let isNews = streams[stream].record.continuation.map { !$0.saysTheSame(as: continuation) } ?? true
        let isStopping = if case .stopping = streams[stream].capture { true } else { false }
        let isOld = streams[stream].continuationSentAt.map { $0 + .seconds(30) <= now.monotonic } ?? true
        guard isNews || isOld || isStopping else { return }
        streams[stream].continuationSentAt = now.monotonic
        streams[stream].note(continuation)
        streams[stream].record.continuation = streams[stream].known
        streams[stream].record.revision += 1
        touch(stream, urgently: false)
    }

    // MARK: - Coming home in batches

    /// Announces the first streams of the queue. One that its holder does not let go within `stale_timeout` queues behind.
    mutating func chooseReady() {
        let patience = peers[own].settings.staleTimeout
        for stream in ready where wanted.contains(stream) {
            if let since = streams[stream].readySince, since + patience <= now.monotonic {
                streams[stream].readySince = nil
                streams[stream].readyPenalty += 1
            }
        }
        guard !wanted.isEmpty || !ready.isEmpty else { return }
        let queue = wanted.sorted { (streams[$0].readyPenalty, $0) < (streams[$1].readyPenalty, $1) }
        let chosen = queue.prefix(settings.failbackBatch).sorted()
        for stream in chosen where streams[stream].readySince == nil {
            streams[stream].readySince = now.monotonic
            remind(stream, at: now.monotonic + patience)
        }
        guard chosen != ready else { return }
        ready = chosen
        bump(urgently: true)
    }
}
