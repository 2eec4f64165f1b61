// fake:// as a stream opens it: by its URL, on an event loop.
import Ingest
import Media
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Inputs

@Suite(.timeLimit(.minutes(10)))
struct FakeInputTests {
    private let clock = SteppedClock(MediaTime(unixMilliseconds: 1_790_000_000_700))

    private func open(_ options: [String: String] = [:], _ probe: EventProbe) throws -> any InputSession {
        let inputs = StandardInputs([
            FakeInput(eventLoops: MultiThreadedEventLoopGroup.singleton, now: clock.advance)
        ])
        return try inputs.open(
            InputRequest(stream: "cam", url: "fake://fake", options: options), deliver: probe.deliver)
    }

    @Test func playsAndStops() async throws {
        let probe = EventProbe()
        let session = try open([:], probe)
        let gathered = await probe.gather { $0.frames(of: .video).count >= 200 }
        session.stop()
        session.stop()
        #expect(gathered.failure == nil && !gathered.isOutOfOrder)
        #expect(gathered.trackSets.count == 1 && gathered.clocks == [.utc])
        let times = gathered.frames(of: .video).map(\.decodeTime.ticks)
        #expect(times.first == MediaTime(unixMilliseconds: 1_790_000_000_000).ticks)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 3600 })
        let sound = gathered.frames(of: .audio).map(\.decodeTime.ticks)
        #expect(zip(sound, sound.dropFirst()).allSatisfy { $1 - $0 == 1920 })
        #expect(session.counters.packets >= UInt64(gathered.frames.count))
        #expect(session.counters.bytes > 0)
        // Without `bitrate=` 200 kbit/s, of four seconds.
        let begin = try #require(times.first)
        let bytes = gathered.frames.filter { $0.decodeTime.ticks < begin + 360_000 }.reduce(0) {
            $0 + $1.data.readableBytes
        }
        #expect((98_000...102_000).contains(bytes))
        #expect(FakePlayer.tracks.leading?.codec.rfc6381?.hasPrefix("avc1.42") == true, "baseline profile")
        #expect(FakePlayer.tracks.tracks.map(\.codec.familyName) == ["H.264", "AAC"])
    }

    @Test func takesItsBitRate() async throws {
        let probe = EventProbe()
        let session = try open(["bitrate": "1000000"], probe)
        let gathered = await probe.gather { $0.frames(of: .video).count >= 100 }
        session.stop()
        let bytes = gathered.frames(of: .video).prefix(100).reduce(0) { $0 + $1.data.readableBytes }
        #expect((480_000...510_000).contains(bytes))
    }

    @Test(arguments: ["", "2M", "-1", "0", "1000000001", "99999999999999999999"])
    func refusesBadBitRates(_ text: String) {
        let error = #expect(throws: InputFailure.self) { try open(["bitrate": text], EventProbe()) }
        #expect(error?.code == .misconfigured)
        #expect(error?.message.contains("fake://fake: bitrate «\(text)»") == true)
    }
}

/// UTC that goes on half a second each time it is asked.
private final class SteppedClock: Sendable {
    private let time: Mutex<MediaTime>

    init(_ start: MediaTime) { time = Mutex(start) }

    func advance() -> MediaTime {
        time.withLock { time in
            defer { time += .milliseconds(500) }
            return time
        }
    }
}
