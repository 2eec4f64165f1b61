// How the replication of a stream looks to the API.
import Archive
import ManagementAPI
import Media

extension ReplicationFacts {
    init(_ sight: ReplicationKeeper.Sight) {
        self.init(
            mode: sight.mode.mode.rawValue, since: sight.mode.since.unixMilliseconds, reason: sight.mode.reason,
            peers: sight.peers.map { name, progress in
                Peer(
                    peer: name, state: progress.state.rawValue, remaining: progress.remaining.toMilliseconds,
                    remainingBytes: progress.remainingBytes, fetched: progress.fetched.toMilliseconds,
                    fetchedBytes: progress.fetchedBytes, fetchedSegments: progress.fetchedSegments,
                    refusedSegments: progress.refusedSegments, rate: progress.rate,
                    timeToGo: progress.timeToGo.map { Double($0.components.seconds) },
                    lastError: progress.lastError, inSyncAt: progress.inSyncAt?.unixMilliseconds,
                    clockDifference: progress.clockDifference?.milliseconds)
            })
    }
}

extension StreamFacts {
    /// Adds how the replication does, for a stream that has one.
    mutating func add(_ sight: ReplicationKeeper.Sight?) {
        guard let sight else { return }
        replication = ReplicationFacts(sight)
        stats.dvrReplicationRunning = sight.isRunning
        let (has, lacks) = (stats.archiveSeconds ?? 0, sight.remaining.seconds)
        // A percentage that says 100 only when nothing is missing.
        stats.dvrReplication = lacks > 0 ? min(99, (has / (has + lacks) * 100).rounded(.down)) : 100
    }
}

extension MediaSpan {
    /// Seconds to the millisecond.
    fileprivate var toMilliseconds: Double { Double(milliseconds) / 1000 }
}
