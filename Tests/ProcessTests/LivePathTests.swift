// The built server with real senders and readers: from a UDP transport stream to every way out.
import Foundation
import Testing

@Suite(.serialized)
struct LivePathTests {
    @Test("a UDP transport stream is served as HLS with fMP4, HLS with TS, and MPEG-TS, and ffmpeg finds no fault")
    func udpToEveryOutput() async throws {
        let source = FreePort.udp()
        let server = try await WeirProcess(
            "stream cam { input udp://127.0.0.1:\(source); segment_duration 1; segment_count 10; }")
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        try await server.waitForMedia(of: "cam", segments: 3)

        for path in ["index.m3u8", "index.m3u8?container=ts", "mpegts"] {
            let url = "\(server.base)/cam/\(path)"
            #expect(try await MediaTools.codecs(of: url) == ["aac", "h264"], "\(path)")
            try await MediaTools.expectPlays(url, seconds: 3)
        }
        sender.stop()
    }

    /// How a transport stream comes: the address that the server reads, and how ffmpeg sends to it.
    enum Way {
        case datagrams, rtp, multicast

        func input(_ port: Int) -> String {
            self == .multicast ? "udp://239.255.78.1:\(port)/127.0.0.1" : "udp://127.0.0.1:\(port)"
        }

        func output(_ port: Int) -> (url: String, format: [String]) {
            switch self {
            case .datagrams: ("udp://127.0.0.1:\(port)?pkt_size=1316", ["-f", "mpegts"])
            case .rtp: ("rtp://127.0.0.1:\(port)", ["-f", "rtp_mpegts"])
            case .multicast:
                ("udp://239.255.78.1:\(port)?pkt_size=1316&localaddr=127.0.0.1&ttl=0", ["-f", "mpegts"])
            }
        }
    }

    @Test(
        "every codec that a transport stream brings is carried, whichever way it comes",
        arguments: [
            (
                Way.datagrams, ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2"], ["-c:a", "mp2"],
                ["h264", "mp2"]
            ),
            (
                .rtp, ["-c:v", "libx265", "-preset", "ultrafast", "-g", "25", "-x265-params", "log-level=error"],
                ["-c:a", "ac3"], ["ac3", "hevc"]
            ),
            (
                .multicast, ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-flags", "+ilme+ildct"],
                ["-c:a", "eac3"], ["eac3", "h264"]
            ),
        ])
    func codecs(way: Way, video: [String], audio: [String], expected: [String]) async throws {
        let source = FreePort.udp()
        let server = try await WeirProcess(
            "stream cam { input \(way.input(source)); segment_duration 1; segment_count 10; }")
        let output = way.output(source)
        let sender = try MediaTools.send(to: output.url, video: video, audio: audio, format: output.format)
        try await server.waitForMedia(of: "cam", segments: 2)
        for path in ["index.m3u8", "index.m3u8?container=ts", "mpegts"] {
            let url = "\(server.base)/cam/\(path)"
            // MP4 has one object type for MP2 and MP3; ffprobe names the latter until it decodes.
            let found = try await MediaTools.codecs(of: url).map { $0 == "mp3" ? "mp2" : $0 }
            #expect(found == expected, "\(path)")
            try await MediaTools.expectPlays(url, seconds: 2)
        }
        sender.stop()
    }

    @Test("a stream restreamed over tshttp:// from one server to another")
    func restreaming() async throws {
        let source = FreePort.udp()
        let first = try await WeirProcess(
            "stream cam { input udp://127.0.0.1:\(source); segment_duration 1; segment_count 10; }")
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        try await first.waitForMedia(of: "cam")
        let second = try await WeirProcess(
            "stream copy { input tshttp://127.0.0.1:\(first.port)/cam/mpegts; segment_duration 1; segment_count 10; }")
        try await second.waitForMedia(of: "copy", segments: 2)
        try await MediaTools.expectPlays("\(second.base)/copy/index.m3u8", seconds: 2)
        sender.stop()
    }
}
