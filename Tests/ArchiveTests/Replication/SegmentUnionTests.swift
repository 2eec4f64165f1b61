// Which segments an archive keeps when two servers have captured the same time.
import Archive
import Media
import TestSupport
import Testing

/// Segments of a made-up stream, in seconds after an hour of UTC.
func offer(
    _ start: Double, _ duration: Double = 5, digest: UInt64 = 1, length: Int = 1000
) -> OfferedSegment {
    OfferedSegment(
        start: instant(start), duration: MediaSpan(ticks: Int64(duration * 90_000)), length: length,
        digest: MediaDigest(high: 0, low: digest))
}

/// 2026-11-21 10:00 UTC and so many seconds.
func instant(_ seconds: Double) -> MediaTime {
    MediaTime(ticks: 1_795_255_200 * 90_000 + Int64(seconds * 90_000))
}

@Suite struct SegmentUnionTests {
    /// A server that starts in the middle of another's segment has its end of it; one that dies has its beginning.
    @Test func theLongerOneIsKept() {
        let whole = offer(0, 5)
        let (end, start) = (offer(2, 3), offer(0, 3))
        #expect(whole.supersedes(end) && whole.supersedes(start))
        #expect(!end.supersedes(whole) && !start.supersedes(whole))
        #expect(SegmentUnion.kept([start, end, whole]).kept == [whole])
    }

    @Test func equalTimesAreDecidedAlikeEverywhere() {
        let (few, many) = (offer(0, digest: 9, length: 900), offer(0, digest: 1, length: 1000))
        #expect(many.supersedes(few) && !few.supersedes(many))
        let (low, high) = (offer(0, digest: 1), offer(0, digest: 2))
        #expect(high.supersedes(low) && !low.supersedes(high))
        #expect(!low.supersedes(low) && low.covers(low))
    }

    /// Nothing that either server has is lost where cuts differ: play picks one for each instant.
    @Test func segmentsThatOnlyTouchEachOtherInPartAreBothKept() {
        let (a, b) = (offer(0, 5), offer(3, 5))
        #expect(SegmentUnion.kept([b, a]).kept == [a, b])
    }

    /// Whoever exchanges with whom, and in which order, all end with the same: union and keeping commute.
    @Test(arguments: 0..<200) func theUnionIsOneWhateverTheOrder(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        func some() -> [OfferedSegment] {
            (0..<12).map { _ in
                offer(
                    Double(Int.random(in: 0..<12, using: &chance)), Double(Int.random(in: 1..<6, using: &chance)),
                    digest: UInt64.random(in: 0..<3, using: &chance), length: Int.random(in: 1..<3, using: &chance))
            }
        }
        func union(_ sets: [OfferedSegment]...) -> [OfferedSegment] {
            sets.reduce([]) { SegmentUnion.kept($0 + $1).kept }
        }
        let (a, b, c) = (some(), some(), some())
        let all = union(a + b + c)
        #expect(union(union(a, b), c) == all)
        #expect(union(a, union(c, b)) == all)
        #expect(union(c, b, a) == all)
        #expect(union(all, a) == all)
        // What was recorded is recorded still.
        #expect(RangeSet(all.map(\.range)) == RangeSet((a + b + c).map(\.range)))
        for (segment, next) in zip(all, all.dropFirst()) {
            #expect(segment.start < next.start && segment.end < next.end)
        }
    }
}
