// How the exchange with one other server goes: what is told to operators.
package import Media

/// How an archive stands to that of one other server.
package enum ReplicationState: String, Hashable, Sendable {
    /// Not compared yet.
    case unknown
    /// We have all that we want of the other's archive.
    case inSync = "in_sync"
    case catchingUp = "catching_up"
    /// The other has something that we want and could not take: see the last error.
    case diverged
    /// The other cannot be asked.
    case unreachable
}

package struct ReplicationProgress: Hashable, Sendable {
    package var state = ReplicationState.unknown
    /// Media that is still to be fetched; an estimate for hours that were not looked at in detail yet.
    package var remaining = MediaSpan.zero
    package var remainingBytes: Int64 = 0
    /// Fetched and kept since the server's start.
    package var fetchedSegments: Int64 = 0
    package var fetchedBytes: Int64 = 0
    package var fetched = MediaSpan.zero
    /// Bytes whose digest was wrong or which the disk refused, since the server's start.
    package var refusedSegments: Int64 = 0
    /// Rounds that came to nothing since the server's start: the other could not be asked, or its answer was none.
    package var failures: Int64 = 0
    /// Bytes per second over the last ten seconds.
    package var rate: Int64 = 0
    package var lastError: String?
    /// When both were last found equal, UTC.
    package var inSyncAt: MediaTime?
    /// How far the other's clock is ahead of ours; negative: behind.
    package var clockDifference: MediaSpan?

    package init() {}

    /// Seconds to the end at the present rate; nil while nothing moves or nothing is left.
    package var timeToGo: Duration? {
        rate > 0 && remainingBytes > 0 ? .seconds(Double(remainingBytes) / Double(rate)) : nil
    }
}

/// What an operator should know, once per change.
package enum ReplicationEvent: Hashable, Sendable {
    case started(peer: String, media: MediaSpan, bytes: Int64)
    case finished(peer: String, media: MediaSpan, bytes: Int64)
    case failed(peer: String, reason: String)
    /// The other's clock is so far ahead of ours (negative: behind): more than a segment.
    case clockDiffers(peer: String, ahead: MediaSpan)
}

/// Bytes per second over the last ten seconds.
struct RateMeter: Hashable, Sendable {
    static let window = Duration.seconds(10)
    private var seconds: [(at: Int64, bytes: Int64)] = []

    mutating func count(_ bytes: Int64, at now: Duration) {
        let second = now.components.seconds
        if seconds.last?.at == second {
            seconds[seconds.count - 1].bytes += bytes
        } else {
            seconds.append((second, bytes))
        }
        seconds.removeAll { $0.at <= second - Self.window.components.seconds }
    }

    func rate(at now: Duration) -> Int64 {
        let second = now.components.seconds
        let recent = seconds.filter { $0.at > second - Self.window.components.seconds }
        guard let first = recent.first else { return 0 }
        return recent.reduce(0) { $0 + $1.bytes } / max(1, second - first.at + 1)
    }

    static func == (a: RateMeter, b: RateMeter) -> Bool { a.seconds.elementsEqual(b.seconds, by: ==) }
    func hash(into hasher: inout Hasher) { hasher.combine(seconds.count) }
}
