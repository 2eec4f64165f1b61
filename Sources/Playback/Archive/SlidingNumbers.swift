// Numbers the segments of playlists that slide over an archive, for all their viewers together.
import Archive
import Media
import Synchronization

/// Media and discontinuity sequence numbers of sliding playlists (RFC 8216 §4.3.3.2, §4.3.3.3).
///
/// An archive has no numbers of its own, and counting from its begin would cost more the longer it is. So the first
/// request sets an anchor, and each later one counts from there; the state is a few numbers per address, not per
/// viewer. After a restart the numbers go on higher, as they begin with the seconds of the first segment.
///
/// What a list has passed may be deleted by then, where it begins with the oldest there is: so the anchor also knows what came
/// next.
final class SlidingNumbers: Sendable {
    struct Place: Hashable {
        var start: MediaTime
        var isDiscontinuous: Bool
    }

    struct Anchor: Hashable {
        var sequence: Int64
        var discontinuities: Int64
        /// The first segment and those behind it.
        var places: ArraySlice<Place>

        /// The numbers of a later first segment; nil when it is none of those that are known.
        func numbers(of first: MediaTime) -> (sequence: Int64, discontinuities: Int64)? {
            guard let index = places.firstIndex(where: { $0.start == first }) else { return nil }
            let passed = places[..<(index + 1)].dropFirst()
            return (
                sequence + Int64(passed.count), discontinuities + Int64(passed.filter(\.isDiscontinuous).count)
            )
        }
    }

    struct Key: Hashable {
        var stream: String
        var route: ArchiveRoute
    }

    /// Addresses beyond this many begin anew: whoever asks for made-up ones gains no memory.
    private static let largestCount = 4096
    /// Further than this nobody has followed; counting would only cost.
    static let longestStep = MediaSpan.seconds(3600)
    /// So many segments may go between two requests.
    private static let knownPlaces = 64

    private let anchors = Mutex<[Key: Anchor]>([:])

    /// Addresses that are counted for.
    var count: Int { anchors.withLock { $0.count } }

    /// Where nothing says otherwise.
    static func sequence(of first: MediaTime) -> Int64 { first.unixMilliseconds / 1000 }

    /// - Parameters:
    ///   - selection: what the list has; not empty.
    ///   - count: segments that begin in [from, to) and, of those up to the one at `to` and with it, the discontinuities, that
    ///     at `from` not counted; nil when they may have been deleted.
    func numbers(
        of selection: some Collection<PlaybackSelection.Entry>, for key: Key,
        count: (_ from: MediaTime, _ to: MediaTime) throws -> (segments: Int64, discontinuities: Int64)?
    ) rethrows -> (sequence: Int64, discontinuities: Int64) {
        let places = selection.prefix(Self.knownPlaces).map {
            Place(start: $0.segment.start, isDiscontinuous: $0.isDiscontinuous)
        }
        return try numbers(of: places, for: key, count: count)
    }

    func numbers(
        of places: [Place], for key: Key,
        count: (_ from: MediaTime, _ to: MediaTime) throws -> (segments: Int64, discontinuities: Int64)?
    ) rethrows -> (sequence: Int64, discontinuities: Int64) {
        guard let first = places.first?.start else { return (0, 0) }
        let known = anchors.withLock { $0[key] }
        var found = (sequence: Self.sequence(of: first), discontinuities: Int64(0))
        if let known, let start = known.places.first?.start {
            if let numbers = known.numbers(of: first) {
                found = numbers
            } else if start <= first, first - start < Self.longestStep, let passed = try count(start, first) {
                found = (known.sequence + passed.segments, known.discontinuities + passed.discontinuities)
            } else if first < start, start - first < Self.longestStep, let ahead = try count(first, start) {
                // Meanwhile a faster request was answered with a later list.
                found = (known.sequence - ahead.segments, known.discontinuities - ahead.discontinuities)
            }
        }
        let anchor = Anchor(
            sequence: found.sequence, discontinuities: found.discontinuities, places: places[...])
        anchors.withLock { anchors in
            // A slower request must not take back what a faster one has said.
            if let newer = anchors[key]?.places.first?.start, newer > first { return }
            if anchors.count >= Self.largestCount, anchors[key] == nil { anchors.removeAll() }
            anchors[key] = anchor
        }
        return found
    }
}
