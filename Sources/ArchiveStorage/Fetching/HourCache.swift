// Digests of hours that did not change since they were computed.
import Archive
import Media
import Synchronization

/// May be used from any thread.
final class HourCache: Sendable {
    private struct Stream {
        /// Counts changes: a summary that was computed while something changed is not kept.
        var version: UInt64 = 0
        /// By hours since the Unix epoch.
        var hours: [Int64: HourSummary] = [:]
    }
    private let streams = Mutex<[String: Stream]>([:])

    func version(of name: String) -> UInt64 { streams.withLock { $0[name]?.version ?? 0 } }

    func summary(of name: String, hour: Int64) -> HourSummary? { streams.withLock { $0[name]?.hours[hour] } }

    func remember(_ summary: HourSummary, of name: String, version: UInt64) {
        streams.withLock { streams in
            guard streams[name, default: Stream()].version == version else { return }
            streams[name, default: Stream()].hours[summary.number] = summary
        }
    }

    func forget(_ name: String, _ segments: [ArchivedSegment]) {
        guard !segments.isEmpty else { return }
        streams.withLock { streams in
            streams[name, default: Stream()].version += 1
            for segment in segments { streams[name]?.hours[segment.start.index(of: DigestPeriod.hour)] = nil }
        }
    }
}
