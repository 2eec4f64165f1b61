// How the replication of a stream looks to the API and to metrics.
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

extension ReplicationKeeper {
    var metrics: [MetricFamily] {
        let rows = sights.flatMap { stream, sight in
            sight.peers.map { (labels: [("stream", stream), ("peer", $0.peer)], progress: $0.progress) }
        }
        let clocks = rows.compactMap { row in
            row.progress.clockDifference.map { MetricFamily.Sample($0.seconds, labels: row.labels) }
        }
        func family(
            _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: (ReplicationProgress) -> Double
        ) -> MetricFamily {
            MetricFamily(
                name, kind, help: help, samples: rows.map { .init(value($0.progress), labels: $0.labels) })
        }
        return [
            family("weir_replication_fetched_bytes_total", .counter, "Fetched from the peer and kept") {
                Double($0.fetchedBytes)
            },
            family("weir_replication_fetched_segments_total", .counter, "Segments of them") {
                Double($0.fetchedSegments)
            },
            family("weir_replication_refused_segments_total", .counter, "Segments whose bytes were not those recorded")
            {
                Double($0.refusedSegments)
            },
            family("weir_replication_remaining_seconds", .gauge, "Media of the peer that is missing here") {
                $0.remaining.seconds
            },
            family("weir_replication_remaining_bytes", .gauge, "Its bytes") { Double($0.remainingBytes) },
            family("weir_replication_rate_bytes", .gauge, "Bytes per second over the last ten seconds") {
                Double($0.rate)
            },
            family("weir_replication_in_sync", .gauge, "1: all that the peer has is here") {
                $0.state == .inSync ? 1 : 0
            },
            MetricFamily(
                "weir_replication_clock_difference_seconds", .gauge, help: "How far the peer's clock is ahead",
                samples: clocks),
        ]
    }
}

extension MediaSpan {
    /// Seconds to the millisecond.
    fileprivate var toMilliseconds: Double { Double(milliseconds) / 1000 }
}
