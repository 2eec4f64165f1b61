// The exchange with one other server: a round compares, lists the hours that differ, and fetches what is missing.
import Media

/// One server's part of `StreamReplication`, which has the rules. A round goes
///
///     idle ─► comparing ─► (list an hour ─► fetch its segments in orders)… ─► idle
struct PeerReplication: Hashable, Sendable {
    /// Differing hours that were not listed yet, in the order in which they are fetched.
    var hours: [HourSummary] = []
    /// The hour that was asked for.
    var listing: HourSummary?
    /// Segments that were listed and not ordered yet, in the order in which they are fetched.
    var wanted: [OfferedSegment] = []
    var wantedFrom = 0
    /// By number.
    var orders: [Int: FetchOrder] = [:]
    var isInRound = false
    /// The two digests of an hour of which nothing was wanted.
    var settled: [Int64: Settled] = [:]
    /// What came wrong and is still missing.
    var refused: [SegmentDigest: Refusal] = [:]
    /// Not wanted at the moment, by their archive's own word; no fault. Not asked for again before then, monotonic.
    var postponed: [SegmentDigest: Duration] = [:]
    /// Ours, when the round began.
    var ours: [Int64: HourSummary] = [:]
    var progress = ReplicationProgress()
    var meter = RateMeter()
    /// `started` was told.
    var isTold = false
    var toldAt = (media: MediaSpan.zero, bytes: Int64(0))
    /// The failure that was told.
    var toldFailure: String?
    /// That the clocks differ was told, and they still do.
    var isClockTold = false

    struct Settled: Hashable, Sendable {
        var theirs: MediaDigest
        var ours: MediaDigest?
    }

    struct Refusal: Hashable, Sendable {
        var reason: String
        var length: Int
        /// Not asked for again before then, monotonic.
        var until: Duration
    }

    var waiting: ArraySlice<OfferedSegment> { wanted[wantedFrom...] }

    /// Where the exchange ends for now.
    mutating func forgetRound() {
        hours = []
        listing = nil
        wanted = []
        wantedFrom = 0
        orders = [:]
        isInRound = false
    }

    /// What is left, as far as it is known.
    mutating func estimate() {
        var (bytes, media) = (Int64(0), MediaSpan.zero)
        for segment in waiting {
            bytes += Int64(segment.length)
            media += segment.duration
        }
        for order in orders.values {
            for segment in order.segments {
                bytes += Int64(segment.length)
                media += segment.duration
            }
        }
        let unlisted = hours + (listing.map { [$0] } ?? [])
        for (segment, refusal) in refused where !unlisted.contains(where: { $0.range.contains(segment.start) }) {
            bytes += Int64(refusal.length)
            media += segment.duration
        }
        for hour in unlisted {
            bytes += max(0, hour.bytes - (ours[hour.number]?.bytes ?? 0))
            media += max(.zero, hour.duration - (ours[hour.number]?.duration ?? .zero))
        }
        progress.remainingBytes = bytes
        progress.remaining = media
    }

    static func == (a: PeerReplication, b: PeerReplication) -> Bool {
        a.hours == b.hours && a.wanted == b.wanted && a.orders == b.orders && a.progress == b.progress
    }
    func hash(into hasher: inout Hasher) { hasher.combine(progress) }
}

/// Segments that are asked for together, in the order of time.
package struct FetchOrder: Hashable, Sendable {
    package var number: Int
    /// Those of them that have not come yet.
    package var segments: [OfferedSegment]

    package var bytes: Int64 { segments.reduce(0) { $0 + Int64($1.length) } }
}
