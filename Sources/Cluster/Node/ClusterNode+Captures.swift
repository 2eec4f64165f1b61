// What the captures of this server say: ended, with media, without; and the numbers to go on with.

extension ClusterNode {
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
                // Its precedence counts from here on.
                streams[stream].recordHeardAt = now.monotonic
            case .yield: streams[stream].record.phase = .released
            case .giveUp(let reason):
                streams[stream].record.phase = .gaveUp
                streams[stream].record.reason = reason
                noteGivenUp(stream)
            }
            touch(stream, urgently: true)
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
}
