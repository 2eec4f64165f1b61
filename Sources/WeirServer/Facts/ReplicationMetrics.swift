// How the replication of all streams looks to metrics.
import Archive
import ManagementAPI
import Media

extension ReplicationKeeper {
    var metrics: [MetricFamily] {
        ReplicationMetrics.families(
            sights.flatMap { stream, sight in sight.peers.map { (stream, $0.peer, $0.progress) } })
    }
}

/// Names, kinds and units are those of `docs/metrics.md`.
enum ReplicationMetrics {
    /// - Parameter rows: one for each stream and other server.
    static func families(
        _ rows: [(stream: String, peer: String, progress: ReplicationProgress)]
    ) -> [MetricFamily] {
        func family(
            _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: (ReplicationProgress) -> Double?
        ) -> MetricFamily {
            let samples = rows.compactMap { row in
                value(row.progress).map {
                    MetricFamily.Sample($0, labels: [("stream", row.stream), ("peer", row.peer)])
                }
            }
            return MetricFamily("weir_replication_" + name, kind, help: help, samples: samples)
        }
        return [
            family("fetched_bytes_total", .counter, "Fetched from the peer and kept") { Double($0.fetchedBytes) },
            family("fetched_segments_total", .counter, "Segments of them") { Double($0.fetchedSegments) },
            family("refused_segments_total", .counter, "Segments whose bytes were not those recorded") {
                Double($0.refusedSegments)
            },
            family("failures_total", .counter, "Rounds in which the peer could not be asked, or its answer was none") {
                Double($0.failures)
            },
            family("remaining_seconds", .gauge, "Media of the peer that is missing here") { $0.remaining.seconds },
            family("remaining_bytes", .gauge, "Its bytes") { Double($0.remainingBytes) },
            family("rate_bytes", .gauge, "Bytes per second over the last ten seconds") { Double($0.rate) },
            family("in_sync", .gauge, "1: all that the peer has is here") { $0.state == .inSync ? 1 : 0 },
            family("clock_difference_seconds", .gauge, "How far the peer's clock is ahead") {
                $0.clockDifference?.seconds
            },
        ]
    }
}
