// Connections that are too slow: which chunks a viewer is given again, and when a client is let go.
import LiveStream
import Media
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Testing

@testable import Playback

/// What waits for the socket and what the client has taken, as the test says.
private final class Waiting {
    var bytes = 0
    var taken: Int64 = 0
}

@Suite struct SlowConnectionTests {
    @Test func aViewerThatWasTooSlowGoesOnAtAKeyFrame() throws {
        let (stream, waiting, channel) = (FakeStream("cam"), Waiting(), EmbeddedChannel())
        let service = PlaybackService(
            directory: FakeDirectory { _ in .here(stream) }, sessions: SessionRegistry { 1_750_000_000_000 })
        // Over TLS everything is written as bytes.
        try channel.pipeline.syncOperations.addHandler(
            MediaRequestHandler(service: service, isSecure: true) { _ in waiting.bytes })
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        let chunks = Array(TestMedia.chunks.prefix(11))
        let keys = chunks.indices.filter { chunks[$0].startsWithKeyFrame }
        #expect(keys.count >= 2 && keys[0] == 0 && keys[1] > 3)
        stream.feed(chunks[0])
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/cam/live.mp4")
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        channel.embeddedEventLoop.run()
        for (index, chunk) in chunks.enumerated().dropFirst() {
            waiting.bytes = index == 2 ? .max / 4 : 0
            stream.feed(chunk)
            channel.embeddedEventLoop.run()
        }
        var written: [ByteBuffer] = []
        while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
            if case .body(.byteBuffer(let bytes)) = part { written.append(bytes) }
        }
        // The header, then chunks as they are.
        let sent = written.dropFirst().compactMap { bytes in chunks.firstIndex { $0.bytes == bytes } }
        #expect(sent == [0, 1] + Array(keys[1]..<11) && written.count == sent.count + 1)
        #expect(service.sessions.sessions(at: .uptimeNanoseconds(1)).map(\.skipCount) == [1])
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test func aClientThatAsksNothingIsLetGo() throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ConnectionDeadlineHandler())
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        channel.embeddedEventLoop.advanceTime(by: .seconds(29))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(6))
        #expect(!channel.isActive)
    }

    @Test(arguments: [HTTPMethod.GET, .POST, .PUT, .PATCH]) func aBodyThatNeverEndsEndsTheConnection(
        method: HTTPMethod
    ) throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ConnectionDeadlineHandler())
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: "/weir/m4f/1/archive")
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "half")))
        channel.embeddedEventLoop.advanceTime(by: .seconds(9))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(7))
        #expect(!channel.isActive)
    }

    @Test func whatIsSentUpHasTimeAsLongAsItComes() throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ConnectionDeadlineHandler())
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/weir/m4f/1/archive")
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        for _ in 0..<11 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(5))
            try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "more")))
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(11))
        #expect(!channel.isActive)
    }

    @Test func aClientThatTakesNothingIsLetGo() throws {
        let (waiting, channel) = (Waiting(), EmbeddedChannel())
        try channel.pipeline.syncOperations.addHandler(
            ConnectionDeadlineHandler(limits: ConnectionLimits()) { _ in waiting.bytes })
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/cam/mpegts")
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        // It takes a little each time.
        for bytes in (1...20).reversed() {
            waiting.bytes = bytes
            channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(30))
        #expect(!channel.isActive)
    }

    @Test func aClientThatTakesLessThanIsWrittenIsKept() throws {
        let (waiting, channel) = (Waiting(), EmbeddedChannel())
        try channel.pipeline.syncOperations.addHandler(
            ConnectionDeadlineHandler(limits: ConnectionLimits()) { _ in
                waiting.bytes
            } acknowledged: { _ in
                waiting.taken
            })
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/cam/mpegts")
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        for _ in 0..<20 {
            waiting.bytes += 100_000
            waiting.taken += 900_000
            channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(30))
        #expect(!channel.isActive)
    }

    /// Neither what waits in the kernel here nor what was only written counts as taken.
    @Test(.timeLimit(.minutes(5))) func theKernelSaysWhatAClientHasTaken() async throws {
        let accepted = AsyncStream.makeStream(of: (any Channel).self)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                accepted.continuation.yield(channel)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        defer { server.close(promise: nil) }
        let client = try #require(SlowClient(port: server.localAddress?.port ?? 0, request: "x"))
        defer { client.close() }
        var channels = accepted.stream.makeAsyncIterator()
        let channel = try #require(await channels.next())
        let before = try #require(try await channel.eventLoop.submit { acknowledgedBytes(of: channel) }.get())
        channel.writeAndFlush(ByteBuffer(repeating: 7, count: 16 << 20), promise: nil)
        #expect(client.read(1 << 20).count == 1 << 20)
        // What the client has read has reached it, and it says so soon.
        var taken: Int64 = 0
        while taken - before < 1 << 20 {
            taken = try #require(try await channel.eventLoop.submit { acknowledgedBytes(of: channel) }.get())
        }
        #expect(taken - before < 2 << 20)
        try await channel.close()
        #expect(try await channel.eventLoop.submit { acknowledgedBytes(of: channel) }.get() == nil)
        #expect(acknowledgedBytes(of: EmbeddedChannel()) == nil)
    }
}
