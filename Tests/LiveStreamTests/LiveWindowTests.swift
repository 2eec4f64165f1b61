// The live window: numbers, bounds, what closes a segment.
import LiveStream
import Media
import Testing

struct LiveWindowTests {
    private func window(_ segments: Int = 100, bytes: Int = 1 << 20, after: SequenceContinuation? = nil) -> LiveWindow {
        LiveWindow(limits: .init(segments: segments, bytes: bytes), segmentDuration: .seconds(1), continuing: after)
    }

    /// Segments of a second in five chunks of 100 bytes.
    private func fill(_ window: inout LiveWindow, seconds: Range<Int64>, discontinuousAt: Set<Int64> = []) {
        for second in seconds {
            for part in 0..<5 {
                window.append(
                    Sample.chunk(
                        second * 1000 + Int64(part) * 200, segment: second * 1000,
                        isDiscontinuous: part == 0 && discontinuousAt.contains(second), hasKey: part == 0))
            }
        }
    }

    @Test func theFirstNumberComesFromTheTimeAndEachFurtherIsOneMore() {
        var window = window()
        fill(&window, seconds: 0..<4)
        let first = Sample.noon.index(of: .seconds(1))
        #expect(window.segments.map(\.sequence) == (0..<4).map { first + $0 })
        #expect(window.segments.map(\.isClosed) == [true, true, true, false])
        #expect(window.closed.count == 3)
        #expect(window.segments.allSatisfy { $0.duration == .seconds(1) && $0.byteCount == 500 })
        #expect(window.continuation?.nextSequence == first + 4)
    }

    @Test func discontinuitiesAreCountedFromTheSegmentTheyStandBefore() {
        var window = window()
        fill(&window, seconds: 0..<5, discontinuousAt: [2, 4])
        #expect(window.segments.map(\.discontinuitySequence) == [0, 0, 1, 1, 2])
        #expect(window.segments.map(\.isDiscontinuous) == [false, false, true, false, true])
    }

    @Test func numbersOfTheServerBeforeGoOn() {
        let handed = SequenceContinuation(nextSequence: 77, discontinuitySequence: 3)
        var window = window(after: handed)
        #expect(window.continuation == handed)
        fill(&window, seconds: 0..<2, discontinuousAt: [0])
        #expect(window.segments.map(\.sequence) == [77, 78])
        #expect(window.segments.map(\.discontinuitySequence) == [4, 4])
        #expect(window.continuation == SequenceContinuation(nextSequence: 79, discontinuitySequence: 4))
    }

    @Test func closedSegmentsAreBoundedInNumber() {
        var window = window(3)
        fill(&window, seconds: 0..<10)
        #expect(window.segments.map { ($0.start - Sample.noon).milliseconds } == [6000, 7000, 8000, 9000])
        #expect(window.closed.count == 3)
        #expect(window.overflows == 0, "what goes in its turn is no overflow")
        window.closeOpenSegment()
        #expect(window.segments.map { ($0.start - Sample.noon).milliseconds } == [7000, 8000, 9000])
        #expect(window.closed.count == 3)
    }

    @Test func bytesAreBoundedButTheOpenSegmentStays() {
        var window = window(bytes: 1200)
        fill(&window, seconds: 0..<4)
        #expect(window.segments.map(\.byteCount) == [500, 500])
        #expect(window.overflows == 2)
        window.append(Sample.chunk(4000, segment: 4000, size: 5000))
        #expect(window.segments.map(\.byteCount) == [5000])
        #expect(window.closed.isEmpty)
        #expect(window.overflows == 4)
    }

    @Test func limitsMayShrinkAndGrow() {
        var window = window()
        fill(&window, seconds: 0..<6)
        let version = window.version
        window.setLimits(.init(segments: 2))
        #expect(window.closed.count == 2)
        #expect(window.version != version)
        window.setLimits(.init(segments: 4))
        fill(&window, seconds: 6..<12)
        #expect(window.closed.count == 4)
    }

    @Test func aChunkOfNoOpenSegmentIsNotTaken() {
        var window = window()
        window.append(Sample.chunk(200, segment: 0))
        #expect(window.segments.isEmpty && window.version == 0)
        fill(&window, seconds: 0..<1)
        let version = window.version
        window.append(Sample.chunk(1200, segment: 1000, hasKey: false))
        #expect(window.segments.count == 1 && window.segments[0].chunks.count == 5 && window.version == version)
        window.closeOpenSegment()
        window.append(Sample.chunk(1000, segment: 0, hasKey: false))
        #expect(window.segments[0].chunks.count == 5)
        // A discontinuous segment after that goes on as ever.
        fill(&window, seconds: 3..<5, discontinuousAt: [3])
        #expect(window.segments.map(\.chunks.count) == [5, 5, 5])
        #expect(window.segments.map(\.discontinuitySequence) == [0, 1, 1])
        #expect(Set(window.segments.map(\.sequence)).count == 3)
    }

    @Test func closingTwiceIsClosingOnce() {
        var window = window()
        window.closeOpenSegment()
        #expect(window.version == 0)
        fill(&window, seconds: 0..<1)
        window.closeOpenSegment()
        let version = window.version
        window.closeOpenSegment()
        #expect(window.version == version)
    }

    @Test func aReaderBeginsAtTheLastSegmentWithAKeyFrameAndGetsAllAfterIt() {
        var window = window()
        #expect(window.backlog.isEmpty)
        fill(&window, seconds: 0..<2)
        window.append(Sample.chunk(2000, segment: 2000, hasKey: false))
        window.append(Sample.chunk(2200, segment: 2000, hasKey: false))
        #expect(
            window.backlog.map { ($0.start - Sample.noon).milliseconds } == [1000, 1200, 1400, 1600, 1800, 2000, 2200])
    }

    @Test func theBitrateIsThatOfTheClosedSegments() {
        var window = window()
        #expect(window.kilobitsPerSecond == 0)
        fill(&window, seconds: 0..<3)
        #expect(window.kilobitsPerSecond == 4)
    }
}
