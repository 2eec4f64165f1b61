// What clients send, made of chance: requests of all kinds, right and wrong ones, on some connections while a stream moves.
import LiveStream
import Media
import NIOCore
import TestSupport

@testable import Playback

/// One thing that happens on a server with a few connections.
enum Happening {
    /// Bytes come on the connection of this number.
    case received(Int, [UInt8])
    /// The client of this number ends its connection, if it has not, and makes another.
    case connected(Int)
    /// The stream's next chunk.
    case chunk
    /// The stream begins anew under its name.
    case begunAnew
    /// The stream goes to another server, or comes back.
    case moved
    case passed(milliseconds: Int64)
}

struct Conversation {
    static let connections = 3
    /// Chunks that the stream has before the first happening.
    static let chunksBefore = 30

    private var chance: SeededGenerator
    private let paths: [String]
    private var isAway = false

    /// - Parameter chunks: of the stream, from which the addresses of segments come.
    init(seed: UInt64, chunks: [Chunk]) {
        chance = SeededGenerator(seed: seed)
        let starts = Set(chunks.map(\.segmentStart.ticks)).sorted()
        paths =
            ["track-1.m3u8", "track-2.m3u8", "track-all.m3u8", "ts.m3u8"].flatMap { Array(repeating: $0, count: 20) }
            + starts.flatMap { ["segment-\($0)-1.m4s", "segment-\($0)-all.m4s", "segment-\($0).ts"] }
            + [
                "index.m3u8", "index.m3u8?container=ts", "track-9.m3u8", "track-01.m3u8", "segment-7-1.m4s",
                "media_info.json", "preview.mp4", "embed.html", "mpegts", "live.mp4", "init-0-1.mp4", "x", "",
                "track-1.m3u8?token=1", "track-1.m3u8#x", "archive-1-2.mp4",
            ]
    }

    mutating func happenings(_ count: Int) -> [Happening] {
        (0..<count).flatMap { _ -> [Happening] in
            switch Int.random(in: 0..<20, using: &chance) {
            case 0..<2: [.chunk]
            case 2..<5: [.connected(.random(in: 0..<Self.connections, using: &chance))]
            case 5 where rarely(3): [.begunAnew]
            case 6 where isAway || rarely(4): move()
            case 7: [.passed(milliseconds: .random(in: 1...3000, using: &chance))]
            default: bytes()
            }
        }
    }

    /// One to three requests in as many pieces as chance wants; sometimes with a wrong byte, or without their end.
    private mutating func bytes() -> [Happening] {
        let connection = Int.random(in: 0..<Self.connections, using: &chance)
        var text = ""
        for _ in 0..<(rarely(4) ? Int.random(in: 2...3, using: &chance) : 1) { text += request() }
        var bytes = Array(text.utf8)
        if rarely(25) { bytes[Int.random(in: bytes.indices, using: &chance)] = .random(in: 0...255, using: &chance) }
        if rarely(20) { bytes.removeLast(Int.random(in: 1...bytes.count, using: &chance)) }
        var pieces: [Happening] = []
        while !bytes.isEmpty {
            let count = rarely(3) ? Int.random(in: 1...bytes.count, using: &chance) : bytes.count
            pieces.append(.received(connection, Array(bytes.prefix(count))))
            bytes.removeFirst(count)
        }
        return pieces
    }

    private mutating func move() -> [Happening] {
        isAway.toggle()
        return [.moved]
    }

    private mutating func rarely(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &chance) == 0 }

    private mutating func one(of choices: [String]) -> String {
        choices[Int.random(in: choices.indices, using: &chance)]
    }

    private mutating func request() -> String {
        let method = rarely(12) ? one(of: ["HEAD", "OPTIONS", "POST", "PUT", "GE", "get", "GET "]) : "GET"
        let folder =
            rarely(12) ? one(of: ["/far/", "/none/", "/cam/", "//", "/cam%2Fone/", "/c am/", "/../"]) : "/cam/one/"
        let target =
            rarely(25)
            ? one(of: ["*", "http://h/cam/one/track-1.m3u8", "/streamer/api/v3/x"]) : folder + one(of: paths)
        let version = rarely(25) ? one(of: ["HTTP/1.0", "HTTP/2.0", "HTTP/1.11", "", "http/1.1"]) : "HTTP/1.1"
        var lines = [rarely(15) ? "Host:" : "Host: weir"]
        for _ in 0..<Int.random(in: 0...2, using: &chance) { lines.append(rarely(3) ? anyField() : usualField()) }
        var body = ""
        if rarely(25) {
            body = "abc"
            lines.append(one(of: ["Content-Length: 3", "content-length:3", "CONTENT-LENGTH: 3 "]))
        } else if rarely(40) {
            body = "3\r\nabc\r\n0\r\n\r\n"
            lines.append("Transfer-Encoding: chunked")
        }
        let end = rarely(50) ? "\n" : "\r\n"
        return "\(method) \(target) \(version)\(end)" + lines.map { $0 + end }.joined() + end + body
    }

    private mutating func usualField() -> String {
        one(of: [
            "User-Agent: Lavf/60", "user-agent: hls.js", "USER-AGENT:  a b ", "Accept: */*", "Cookie: a=1; b=2",
            "Accept-Encoding: gzip, deflate", "accept-encoding: identity", "Accept-Encoding: gzip;q=0, br",
            "Accept-Encoding: *", "Connection: keep-alive", "connection: Keep-Alive", "Origin: http://x", "X-Y_z: 1",
        ])
    }

    private mutating func anyField() -> String {
        one(of: [
            "User-Agent:", "User-Agent: a b\t", "Connection: close", "Connection: upgrade",
            "Proxy-Connection: close", "proxy-connection: keep-alive", "Range: bytes=0-99",
            "range: bytes=5-", "Range: bytes=999999999-", "If-None-Match: *", "If-Range: \"x\"", "If-None-Match: \"x\"",
            "If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT", "\(RelayClient.header): 1", "weir-relay: 1",
            "Expect: 100-continue", "Upgrade: websocket", "TE: trailers", "Content-Length: 0", "X: caf\u{e9}",
            "No colon",
            "Space : 1", " folded", ": x", "Long: " + String(repeating: "l", count: 9000),
            "Longer: " + String(repeating: "l", count: 20_000),
        ])
    }
}
