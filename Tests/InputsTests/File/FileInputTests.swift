// file:// on real files that ffmpeg made.
import Foundation
import Ingest
import Media
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Inputs

@Suite(.timeLimit(.minutes(10)))
struct FileInputTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func transportStreamPositions() async throws {
        try await FFmpeg.make(FFmpeg.source(seconds: 4, options: "-muxrate 3M -f mpegts \(directory.path)/clip.ts"))
        var media = try open("clip.ts")
        #expect(media.duration == .seconds(4))
        #expect(media.entries == (0..<4).map { .seconds($0) })
        var whole = Gathered()
        try media.seek(to: .zero)
        whole.append(contentsOf: try media.read(until: media.duration))
        #expect(whole.frames(of: .video).count == 100)
        #expect(whole.frames(of: .video).map(\.decodeTime.ticks) == (0..<100).map { $0 * 3600 })

        // From each key frame on the same frames come, and they come once however they are asked for.
        for entry in media.entries {
            try media.seek(to: entry)
            var part = Gathered()
            for tenth in 1...45 {
                let limit = min(media.duration, entry + .milliseconds(Int64(tenth) * 100))
                part.append(contentsOf: try media.read(until: limit))
                #expect(part.frames.allSatisfy { $0.decodeTime.ticks < limit.ticks })
            }
            for kind in [Track.Kind.video, .audio] {
                let expected = whole.frames(of: kind).filter { $0.decodeTime.ticks >= entry.ticks }
                let got = part.frames(of: kind)
                // Sound whose packets lie before the key frame's in the file may be missing at the very begin.
                let missing = expected.count - got.count
                #expect(kind == .video ? missing == 0 : (0...25).contains(missing))
                #expect(got.map(\.decodeTime) == expected.dropFirst(missing).map(\.decodeTime))
                #expect(got.map(\.data) == expected.dropFirst(missing).map(\.data))
            }
        }
    }

    /// As cameras and discs write it: a time stamp before each packet.
    @Test func timeStampedPackets() async throws {
        for (name, options) in [("plain.ts", "-f mpegts"), ("disc.m2ts", "-f mpegts -mpegts_m2ts_mode 1")] {
            try await FFmpeg.make(
                FFmpeg.source(seconds: 2, options: "-fflags +bitexact \(options) \(directory.path)/\(name)"))
        }
        var frames: [[Frame]] = []
        for name in ["plain.ts", "disc.m2ts"] {
            var media = try open(name)
            var gathered = Gathered()
            try media.seek(to: .zero)
            gathered.append(contentsOf: try media.read(until: media.duration))
            frames.append(gathered.frames(of: .video))
        }
        #expect(frames.map(\.count) == [50, 50])
        #expect(Set(frames.map { $0.map(\.data) }).count == 1)
        #expect(Set(frames.map { $0.map(\.decodeTime) }).count == 1)
    }

    /// One key frame at the file's start only: whoever comes in the middle gets the picture at once.
    @Test func bunnyIsEnteredAnywhere() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("media").path
        let file = try FileRoots(["demo": root]).locate(InputURL("file://demo/bunny.mp4")).open()
        let media = try MP4LoopedFile(file)
        #expect(media.duration == MediaSpan(ticks: 475_200) && media.entries == [.zero])
        let begin = MediaTime(ticks: 475_200 * 300_000)
        for late in [0, 1, 77, 400] as [Int64] {
            var player = LoopPlayer(media)
            var gathered = Gathered()
            gathered.append(contentsOf: try player.advance(to: begin + MediaSpan(ticks: late * 900 + 1)))
            let video = gathered.frames(of: .video)
            #expect(video.first?.isKey == true && video.first?.decodeTime.ticks == begin.ticks)
            #expect(video.count == Int(late * 900 / 3600) + 1)
            gathered.append(contentsOf: try player.advance(to: begin + .seconds(7)))
            let times = gathered.frames(of: .video).map(\.decodeTime)
            #expect(zip(times, times.dropFirst()).allSatisfy { ($1 - $0).ticks == 3600 })
            #expect(gathered.frames(of: .video).filter(\.isKey).count == 2)
            #expect(gathered.frames(of: .audio).count > 310 && player.damagedFrames == 0)
        }
    }

    @Test(arguments: ["ts", "mp4"])
    func playsInRealTime(_ kind: String) async throws {
        try await FFmpeg.make(FFmpeg.source(seconds: 2, options: "\(directory.path)/clip.\(kind)"))
        let clock = TestClock(MediaTime(unixMilliseconds: 1_790_000_000_000))
        let (probe, session, threads) = try play("clip.\(kind)", now: clock.advance)
        let gathered = await probe.gather { $0.frames(of: .video).count >= 200 }
        #expect(gathered.failure == nil)
        #expect(gathered.clocks == [.utc])
        #expect(gathered.clockJumps == 0)
        let times = gathered.frames(of: .video).map(\.decodeTime)
        #expect(zip(times, times.dropFirst()).allSatisfy { ($1 - $0).ticks == 3600 })
        #expect(session.counters.bytes > 0)
        session.stop()
        try await threads.shutdownGracefully()
    }

    @Test(arguments: [
        ("none.mp4", InputFailure.Code.unreachable, "no file none.mp4 in root «vod»"),
        ("text.mp4", .unsupportedMedia, "is neither MP4 nor an MPEG transport stream"),
        ("empty.ts", .unsupportedMedia, "is neither MP4 nor an MPEG transport stream"),
        ("movie.mp4", .unsupportedMedia, "there is no moov box"),
        ("null.ts", .unsupportedMedia, "without a key frame"),
        ("folder", .misconfigured, "not a regular file"),
    ])
    func badFiles(_ name: String, _ code: InputFailure.Code, _ words: String) async throws {
        try directory.file("text.mp4", Data(String(repeating: "Not media at all. ", count: 1000).utf8))
        try directory.file("empty.ts", Data())
        try directory.file("movie.mp4", Data([0, 0, 0, 16]) + Data("ftypisom".utf8) + Data([0, 0, 2, 0]))
        let null: [UInt8] = [0x47, 0x1F, 0xFF, 0x10] + [UInt8](repeating: 0xFF, count: 184)
        try directory.file("null.ts", Data((0..<2000).flatMap { _ in null }))
        try FileManager.default.createDirectory(atPath: "\(directory.path)/folder", withIntermediateDirectories: true)
        let (probe, session, threads) = try play(name, now: { MediaTime(ticks: 1) })
        let failure = try #require(await probe.failure())
        #expect(failure.code == code)
        #expect(failure.message.contains(words) && failure.message.contains("file://vod/\(name)"), "\(failure)")
        session.stop()
        try await threads.shutdownGracefully()
    }

    private func open(_ name: String) throws -> any LoopedMedia {
        let file = try FileRoots(["vod": directory.path]).locate(InputURL("file://vod/\(name)")).open()
        return try openLoopedMedia(file, request: InputRequest(stream: "s", url: file.name)) {
            request throws(InputFailure) in try TransportStreamParser(request)
        }
    }

    private func play(
        _ name: String, now: @escaping @Sendable () -> MediaTime
    ) throws -> (EventProbe, any InputSession, NIOThreadPool) {
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        let inputs = StandardInputs([
            FileInput(
                roots: FileRoots(["vod": directory.path]), eventLoops: .singletonMultiThreadedEventLoopGroup,
                threads: threads,
                makeParser: { request throws(InputFailure) in try TransportStreamParser(request) }, now: now)
        ])
        let probe = EventProbe()
        let session = try inputs.open(
            InputRequest(stream: "cam", url: "file://vod/\(name)"), deliver: probe.deliver)
        return (probe, session, threads)
    }
}

/// UTC that goes on half a second each time it is asked: a file of seconds is played many times over at once.
private final class TestClock: Sendable {
    private let time: Mutex<MediaTime>

    init(_ start: MediaTime) { time = Mutex(start) }

    func advance() -> MediaTime {
        time.withLock { time in
            defer { time += .milliseconds(500) }
            return time
        }
    }
}
