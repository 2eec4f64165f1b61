// A session with another server: kept alive while there are no media, and ended with its reason.
import Archive
import LiveStream
import M4F
import Media
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Playback

@Suite struct PeerSessionTests {
    private static let noon = MediaTime(unixMilliseconds: 1_790_000_000_000)

    /// A connection on which server two asks server one for a stream.
    private final class Connection {
        let channel = EmbeddedChannel()
        let stream = FakeStream("cam")
        private var parser = MessageParser()

        init() throws {
            let identity = M4FIdentity(
                server: PassedServer(instance: 1, name: "one"), signature: PeerSignature(key: "abcd"))
            let service = M4FService(
                directory: FakeDirectory { [stream] _ in .here(stream) }, sessions: SessionRegistry { 0 },
                identity: { identity }, contact: { _ in nil }, utc: { noon })
            try channel.pipeline.syncOperations.addHandler(M4FRequestHandler(service: service, isSecure: false))
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            let target = LiveRequest(stream: "cam", asking: "cam", instance: 2).target
            let request = PeerSignature.Request(
                method: "GET", path: target, sender: "two", time: noon.unixMilliseconds,
                nonce: String(repeating: "7", count: 32))
            let headers = HTTPHeaders([
                (SignatureHeader.sender, request.sender), (SignatureHeader.time, String(request.time)),
                (SignatureHeader.nonce, request.nonce),
                (SignatureHeader.signature, PeerSignature(key: "abcd").sign(request, body: [])),
            ])
            try channel.writeInbound(
                HTTPServerRequestPart.head(
                    HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: headers)))
            try channel.writeInbound(HTTPServerRequestPart.end(nil))
        }

        deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

        /// What was sent since the last call.
        func said() throws -> [M4FMessage] {
            channel.embeddedEventLoop.run()
            var messages: [M4FMessage] = []
            while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
                guard case .body(.byteBuffer(let bytes)) = part else { continue }
                parser.feed(bytes)
                while let message = try parser.next() { messages.append(message) }
            }
            return messages
        }
    }

    @Test func aSessionIsKeptAliveWhileThereAreNoMedia() throws {
        let connection = try Connection()
        guard case .session(let session) = try #require(try connection.said().first) else {
            Issue.record("no session is opened")
            return
        }
        #expect(session.server.name == "one" && session.stream == "cam" && session.utc == Self.noon)
        connection.channel.embeddedEventLoop.advanceTime(by: .seconds(3))
        let alive = try connection.said().map { message in
            if case .keepAlive(let utc) = message { utc } else { nil as MediaTime? }
        }
        // In the first second the session was opened.
        #expect(alive == [Self.noon, Self.noon])
        // Media are a sign of life themselves.
        connection.stream.feed(TestMedia.chunks[0])
        connection.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        let media = try connection.said()
        guard media.count == 4, case .path = media[0], case .tracks = media[1], case .timeline = media[2],
            case .chunk(let chunk) = media[3]
        else {
            Issue.record("other messages than path, tracks, timeline and a chunk: \(media)")
            return
        }
        #expect(chunk.bytes == TestMedia.chunks[0].bytes)
    }

    @Test(arguments: [EndMessage.Code.noMedia, .stopped])
    func aSessionEndsWithItsReason(code: EndMessage.Code) throws {
        let connection = try Connection()
        connection.stream.feed(TestMedia.chunks[0])
        _ = try connection.said()
        if code == .noMedia { connection.stream.loseMedia() } else { connection.stream.end() }
        let said = try connection.said()
        guard said.count == 2, case .segmentEnd(let segment) = said[0], case .end(let end) = said[1] else {
            Issue.record("other messages than the end of segment and session: \(said)")
            return
        }
        #expect(segment.start == TestMedia.chunks[0].start)
        #expect(end == EndMessage(code, code == .noMedia ? "silent" : "test"))
        #expect(!connection.channel.isActive && connection.stream.readerCount == 0)
    }

    @Test(arguments: [true, false]) func whoLeavesRefusalsWhereTheyAreGetsNoMore(isWritable: Bool) throws {
        let service = M4FService(
            directory: FakeDirectory { _ in .unknown }, sessions: SessionRegistry { 0 },
            identity: { M4FIdentity(server: PassedServer(instance: 1, name: "one"), signature: nil) },
            contact: { _ in nil }, utc: { Self.noon })
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(M4FRequestHandler(service: service, isSecure: false))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        channel.isWritable = isWritable
        let target = LiveRequest(stream: "cam", asking: "cam", instance: 2).target
        var refusals = 0
        for _ in 0..<3 where channel.isActive {
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target)
            try channel.writeInbound(HTTPServerRequestPart.head(head))
            try channel.writeInbound(HTTPServerRequestPart.end(nil))
            channel.embeddedEventLoop.run()
            while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
                guard case .head(let answer) = part else { continue }
                #expect(answer.status.code >= 400 && answer.isKeepAlive == isWritable)
                refusals += 1
            }
        }
        #expect(refusals == (isWritable ? 3 : 1) && channel.isActive == isWritable)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }
}
