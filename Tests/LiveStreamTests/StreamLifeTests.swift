// A stream's life: from the inputs' events to window, events and status.
import CMAF
import Ingest
import LiveStream
import Media
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

struct StreamLifeTests {
    /// Whose frames a chunk holds.
    private func marks(_ chunk: Chunk) throws -> Set<UInt8> {
        Set(
            try FragmentReader.frames(in: chunk.bytes).compactMap {
                $0.data.getInteger(at: $0.data.readerIndex + ($0.track == Sample.video.id ? 5 : 0))
            })
    }

    @Test func framesBecomeChunksInTheWindow() throws {
        let stage = Stage(["a"])
        let input = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .utc), from: input)
        stage.play([input], milliseconds: 4000)
        let window = stage.stream.window
        #expect(window.segments.map { ($0.start - Sample.noon).milliseconds } == [0, 1000, 2000, 3000])
        #expect(window.segments.flatMap(\.chunks).map(\.start) == stage.chunks.map(\.start))
        #expect(window.segments.dropLast().allSatisfy { $0.isClosed && $0.chunks.count == 5 })
        let status = stage.stream.status
        #expect(status.isAlive && status.activeInput == 0 && status.tracks == Sample.both)
        #expect(status.inputs.map(\.state) == [.playing])
        #expect(stage.events.map(\.kind) == [.inputSwitched, .mediaStarted])
        stage.finish()
    }

    @Test func aSegmentIsCompleteWithTheFramesThatEndIt() {
        let stage = Stage(["a"])
        let input = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .utc), from: input)
        stage.play([input], milliseconds: 1000)
        #expect(stage.stream.window.closed.isEmpty)
        // The key frame at one second; the chunk that it begins is not complete for another 160 ms.
        stage.play([input], milliseconds: 40)
        #expect(stage.stream.window.closed.map(\.start) == [Sample.noon])
        #expect(stage.stream.window.segments.count == 1)
        #expect(stage.stream.window.closed.first?.duration == .seconds(1))
        stage.play([input], milliseconds: 400)
        #expect(stage.stream.window.segments.map(\.isClosed) == [true, false])
        stage.finish()
    }

    @Test func aLossSwitchesAndTheReturnBeginsWithAKeyFrameOfTheBetter() throws {
        let stage = Stage(["a", "b"])
        let first = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .free), from: first)
        stage.play([first], milliseconds: 2000, offset: 12345)
        stage.send(.ended(InputFailure(code: .ended, message: "cable cut")), from: first)
        let second = try #require(stage.session("b"))
        stage.send(.tracks(Sample.both, clock: .free), from: second)
        // Begins in the middle of a group of pictures: nothing before its key frame at 3 s is used.
        stage.wait(milliseconds: 480)
        stage.play([nil, second], milliseconds: 1520, offset: -777_000)
        #expect(stage.opened("a") == 2)
        let returned = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .free), from: returned)
        stage.wait(milliseconds: 520)
        stage.play([returned, second], milliseconds: 2480, offsets: [5_000_000, -777_000])
        #expect(second.isStopped)
        #expect(stage.stream.status.activeInput == 0)
        #expect(stage.stream.status.selection.switches == 2)

        let runs = try stage.chunks.map(marks).reduce(into: [Set<UInt8>]()) { if $0.last != $1 { $0.append($1) } }
        #expect(runs == [[1], [2], [1]])
        // The worse one plays until the key frame of the better.
        let ofSecond = try stage.chunks.lastIndex { try marks($0) == [2] }
        let last = try #require(ofSecond)
        #expect(stage.chunks[last + 1].start - stage.chunks[last].end < .milliseconds(40))
        let segments = stage.stream.window.segments
        #expect(segments.allSatisfy { $0.chunks[0].startsWithKeyFrame })
        #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.end <= $1.start })
        #expect(Set(segments.map(\.sequence)).count == segments.count)
        let reasons = stage.events.filter { $0.kind != .mediaStarted && $0.kind != .timelineRestarted }.map(\.reason)
        #expect(
            reasons == [
                "the stream starts with input 1", "input 1: cable cut", "input 1 is lost: cable cut",
                "input 2 delivers", "input 1 delivers and is better than input 2",
            ])
        stage.finish()
    }

    /// Less than what the timeline takes for a jump by itself: it goes on where it was, as the source says that it jumps.
    @Test func aSmallJumpThatTheSourceAnnouncesLeavesNoHole() {
        let stage = Stage(["a"])
        let input = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .free), from: input)
        stage.play([input], milliseconds: 2000)
        stage.send(.clockJump, from: input)
        stage.play([input], milliseconds: 2000, offset: 90_000)
        stage.finish()
        let restarts = stage.events.filter { $0.kind == .timelineRestarted }.map(\.reason)
        #expect(restarts == ["the source announced a jump of its clock"])
        #expect(stage.chunks.filter(\.isDiscontinuous).count == 1)
        let holes = zip(stage.chunks, stage.chunks.dropFirst()).map { $1.start - $0.end }
        #expect(holes.allSatisfy { $0 >= .zero && $0 < .milliseconds(40) }, "\(holes)")
    }

    @Test func aHotInputTakesOverFromItsNextKeyFrame() throws {
        let stage = Stage(["a", "b"], hot: ["b"])
        let (first, second) = (stage.session("a"), stage.session("b"))
        stage.send(.tracks(Sample.both, clock: .utc), from: first)
        stage.send(.tracks(Sample.both, clock: .utc), from: second)
        stage.play([first, second], milliseconds: 2400)
        stage.send(.ended(InputFailure(code: .ended, message: "gone")), from: first)
        #expect(stage.events.last?.reason == "input 1 is lost: gone")
        stage.play([nil, second], milliseconds: 2600)
        let ofSecond = try stage.chunks.first { try marks($0) == [2] }
        let taken = try #require(ofSecond)
        #expect(taken.start == Sample.noon + .seconds(3))
        #expect(taken.startsSegment && taken.startsWithKeyFrame && taken.isDiscontinuous)
        #expect(!stage.events.contains { $0.kind == .mediaLost })
        stage.finish()
    }

    @Test func eventsOfSessionsThatAreOverDoNothing() throws {
        let stage = Stage(["a"])
        let old = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .utc), from: old)
        stage.play([old], milliseconds: 1000)
        stage.send(.ended(InputFailure(code: .ended, message: "gone")), from: old)
        let count = stage.chunks.count
        stage.play([old], milliseconds: 2000)
        #expect(stage.chunks.count == count)
        let new = stage.session("a")
        #expect(new !== old)
        stage.send(.ended(InputFailure(code: .ended, message: "late")), from: old)
        #expect(!stage.events.contains { $0.reason.contains("late") })
        // A reload with other inputs: the new first session is not the old first one.
        stage.stream.update(Stage.definition(["c"]))
        stage.loop.run()
        #expect(new?.isStopped == true)
        let third = stage.session("c")
        for late in [old, new] { stage.send(.ended(InputFailure(code: .ended, message: "late")), from: late) }
        stage.wait(milliseconds: 1000)
        #expect(stage.opened("c") == 1 && third?.isStopped == false)
        #expect(!stage.events.contains { $0.reason.contains("late") })
        stage.finish()
    }

    @Test func aReloadOfTitleAndLimitsTouchesNoInput() {
        let stage = Stage(["a"])
        let input = stage.session("a")
        stage.send(.tracks(Sample.both, clock: .utc), from: input)
        stage.play([input], milliseconds: 6000)
        stage.stream.update(Stage.definition(["a"], title: "Camera", limits: .init(segments: 2)))
        stage.loop.run()
        #expect(stage.stream.title == "Camera")
        #expect(stage.stream.window.closed.count == 2)
        #expect(stage.opened("a") == 1 && input?.isStopped == false)
        stage.play([input], milliseconds: 1000)
        #expect(zip(stage.chunks, stage.chunks.dropFirst()).allSatisfy { $0.end == $1.start })
        stage.finish()
    }

    @Test func aReloadOfTheSegmentDurationIsFollowed() {
        let stage = Stage(["a"])
        stage.send(.tracks(Sample.both, clock: .utc), from: stage.session("a"))
        stage.play([stage.session("a")], milliseconds: 2000)
        stage.stream.update(Stage.definition(["a"], segment: .seconds(2)))
        stage.loop.run()
        #expect(stage.opened("a") == 2)
        stage.send(.tracks(Sample.both, clock: .utc), from: stage.session("a"))
        stage.play([stage.session("a")], milliseconds: 7000)
        let segments = stage.stream.window.segments
        #expect(segments.map { ($0.start - Sample.noon).milliseconds } == [0, 1000, 2000, 4000, 6000, 8000])
        #expect(zip(segments, segments.dropFirst()).allSatisfy { $1.sequence == $0.sequence + 1 })
        stage.finish()
    }

    /// A camera may allow one reader.
    @Test func anInputIsOpenedAnewWhenItsSocketIsClosed() {
        let stage = Stage(["slow://a"])
        stage.stream.update(Stage.definition(["slow://a", "b"]))
        stage.loop.run()
        let first = stage.session("slow://a")
        #expect(first?.isStopped == true)
        // Another reload meanwhile opens nothing either.
        stage.stream.update(Stage.definition(["slow://a"], segment: .seconds(2)))
        stage.wait(milliseconds: 1900)
        #expect(stage.opened("slow://a") == 1 && stage.opened("b") == 0)
        first?.close()
        stage.loop.run()
        #expect(stage.opened("slow://a") == 2 && stage.opened("b") == 0)
        // One whose socket does not close is waited for for a bounded time.
        stage.stream.update(Stage.definition(["slow://a"], segment: .seconds(4)))
        stage.wait(milliseconds: 1900)
        #expect(stage.opened("slow://a") == 2)
        stage.wait(milliseconds: 200)
        #expect(stage.opened("slow://a") == 3)
        stage.finish()
        stage.session("slow://a")?.close()
        stage.loop.run()
    }

    @Test func aStreamHasStoppedWhenItsSocketsAreClosed() {
        let isOver = NIOLockedValueBox(0)
        for closes in [true, false] {
            let stage = Stage(["slow://a"])
            isOver.withLockedValue { $0 = 0 }
            for _ in 1...2 {
                stage.stream.stop(reason: "test").whenSuccess { isOver.withLockedValue { $0 += 1 } }
            }
            stage.wait(milliseconds: 1900)
            #expect(isOver.withLockedValue { $0 } == 0)
            if closes { stage.session("slow://a")?.close() } else { stage.wait(milliseconds: 200) }
            stage.loop.run()
            #expect(isOver.withLockedValue { $0 } == 2)
        }
    }

    @Test func stopClosesInputsEndsReadersAndFinishesTheMedia() {
        let stage = Stage(["a"])
        let input = stage.session("a")
        let reader = Listener(on: stage.loop)
        _ = stage.stream.attach(reader, kind: .chunks)
        stage.send(.tracks(Sample.both, clock: .utc), from: input)
        stage.play([input], milliseconds: 1500)
        stage.stream.stop(reason: "removed")
        stage.stream.stop(reason: "again")
        stage.loop.run()
        #expect(input?.isStopped == true)
        #expect(reader.endings == ["removed"])
        #expect(stage.stream.window.segments.allSatisfy { $0.isClosed })
        #expect(reader.starts == stage.chunks.map(\.start))
        #expect(!stage.stream.status.isAlive)
        let count = stage.chunks.count
        stage.play([input], milliseconds: 1000)
        #expect(stage.chunks.count == count)
        let late = Listener(on: stage.loop)
        _ = stage.stream.attach(late, kind: .chunks)
        stage.loop.run()
        #expect(late.endings.count == 1 && late.deliveries.isEmpty)
    }

    @Test func anInputThatCannotBeOpenedLeavesTheOthersAlone() {
        let stage = Stage(["bad://x", "b"])
        stage.loop.run()
        stage.send(.tracks(Sample.both, clock: .utc), from: stage.session("b"))
        stage.play([stage.session("b")], milliseconds: 1000)
        let status = stage.stream.status
        #expect(status.inputs.map(\.state) == [.failed, .playing])
        #expect(status.inputs.first?.trouble == "bad://x: no such scheme")
        stage.finish()
    }

    @Test func countersGoOnOverSessions() {
        let all: [WritableKeyPath<InputCounters, UInt64>] = [
            \.bytes, \.packets, \.kernelDrops, \.rtpLost, \.rtpReordered, \.tsLost, \.tsRepeated, \.tsErrors,
            \.tsScrambled,
            \.resyncs, \.psiErrors, \.damagedFrames,
        ]
        let stage = Stage(["a"])
        stage.session("a")?.received.withLockedValue {
            for (index, counter) in all.enumerated() { $0[keyPath: counter] = 100 + UInt64(index) }
            $0.lostByPID = [256: 3, 257: 1]
            $0.damagedByPID = [257: 1]
        }
        stage.send(.ended(InputFailure(code: .ended, message: "gone")), from: stage.session("a"))
        stage.wait(milliseconds: 1000)
        #expect(stage.opened("a") == 2)
        stage.session("a")?.received.withLockedValue {
            for counter in all { $0[keyPath: counter] = 11 }
            $0.lostByPID = [256: 2]
            $0.damagedByPID = [257: 1]
        }
        stage.wait(milliseconds: 250)
        let sum = stage.stream.status.inputs.first?.counters
        #expect(all.map { sum?[keyPath: $0] ?? 0 } == all.indices.map { 111 + UInt64($0) })
        #expect(sum?.lostByPID == [256: 5, 257: 1])
        #expect(sum?.damagedByPID == [257: 2])
        stage.finish()
    }

    @Test func readyChunksAreTakenFromASegmentStartOn() {
        let stage = Stage(["m4f"])
        let input = stage.session("m4f")
        stage.send(.chunk(Sample.chunk(600, segment: 0, hasKey: false)), from: input)
        #expect(stage.chunks.isEmpty)
        for part in Int64(0)..<5 {
            stage.send(.chunk(Sample.chunk(1000 + part * 200, segment: 1000, hasKey: part == 0)), from: input)
        }
        #expect(stage.chunks.map(\.start).first == Sample.noon + .seconds(1))
        #expect(stage.stream.window.segments.map(\.chunks.count) == [5])
        #expect(stage.events.map(\.kind) == [.inputSwitched, .mediaStarted])
        stage.finish()
    }

    @Test func aTakeoverContinuesTimelineAndNumbers() throws {
        let before = Stage(["a"])
        before.send(.tracks(Sample.both, clock: .free), from: before.session("a"))
        before.play([before.session("a")], milliseconds: 3000, offset: 900_000)
        before.stream.stop(reason: "moved")
        before.loop.run()
        let handed = before.stream.status.continuation
        let heir = Stage(["a"], continuing: handed)
        heir.send(.tracks(Sample.both, clock: .free), from: heir.session("a"))
        heir.wait(milliseconds: 3000)
        // The source arrives 80 ms later here: its place on the timeline is that of the server before.
        heir.wait(milliseconds: 80)
        heir.send(
            .frames(Sample.programme(3000, 5000, origin: Sample.noon.ticks + 900_000, mark: 1)),
            from: heir.session("a"))
        let first = try #require(heir.stream.window.segments.first)
        let last = try #require(before.stream.window.segments.last)
        #expect(first.start == last.end)
        #expect(first.sequence == last.sequence + 1)
        #expect(!first.isDiscontinuous)
        heir.finish()
    }
}
