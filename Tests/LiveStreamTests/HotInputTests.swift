// Inputs that are kept hot: the stream goes on from what they delivered while a better one was lost.
import Ingest
import LiveStream
import Media
import NIOCore
import TestSupport
import Testing

@Suite struct HotInputTests {
    /// The same source on two ways. The first falls silent in the middle of a segment and breaks later.
    private func stage(stall: Int64, hot: Set<String>, clock: SourceClock = .free) -> Stage {
        let stage = Stage(["a", "b"], hot: hot)
        var known: [ObjectIdentifier] = []
        /// What an input sends once it is open.
        func send(_ frames: [Frame], from session: FakeSession?) {
            guard let session, !session.isStopped, !frames.isEmpty else { return }
            if !known.contains(ObjectIdentifier(session)) {
                known.append(ObjectIdentifier(session))
                stage.send(.tracks(Sample.both, clock: clock), from: session)
            }
            stage.send(.frames(frames), from: session)
        }
        while stage.now < 7000 {
            let from = stage.now
            if from < 3480 {
                send(Sample.programme(from, from + 40, origin: Sample.noon.ticks, mark: 9), from: stage.session("a"))
            }
            // The other way is a little longer.
            if from >= 80 {
                send(
                    Sample.programme(from - 80, from - 40, origin: Sample.noon.ticks, mark: 9),
                    from: stage.session("b"))
            }
            if from == 3480 + stall {
                stage.send(.ended(InputFailure(code: .ended, message: "cut")), from: stage.session("a"))
            }
            stage.wait(milliseconds: 40)
        }
        return stage
    }

    @Test(arguments: [Int64(0), 400, 1600], [SourceClock.free, .utc])
    func theSameSourceOnAnotherWayGoesOnWithoutLosingAFrame(stall: Int64, clock: SourceClock) {
        let stage = stage(stall: stall, hot: ["b"], clock: clock)
        defer { stage.finish() }
        let reference = Stage(["b"])
        defer { reference.finish() }
        reference.send(.tracks(Sample.both, clock: clock), from: reference.session("b"))
        while reference.now < 7000 {
            let frames = Sample.programme(reference.now, reference.now + 40, origin: Sample.noon.ticks, mark: 9)
            reference.send(.frames(frames), from: reference.session("b"))
            reference.wait(milliseconds: 40)
        }
        let chunks = stage.chunks
        #expect(chunks.count > 30 && chunks.filter(\.isDiscontinuous).isEmpty)
        #expect(zip(chunks, chunks.dropFirst()).allSatisfy { $0.end == $1.start })
        #expect(zip(chunks, reference.chunks).allSatisfy { $0.bytes == $1.bytes })
        #expect(stage.stream.status.activeInput == 1)
    }

    /// Without `hot` the second input is only opened when the first is lost, so the time between is missing.
    @Test func withoutHotTheSilenceIsMissing() {
        let stage = stage(stall: 1600, hot: [])
        defer { stage.finish() }
        let chunks = stage.chunks
        #expect(zip(chunks, chunks.dropFirst()).contains { $1.start - $0.end > .milliseconds(1000) })
    }

    /// What goes because it is old is not counted.
    @Test func whatAHotInputHasNoRoomForIsCounted() throws {
        let stage = Stage(["a", "b"], hot: ["b"])
        defer { stage.finish() }
        let (a, b) = (stage.session("a"), stage.session("b"))
        for session in [a, b] { stage.send(.tracks(Sample.both, clock: .free), from: session) }
        stage.play([a, b], milliseconds: 30_000)
        #expect(stage.stream.status.activeInput == 0)
        #expect(stage.stream.status.inputs.map(\.hotDroppedBytes) == [0, 0])
        let large = ByteBuffer(repeating: 0, count: 1 << 20)
        for _ in 0..<70 {
            var frame = Sample.frame(Sample.video, Sample.noon.ticks + stage.now * 90, key: true, mark: 2)
            frame.data = large
            stage.send(.frames([frame]), from: b)
            stage.play([a], milliseconds: 40)
        }
        // Facts are told every 250 ms.
        stage.wait(milliseconds: 250)
        // 64 MiB fit. What was there before is small.
        let dropped = try #require(stage.stream.status.inputs.last?.hotDroppedBytes)
        #expect(dropped >= 6 << 20 && dropped < 7 << 20)
        stage.send(.ended(InputFailure(code: .ended, message: "cut")), from: b)
        stage.wait(milliseconds: 250)
        #expect(stage.stream.status.inputs.last?.hotDroppedBytes == dropped)
        #expect(zip(stage.chunks, stage.chunks.dropFirst()).allSatisfy { $0.end == $1.start })
    }

    /// Another coding of the same picture cannot go on within a group of pictures: from its first key frame in the silence on.
    @Test func anotherSourceGoesOnFromItsFirstKeyFrameInTheSilence() throws {
        let stage = Stage(["a", "b"], hot: ["b"])
        defer { stage.finish() }
        let (a, b) = (stage.session("a"), stage.session("b"))
        for session in [a, b] { stage.send(.tracks(Sample.both, clock: .utc), from: session) }
        stage.play([a, b], milliseconds: 2400)
        stage.play([nil, b], milliseconds: 1600)
        stage.send(.ended(InputFailure(code: .ended, message: "cut")), from: a)
        let chunks = stage.chunks
        let next = try #require(chunks.first { $0.start > Sample.noon + .milliseconds(2500) })
        #expect(next.start == Sample.noon + .seconds(3))
        #expect(next.isDiscontinuous && next.startsWithKeyFrame)
        #expect(try #require(chunks.last).end >= Sample.noon + .milliseconds(3600))
    }

    /// The better input is another server, the hot one the source: mutual inputs whose link breaks.
    @Test func chunksAndFramesOfOneSourceGoOnInOneAnother() throws {
        let maker = Stage(["a"])
        defer { maker.finish() }
        maker.send(.tracks(Sample.both, clock: .free), from: maker.session("a"))
        let stage = Stage(["peer", "b"], hot: ["b"])
        defer { stage.finish() }
        stage.send(.tracks(Sample.both, clock: .free), from: stage.session("b"))
        var sent = 0
        while stage.now < 7000 {
            let frames = Sample.programme(stage.now, stage.now + 40, origin: Sample.noon.ticks, mark: 9)
            maker.send(.frames(frames), from: maker.session("a"))
            maker.wait(milliseconds: 40)
            stage.send(.frames(frames), from: stage.session("b"))
            if stage.now < 3480 {
                stage.send(.timeline(maker.stream.status.continuation.media?.anchor), from: stage.session("peer"))
                for chunk in maker.chunks[sent...] { stage.send(.chunk(chunk), from: stage.session("peer")) }
                sent = maker.chunks.count
            } else if stage.now == 4480 {
                stage.send(.ended(InputFailure(code: .ended, message: "dead")), from: stage.session("peer"))
            }
            stage.wait(milliseconds: 40)
        }
        let chunks = stage.chunks
        #expect(chunks.count > 30 && chunks.filter(\.isDiscontinuous).isEmpty)
        #expect(zip(chunks, maker.chunks).allSatisfy { $0.bytes == $1.bytes && $0.start == $1.start })
    }
}
