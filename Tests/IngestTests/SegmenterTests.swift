// Where chunks and segments begin, and that their bytes depend on the frames and the timeline alone.
import Ingest
import Media
import NIOCore
import Testing

struct SegmenterTests {
    private func run(
        _ frames: [Frame], clock: SourceClock = .utc, set: TrackSet = Sample.both, from segmenter: Segmenter? = nil,
        flush: Bool = true
    ) -> (chunks: [Chunk], segmenter: Segmenter) {
        var segmenter = segmenter ?? Segmenter(segmentDuration: .seconds(5))
        var chunks: [Chunk] = []
        segmenter.tracksChanged(set, clock: clock, into: &chunks)
        guard let first = frames.first else { return ([], segmenter) }
        for frame in frames {
            segmenter.take([frame], at: Sample.noon + (frame.decodeTime - first.decodeTime), into: &chunks)
        }
        if flush { segmenter.sourceLost(into: &chunks) }
        return (chunks, segmenter)
    }

    private func starts(_ chunks: [Chunk]) -> [Int64] {
        chunks.filter { $0.startsSegment }.map { ($0.start - Sample.noon).milliseconds }
    }

    @Test func segmentsBeginAtTheFirstKeyFrameAfterAMultiple() {
        let (chunks, _) = run(Sample.programme(from: 0, seconds: 20, origin: Sample.noon.ticks))
        // Key frames every 2 s, multiples every 5 s.
        #expect(starts(chunks) == [0, 6000, 10_000, 16_000])
        #expect(chunks.allSatisfy { $0.isDiscontinuous == false })
        #expect(chunks.filter { $0.startsSegment }.allSatisfy { $0.startsWithKeyFrame })
        for (a, b) in zip(chunks, chunks.dropFirst()) { #expect(a.end == b.start) }
        #expect(chunks.dropLast().allSatisfy { $0.duration == .milliseconds(200) })
    }

    @Test func everyFrameIsWrittenOnce() {
        let frames = Sample.programme(from: 0, seconds: 7, origin: Sample.noon.ticks)
        let (chunks, segmenter) = run(frames)
        let written = chunks.flatMap { $0.parts }.reduce(0) { $0 + $1.frameCount }
        #expect(written == frames.count)
        #expect(segmenter.chunker.refusedFrames == 0)
    }

    @Test func instancesWithOtherStartsWriteTheSameBytesFromTheFirstCommonCut() {
        let early = run(Sample.programme(from: 0, seconds: 20, origin: Sample.noon.ticks)).chunks
        let late = run(Sample.programme(from: 7, seconds: 13, origin: Sample.noon.ticks)).chunks
        let cut = Sample.noon + .seconds(10)
        #expect(starts(late) == [8000, 10_000, 16_000])
        let a = early.filter { $0.start >= cut }
        let b = late.filter { $0.start >= cut }
        #expect(a.count == 50)
        #expect(a.map { $0.bytes } == b.map { $0.bytes })
        #expect(a.map { $0.segmentStart } == b.map { $0.segmentStart })
    }

    @Test func aChunkComesWithTheFrameAfterItsEnd() {
        let frames = Sample.programme(from: 0, seconds: 1, origin: Sample.noon.ticks)
        let upTo = frames.filter { $0.decodeTime.ticks - Sample.noon.ticks < 200 * 90 }
        #expect(run(upTo, flush: false).chunks.isEmpty)
        // Video at 200 ms and audio at 213 ms are the frames after the end.
        let enough = frames.filter { $0.decodeTime.ticks - Sample.noon.ticks <= 1920 * 10 }
        #expect(run(enough, flush: false).chunks.count == 1)
    }

    @Test func withoutAudioFramesChunksComeWithPatience() {
        let frames = Sample.programme(from: 0, seconds: 3, origin: Sample.noon.ticks).filter { $0.track == TrackID(1) }
        let (chunks, _) = run(frames, flush: false)
        // The last picture is at 2.96 s; a second before that chunks up to 1.8 s are closed.
        #expect(chunks.last?.end == Sample.noon + .milliseconds(1800))
    }

    @Test func withoutVideoFramesTheStreamGoesOnAndStaysBounded() {
        var frames = Sample.programme(from: 0, seconds: 2, origin: Sample.noon.ticks)
        frames += Sample.programme(from: 2, seconds: 300, origin: Sample.noon.ticks).filter { $0.track == TrackID(2) }
        let (chunks, _) = run(frames, flush: false)
        #expect(Sample.noon + .seconds(302) - (chunks.last?.end ?? Sample.noon) <= .milliseconds(4400))
        let segments = chunks.filter { $0.startsSegment }
        #expect(segments.dropFirst().allSatisfy { !$0.startsWithKeyFrame })
        for (a, b) in zip(segments, segments.dropFirst()) { #expect(b.start - a.start <= .seconds(80)) }
    }

    @Test func withoutKeyFramesSegmentsAreMarkedAndAgree() {
        let one = run(Sample.programme(from: 1, seconds: 200, origin: Sample.noon.ticks, keyEvery: 1 << 40)).chunks
        let other = run(Sample.programme(from: 30, seconds: 171, origin: Sample.noon.ticks, keyEvery: 1 << 40)).chunks
        #expect(one.allSatisfy { !$0.startsWithKeyFrame })
        // From the first cut on that both have.
        let (cuts, others) = (Array(starts(one).dropFirst()), Array(starts(other).dropFirst()))
        #expect(cuts == others && cuts.count >= 2)
        let cut = Sample.noon + .milliseconds(cuts.first ?? 0)
        #expect(one.filter { $0.start >= cut }.map(\.bytes) == other.filter { $0.start >= cut }.map(\.bytes))
    }

    @Test func audioAloneIsCutAtFrames() {
        let frames = Sample.programme(from: 0, seconds: 12, origin: Sample.noon.ticks).filter { $0.track == TrackID(2) }
        let (chunks, _) = run(frames, set: TrackSet([Sample.audio]))
        #expect(starts(chunks) == [0, 5013, 10_005])
    }

    @Test func anotherCodecIsANewDiscontinuousSegment() {
        let changed = TrackSet([
            Track(
                id: TrackID(1),
                codec: .h264(H264Parameters(sequenceParameterSets: [[0x67, 2]], pictureParameterSets: [[0x68, 1]]))),
            Sample.audio,
        ])
        let first = run(Sample.programme(from: 0, seconds: 4, origin: Sample.noon.ticks), flush: false)
        let second = run(
            Sample.programme(from: 4, seconds: 4, origin: Sample.noon.ticks), set: changed, from: first.segmenter)
        #expect(second.chunks.filter { $0.isDiscontinuous }.map { $0.start } == [Sample.noon + .seconds(4)])
        #expect(second.chunks.last?.tracks == changed)
    }

    @Test func anAddedTrackBeginsAtTheNextKeyFrameAndVideoLosesNothing() {
        let first = run(
            Sample.programme(from: 0, seconds: 3, origin: Sample.noon.ticks).filter { $0.track == TrackID(1) },
            set: TrackSet([Sample.video]), flush: false)
        let second = run(Sample.programme(from: 3, seconds: 3, origin: Sample.noon.ticks), from: first.segmenter)
        let chunks = first.chunks + second.chunks
        let pictures = chunks.flatMap { $0.parts }.filter { $0.track == TrackID(1) }.reduce(0) { $0 + $1.frameCount }
        #expect(pictures == 150)
        #expect(second.chunks.first { $0.isDiscontinuous }?.start == Sample.noon + .seconds(4))
        for (a, b) in zip(chunks, chunks.dropFirst()) { #expect(a.end <= b.start) }
    }

    @Test func aLostTrackIsANewDiscontinuousSegmentAndVideoLosesNothing() {
        let first = run(Sample.programme(from: 0, seconds: 3, origin: Sample.noon.ticks), flush: false)
        let second = run(
            Sample.programme(from: 3, seconds: 3, origin: Sample.noon.ticks).filter { $0.track == TrackID(1) },
            set: TrackSet([Sample.video]), from: first.segmenter)
        let chunks = first.chunks + second.chunks
        let pictures = chunks.flatMap { $0.parts }.filter { $0.track == TrackID(1) }.reduce(0) { $0 + $1.frameCount }
        #expect(pictures == 150)
        #expect(chunks.filter { $0.isDiscontinuous }.map { $0.start } == [Sample.noon + .seconds(4)])
        #expect(chunks.first?.tracks == Sample.both && chunks.last?.tracks == TrackSet([Sample.video]))
        for (a, b) in zip(chunks, chunks.dropFirst()) { #expect(a.end <= b.start) }
    }

    @Test func aHoleEndsTheSegment() {
        let frames =
            Sample.programme(from: 0, seconds: 4, origin: Sample.noon.ticks)
            + Sample.programme(from: 10, seconds: 4, origin: Sample.noon.ticks)
        let (chunks, _) = run(frames)
        #expect(chunks.filter { $0.isDiscontinuous }.map { $0.start } == [Sample.noon + .seconds(10)])
        for (a, b) in zip(chunks, chunks.dropFirst()) { #expect(a.end <= b.start) }
    }

    @Test func aTakeoverContinuesTheTimelineOverAnotherTurnOfTheClock() {
        let before = run(Sample.programme(from: 0, seconds: 10, origin: 777), clock: .free)
        let heir = Segmenter(segmentDuration: .seconds(5), continuing: before.segmenter.handover)
        var heirRun = heir
        var chunks: [Chunk] = []
        heirRun.tracksChanged(Sample.both, clock: .free, into: &chunks)
        for frame in Sample.programme(from: 10, seconds: 4, origin: 777 + 1 << 33) {
            let age = MediaSpan(ticks: frame.decodeTime.ticks - (777 + 1 << 33))
            heirRun.take([frame], at: Sample.noon + age + .milliseconds(300), into: &chunks)
        }
        #expect(chunks.first?.start == before.chunks.last?.end)
        #expect(chunks.first?.isDiscontinuous == false)
        #expect(chunks.first?.start == Sample.noon + .seconds(10))
    }
}
