// Streams that others hold and that should be here are asked for in batches.

extension ClusterNode {
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
