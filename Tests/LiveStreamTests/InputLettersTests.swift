// A stream's loop is called for the frames that complete a chunk, and for no others.
import Ingest
import LiveStream
import Media
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

struct InputLettersTests {
    /// Six seconds of a source whose muxer sends the sound late, in reads of any size; of some the sound ends before.
    private static func reads(seed: UInt64) -> [[Frame]] {
        var random = SeededGenerator(seed: seed)
        let late = Int64.random(in: 0...300, using: &random) * 90
        let knowsLength = Bool.random(using: &random)
        var frames = Sample.programme(0, 6000, origin: Sample.noon.ticks, mark: 1)
        // Key frames lie where they like, not only where chunks end.
        let phase = Int64.random(in: 0..<25, using: &random)
        for index in frames.indices {
            if frames[index].track == Sample.video.id {
                let number = (frames[index].decodeTime.ticks - Sample.noon.ticks) / 3600
                frames[index].isKey = number == 0 || number % 25 == phase
            } else if knowsLength {
                frames[index].duration = MediaSpan(ticks: 1920)
            }
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            let end = Sample.noon.ticks + Int64.random(in: 2000...4000, using: &random) * 90
            frames.removeAll { $0.track == Sample.audio.id && $0.decodeTime.ticks >= end }
        }
        func arrival(_ frame: Frame) -> Int64 { frame.decodeTime.ticks + (frame.track == Sample.audio.id ? late : 0) }
        frames.sort { (arrival($0), $0.track) < (arrival($1), $1.track) }
        var reads: [[Frame]] = []
        while !frames.isEmpty {
            let count = min(Int.random(in: 1...9, using: &random), frames.count)
            reads.append(Array(frames[..<count]))
            frames.removeFirst(count)
        }
        return reads
    }

    /// What a chunker makes of the reads that looks at each frame as it comes.
    private static func reference() -> Segmenter {
        var segmenter = Segmenter(segmentDuration: .seconds(1))
        var none: [Chunk] = []
        segmenter.sourceStarts(sameSource: false, into: &none)
        segmenter.tracksChanged(Sample.both, clock: .utc, into: &none)
        return segmenter
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func aChunkIsThereWithTheFrameThatCompletesIt(seed: UInt64) {
        let stage = Stage(["a"])
        let session = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .utc), from: session)
        var segmenter = Self.reference()
        var expected: [Chunk] = []
        for read in Self.reads(seed: seed) {
            // No time passes: the stream's tick has no part in it.
            stage.send(.frames(read), from: session)
            segmenter.take(read, at: Sample.noon, into: &expected)
            #expect(stage.chunks.map(\.bytes) == expected.map(\.bytes))
        }
        #expect(expected.count > 20)
        stage.finish()
    }

    @Test func theLoopIsCalledForChunksNotForFrames() {
        let loop = CountingLoop()
        let opener = FakeOpener()
        let made = NIOLockedValueBox(0)
        let stream = LiveStream(
            Stage.definition(["a"]), at: InputMailbox(loop, pause: .milliseconds(10)),
            environment: LiveStream.Environment(
                opener: opener, monotonic: { .zero }, utc: { Sample.noon }, report: { _ in },
                chunkMade: { _, _ in made.withLockedValue { $0 += 1 } }))
        loop.base.run()
        let session = opener.sessions.withLockedValue { $0.last }
        session?.deliver(.tracks(Sample.both, clock: .utc))
        loop.base.run()
        let before = loop.crossings
        let frames = Sample.programme(0, 6000, origin: Sample.noon.ticks, mark: 1)
        for frame in frames {
            session?.deliver(.frames([frame]))
            loop.base.run()
            // Longer than a busy loop looks by itself.
            loop.base.advanceTime(by: .milliseconds(20))
        }
        let chunks = made.withLockedValue { $0 }
        #expect(chunks > 25)
        // The first key frame, then one call for each chunk, and those for the key frames that come before a chunk ends.
        #expect(loop.crossings - before <= chunks + 1 + 6)
        stream.stop(reason: "the test is over")
        loop.base.run()
    }

    /// A source that falls silent in the middle of a chunk: the stream's tick reads what completes nothing.
    @Test func whatCompletesNoChunkIsReadByTheTick() {
        let stage = Stage(["a"])
        let session = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .utc), from: session)
        stage.play([session], milliseconds: 1160)
        #expect(stage.chunks.last?.end == Sample.noon + .seconds(1))
        for _ in 0..<400 where !stage.events.contains(where: { $0.kind == .mediaLost }) {
            stage.wait(milliseconds: 250)
        }
        #expect(stage.chunks.last?.end == Sample.noon + .milliseconds(1160))
        stage.finish()
    }

    /// A receiver in the middle of a round when its stream stops leaves what nobody plays; the loop's other streams need the room.
    @Test func whatComesAfterTheStopKeepsNoRoom() {
        let stage = Stage(["a"], waitingBytesMax: 400)
        let session = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .utc), from: session)
        stage.play([session], milliseconds: 1040)
        stage.finish()
        #expect(stage.chunks.count > 3)
        let dropped = stage.mailbox.droppedBatches
        // They complete no chunk of those that the stream was waiting for.
        let frames = Sample.programme(1040, 1080, origin: Sample.noon.ticks, mark: 1)
        for _ in 0..<100 { stage.send(.frames(frames), from: session) }
        #expect(stage.mailbox.droppedBatches == dropped)
    }

    /// Frames that come while the loop reads were judged by what it waited for before.
    @Test func framesThatComeWhileTheLoopReadsAreJudgedAgain() {
        let stage = Stage(["a"])
        let session = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .utc), from: session)
        stage.play([session], milliseconds: 1040)
        let rest = Sample.programme(1040, 1280, origin: Sample.noon.ticks, mark: 1)
        let (pictures, sounds) = (
            rest.filter { $0.track == Sample.video.id }, rest.filter { $0.track == Sample.audio.id }
        )
        let count = stage.chunks.count
        stage.whenReported { event in
            if event.kind == .inputNotice { session?.deliver(.frames(pictures)) }
        }
        stage.send(.notice("something else"), from: session)
        #expect(stage.chunks.count == count)
        stage.send(.frames(sounds), from: session)
        #expect(stage.chunks.count == count + 1)
        stage.finish()
    }
}
