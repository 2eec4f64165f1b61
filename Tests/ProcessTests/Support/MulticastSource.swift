// A real source that several servers can take: the frames of fake:// as a transport stream in multicast datagrams.
import Foundation
import Testing

/// A server that makes the frames, and ffmpeg that sends its bytes to a group on loopback until the value goes away.
final class MulticastSource {
    private let maker: WeirProcess
    private let sender: ChildProcess
    /// As an input: `udp://…`.
    let url: String

    init(longestLife: Int) async throws {
        let port = FreePort.udp()
        url = "udp://239.255.79.1:\(port)/127.0.0.1"
        maker = try await WeirProcess("stream source { input fake://fake; }", longestLife: longestLife)
        try await maker.waitForMedia(of: "source")
        sender = try ChildProcess(
            "/usr/bin/ffmpeg",
            [
                "-v", "error", "-analyzeduration", "1000000", "-i", "\(maker.base)/source/mpegts", "-c", "copy", "-f",
                "mpegts", "-muxdelay", "0", "udp://239.255.79.1:\(port)?pkt_size=1316&localaddr=127.0.0.1&ttl=0",
            ], longestLife: longestLife)
    }

    deinit { sender.stop() }

    /// Whether it still sends; the reason why not is in `output`.
    var isSending: Bool { sender.isRunning }
    var output: String { sender.output }
}
