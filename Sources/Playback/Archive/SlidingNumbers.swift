// Numbers the segments of playlists that slide over an archive, for all their viewers together.
import Media
import Synchronization

/// Media and discontinuity sequence numbers of sliding playlists (RFC 8216 §4.3.3.2, §4.3.3.3).
///
/// An archive has no numbers of its own, and counting from its begin would cost more the longer it is. So the first
/// request sets an anchor, and each later one counts from there; the state is one pair of numbers per address, not per
/// viewer. After a restart the numbers go on higher, as they begin with the seconds of the first segment.
final class SlidingNumbers: Sendable {
    struct Anchor: Hashable {
        var start: MediaTime
        var sequence: Int64
        var discontinuities: Int64
    }

    struct Key: Hashable {
        var stream: String
        var route: ArchiveRoute
    }

    /// Addresses beyond this many begin anew: whoever asks for made-up ones gains no memory.
    private static let largestCount = 4096
    /// Further than this nobody has followed; counting would only cost.
    static let longestStep = MediaSpan.seconds(3600)

    private let anchors = Mutex<[Key: Anchor]>([:])

    /// - Parameter count: segments that begin in [anchor, first) and, of those up to the first and with it, the
    ///   discontinuities, the anchor's own not counted.
    func numbers(
        of first: MediaTime, for key: Key,
        count: (_ from: MediaTime) throws -> (segments: Int64, discontinuities: Int64)
    ) rethrows -> (sequence: Int64, discontinuities: Int64) {
        let known = anchors.withLock { $0[key] }
        var anchor = Anchor(start: first, sequence: first.unixMilliseconds / 1000, discontinuities: 0)
        if let known, known.start <= first, first - known.start < Self.longestStep {
            let passed = known.start == first ? (segments: 0, discontinuities: 0) : try count(known.start)
            anchor.sequence = known.sequence + passed.segments
            anchor.discontinuities = known.discontinuities + passed.discontinuities
        }
        anchors.withLock { anchors in
            // A slower request must not take back what a faster one has said.
            if let newer = anchors[key], newer.start > first { return }
            if anchors.count >= Self.largestCount, anchors[key] == nil { anchors.removeAll() }
            anchors[key] = anchor
        }
        return (anchor.sequence, anchor.discontinuities)
    }
}
