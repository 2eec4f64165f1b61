// Sources whose clock jumps, drifts, stops or comes in bursts: media time goes on, never back, and says why.
import Ingest
import Media
import NIOCore
import Testing

struct BadClockTests {
    /// Feeds frames with the arrival that `arrival` gives for each time since the first frame.
    private func run(
        _ frames: [Frame], arrival: (MediaSpan) -> MediaSpan = { $0 }
    ) -> (chunks: [Chunk], anchorings: [Timeline.AnchorReason]) {
        var segmenter = Segmenter(segmentDuration: .seconds(5))
        var chunks: [Chunk] = []
        var anchorings: [Timeline.AnchorReason] = []
        segmenter.tracksChanged(Sample.both, clock: .free, into: &chunks)
        guard let first = frames.first else { return ([], []) }
        for (index, frame) in frames.enumerated() {
            // Arrival follows the order of sending, whatever the clock says.
            let sent = frame.decodeTime - first.decodeTime
            let age = arrival(index == 0 ? .zero : sent)
            segmenter.take([frame], at: Sample.noon + age, into: &chunks)
            anchorings += segmenter.anchorings
            segmenter.anchorings.removeAll()
        }
        segmenter.sourceLost(into: &chunks)
        return (chunks, anchorings)
    }

    private func expectOrder(_ chunks: [Chunk], _ comment: Comment) {
        for (a, b) in zip(chunks, chunks.dropFirst()) { #expect(a.end <= b.start, comment) }
    }

    /// The programme with everything from `seconds` on moved by `jump`; arrival goes on evenly.
    private func jumping(by jump: MediaSpan) -> (chunks: [Chunk], anchorings: [Timeline.AnchorReason]) {
        let origin: Int64 = 900_000_000
        var frames = Sample.programme(from: 0, seconds: 8, origin: origin)
        let late = Sample.programme(from: 8, seconds: 8, origin: origin + jump.ticks)
        frames += late
        return run(frames) { $0 > .seconds(-7) && $0 < .seconds(9) && $0 >= .zero ? $0 : $0 - jump }
    }

    @Test(
        "a jump of the clock is one discontinuity, and the media goes on without a hole", arguments: [3600, -3600, 60])
    func jump(seconds: Int64) {
        let (chunks, anchorings) = jumping(by: .seconds(seconds))
        #expect(anchorings.count == 2)
        #expect(anchorings.first == .firstFrame)
        if case .jump = anchorings.last {} else { Issue.record("\(anchorings)") }
        #expect(chunks.filter(\.isDiscontinuous).count == 1)
        expectOrder(chunks, "jump by \(seconds) s")
        let end = chunks.last.map { ($0.end - Sample.noon).milliseconds } ?? 0
        #expect((15_900...16_200).contains(end))
    }

    /// - Parameter first: seconds that the burst at the start holds: what comes first is no later than what follows, or all that
    ///   follows is later at its begin than what came first.
    @Test("bursts of many seconds are no drift", arguments: [(3, 3), (8, 8), (8, 1), (15, 15)] as [(Int64, Int64)])
    func bursts(seconds: Int64, first: Int64) {
        let frames = Sample.programme(from: 0, seconds: 120, origin: 77)
        let (span, lead) = (MediaSpan.seconds(seconds).ticks, MediaSpan.seconds(seconds - first).ticks)
        // Everything of a burst comes at its end.
        let (chunks, anchorings) = run(frames) { MediaSpan(ticks: (($0.ticks + lead) / span + 1) * span - lead) }
        #expect(anchorings == [.firstFrame])
        #expect(chunks.allSatisfy { !$0.isDiscontinuous })
    }

    @Test("a clock that is too slow is anchored anew, with a gap and never back")
    func slowClock() {
        let frames = Sample.programme(from: 0, seconds: 200, origin: 77)
        let (chunks, anchorings) = run(frames) { MediaSpan(ticks: $0.ticks * 11 / 10) }
        #expect(anchorings.count >= 2)
        for anchoring in anchorings.dropFirst() {
            guard case .drift(let span) = anchoring else {
                Issue.record("\(anchoring)")
                continue
            }
            #expect(span > .seconds(5))
        }
        expectOrder(chunks, "slow clock")
        #expect(chunks.filter(\.isDiscontinuous).count == anchorings.count - 1)
    }

    @Test("a clock that is too fast loses what is ahead once, and never goes back")
    func fastClock() {
        let frames = Sample.programme(from: 0, seconds: 400, origin: 77)
        let (chunks, anchorings) = run(frames) { MediaSpan(ticks: $0.ticks * 9 / 10) }
        // It is twenty seconds ahead after three minutes; after the other three not yet again.
        #expect(anchorings.count == 2)
        guard case .drift(let span) = anchorings.last else {
            Issue.record("\(anchorings)")
            return
        }
        #expect(span < .seconds(-20))
        expectOrder(chunks, "fast clock")
        #expect(chunks.filter(\.isDiscontinuous).count == 1)
        let (sent, written) = (MediaSpan.seconds(400), chunks.reduce(MediaSpan.zero) { $0 + $1.duration })
        // What was ahead in the whole of the window, what became of it until its end, and up to the next key frame.
        let lost = sent - written + span
        #expect(lost >= .zero && lost < .seconds(7), "\(lost)")
    }

    @Test("a clock that stands still does not stop the stream, and memory stays bounded")
    func stoppedClock() {
        var segmenter = Segmenter(segmentDuration: .seconds(5))
        var chunks: [Chunk] = []
        segmenter.tracksChanged(Sample.both, clock: .free, into: &chunks)
        for frame in Sample.programme(from: 0, seconds: 4, origin: 0) {
            segmenter.take([frame], at: Sample.noon + MediaSpan(ticks: frame.decodeTime.ticks), into: &chunks)
        }
        // From here on each picture has the same time stamp, two minutes long.
        for number in 0..<(120 * 25) {
            let frame = Sample.frame(Sample.video, 4 * 90_000, key: number % 50 == 0)
            segmenter.take(
                [frame], at: Sample.noon + .seconds(4) + MediaSpan(ticks: Int64(number) * 3600), into: &chunks)
        }
        segmenter.sourceLost(into: &chunks)
        expectOrder(chunks, "stopped clock")
        let drifts = segmenter.anchorings.filter { if case .drift = $0 { true } else { false } }
        #expect(drifts.count >= 2)
        #expect(chunks.last.map { $0.end > Sample.noon + .seconds(60) } ?? false)
    }
}
