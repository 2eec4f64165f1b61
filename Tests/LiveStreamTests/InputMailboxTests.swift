// Events that wait for the loop's next look come in order, and none is lost.
import Ingest
import LiveStream
import Media
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

struct InputMailboxTests {
    /// The same programme into a stream whose loop is woken by each event and into one that looks by itself.
    @Test func thePauseBetweenLooksChangesNoByte() {
        let woken = Stage(["a"])
        let looking = Stage(["a"], pause: .milliseconds(10))
        for stage in [woken, looking] {
            stage.send(.tracks(Sample.both, clock: .utc), from: stage.session("a"))
            stage.play([stage.session("a")], milliseconds: 4000)
        }
        #expect(!looking.chunks.isEmpty)
        #expect(looking.chunks.map(\.bytes) == woken.chunks.map(\.bytes))
        #expect(looking.chunks.map(\.start) == woken.chunks.map(\.start))
        for stage in [woken, looking] { stage.finish() }
    }

    @Test func aLoopThatIsCalledAgainSoonLooksByItself() {
        let stage = Stage(["a"], pause: .milliseconds(10))
        let session = stage.session("a")
        func notices() -> Int { stage.events.count { $0.kind == .inputNotice } }
        // Each wakes the loop, which does not look again: a stream alone has nothing more.
        stage.send(.notice("first"), from: session)
        #expect(notices() == 1)
        stage.wait(milliseconds: 40)
        stage.send(.notice("second"), from: session)
        #expect(notices() == 2)
        // This one comes soon after the one before: others may follow, and they wait for the next look.
        stage.send(.notice("third"), from: session)
        #expect(notices() == 3)
        stage.send(.notice("fourth"), from: session)
        stage.send(.notice("fifth"), from: session)
        #expect(notices() == 3)
        stage.wait(milliseconds: 10)
        #expect(notices() == 5)
        // A look without finding anything: the loop sleeps, and the next event wakes it.
        stage.wait(milliseconds: 30)
        stage.send(.ended(InputFailure(code: .ended, message: "gone")), from: session)
        #expect(stage.events.contains { $0.kind == .inputLost })
        stage.finish()
    }

    @Test func whatWasReceivedBeforeTheStopIsPartOfTheStream() {
        let woken = Stage(["a"])
        let looking = Stage(["a"], pause: .milliseconds(10))
        for stage in [woken, looking] {
            let session = stage.session("a")
            stage.send(.tracks(Sample.both, clock: .utc), from: session)
            for start in stride(from: Int64(0), to: 1000, by: 40) {
                stage.send(
                    .frames(Sample.programme(start, start + 40, origin: Sample.noon.ticks, mark: 1)), from: session)
            }
            stage.finish()
        }
        #expect(looking.chunks.last?.end == woken.chunks.last?.end)
        #expect(looking.chunks.map(\.bytes) == woken.chunks.map(\.bytes))
    }

    /// While the loop does not get to it only so much waits; then the stream goes on behind a hole.
    @Test func mediaBeyondTheBoundIsDroppedAndCountedAndNothingElse() throws {
        let stage = Stage(["a"], pause: .milliseconds(10), waitingBytesMax: 400)
        let session = try #require(stage.session("a"))
        func send(_ start: Int64) {
            for part in stride(from: start, to: start + 1000, by: 40) {
                stage.send(
                    .frames(Sample.programme(part, part + 40, origin: Sample.noon.ticks, mark: 1)), from: session)
            }
        }
        stage.send(.tracks(Sample.both, clock: .utc), from: session)
        // The loop stands still for a second.
        send(0)
        let dropped = stage.mailbox.droppedBatches
        #expect((1..<25).contains(dropped))
        stage.send(.notice("something else"), from: session)
        stage.wait(milliseconds: 1000)
        #expect(stage.events.contains { $0.reason.contains("something else") })
        for start in stride(from: Int64(1000), to: 3000, by: 40) {
            stage.send(.frames(Sample.programme(start, start + 40, origin: Sample.noon.ticks, mark: 1)), from: session)
            stage.wait(milliseconds: 40)
        }
        #expect(stage.mailbox.droppedBatches == dropped)
        #expect(stage.chunks.last.map { $0.end > Sample.noon + .milliseconds(2500) } == true)
        stage.send(.ended(InputFailure(code: .ended, message: "gone")), from: session)
        stage.wait(milliseconds: 20)
        #expect(stage.events.contains { $0.kind == .inputLost })
        stage.finish()
        // A picture in each batch, of three seconds.
        let pictures = stage.chunks.flatMap(\.parts).filter { $0.track == Sample.video.id }
        #expect(pictures.reduce(0) { $0 + $1.frameCount } == 75 - Int(dropped))
    }
}
