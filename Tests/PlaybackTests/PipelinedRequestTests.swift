// Clients that send one request after another and leave the answers where they are: what they hold is bounded.
import Foundation
import LiveStream
import Media
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization
import Testing

@testable import Playback

/// What a connection holds with each answer that begins.
private final class Holdings: Sendable {
    private let state = Mutex((answers: 0, files: 0, bytes: 0))
    private let last = Mutex<(any Channel)?>(nil)
    let folder: String

    init(folder: String = "/nowhere") { self.folder = folder }

    var answers: Int { state.withLock { $0.answers } }
    var filesMax: Int { state.withLock { $0.files } }
    var bytesMax: Int { state.withLock { $0.bytes } }

    var channel: (any Channel)? { last.withLock { $0 } }

    func note(_ channel: any Channel) {
        last.withLock { $0 = channel }
        let bytes = bufferedWritableBytes(of: channel)
        let files = openFiles()
        state.withLock { state in
            state.answers += 1
            state.files = max(state.files, files)
            state.bytes = max(state.bytes, bytes)
        }
    }

    private func openFiles() -> Int {
        let own = "/proc/self/fd"
        // A descriptor that was closed meanwhile leads nowhere.
        return (try? FileManager.default.contentsOfDirectory(atPath: own))?.count {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(own)/\($0)"))?
                .hasPrefix("\(folder)/cam/") ?? false
        } ?? 0
    }
}

/// Sees each answer before it goes to the socket.
private final class AnswerNotes: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart
    private let holdings: Holdings
    init(_ holdings: Holdings) { self.holdings = holdings }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .head = unwrapOutboundIn(data) { holdings.note(context.channel) }
        context.write(data, promise: promise)
    }
}

/// How many requests are handed on inside one another.
private final class Depth: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    private var depth = 0
    private(set) var deepest = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        depth += 1
        deepest = max(deepest, depth)
        context.fireChannelRead(data)
        depth -= 1
    }
}

@Suite(.timeLimit(.minutes(10))) struct PipelinedRequestTests {
    private static func gets(_ count: Int, _ path: String) -> String {
        String(repeating: "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n", count: count)
    }

    @Test func whoReadsNothingHoldsOneFileOfAnArchive() async throws {
        let recorded = try Recorded(FastPathTests.chunks)
        try await recorded.record(segments: 0..<10)
        let segment = try #require(recorded.live.window.closed.first)
        let (count, holdings) = (60, Holdings(folder: recorded.root))
        let server = try await LoopbackServer.start(
            sendBuffer: 16384, archive: recorded.playback(), first: { AnswerNotes(holdings) }
        ) { _ in .unknown }
        defer { server.channel.close(promise: nil) }
        let path = "/cam/segment-\(segment.start.ticks)-all.m4s"
        let client = try #require(SlowClient(port: server.port, request: Self.gets(count, path)))
        defer { client.close() }
        try await until { holdings.answers > 0 }
        // Each answer is there once it is read.
        while holdings.answers < count {
            try #require(client.read(segment.byteCount).count == segment.byteCount)
            if holdings.filesMax > 3 { break }
        }
        // The recorder has one open as well.
        #expect(holdings.filesMax <= 1 + 2, "\(holdings.filesMax)")
        #expect(segment.byteCount > 64 << 10)
    }

    @Test func whoReadsNothingHoldsFewPlaylists() async throws {
        let (stream, holdings) = (LoopbackTests.fullStream(), Holdings())
        let server = try await LoopbackServer.start(sendBuffer: 16384, first: { AnswerNotes(holdings) }) { _ in
            .here(stream)
        }
        defer { server.channel.close(promise: nil) }
        let (count, path) = (800, "/cam/one/index.m3u8")
        let client = try #require(SlowClient(port: server.port, request: Self.gets(count, path)))
        defer { client.close() }
        // A connection may hold sixty-four kilobytes. Whoever goes on beyond them has had turns enough for it then.
        try await until { holdings.bytesMax > 48 << 10 }
        let loop = try #require(holdings.channel).eventLoop
        for _ in 0..<100 { try await loop.submit {}.get() }
        // Of an answer that has not begun there is more than this to read.
        while holdings.answers < count { try #require(client.read(256).count == 256) }
        #expect(holdings.bytesMax <= 128 << 10, "\(holdings.bytesMax)")
    }

    @Test func answersAreNotGivenInsideOneAnother() throws {
        let service = PlaybackService(
            directory: FakeDirectory { $0 == "late" ? .starting(reason: "soon", retryAfter: 1) : .unknown },
            sessions: SessionRegistry { 0 })
        let (channel, depth) = (EmbeddedChannel(), Depth())
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
        try pipeline.addHandlers([depth, MediaRequestHandler(service: service), NotOurs()])
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        let count = 300
        let requests = Self.gets(1, "/late/index.m3u8") + Self.gets(count, "/none/index.m3u8")
        try channel.writeInbound(ByteBuffer(string: requests))
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        var answers = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { answers += String(buffer: bytes) }
        #expect(answers.components(separatedBy: "HTTP/1.1 503").count == 1 + 1)
        #expect(answers.components(separatedBy: "HTTP/1.1 404").count == 1 + count)
        #expect(depth.deepest <= 3, "\(depth.deepest)")
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test func aRequestWaitsUntilThereIsRoom() throws {
        let service = PlaybackService(directory: FakeDirectory { _ in .unknown }, sessions: SessionRegistry { 0 })
        let channel = EmbeddedChannel()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
        try pipeline.addHandlers([MediaRequestHandler(service: service), NotOurs()])
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        channel.isWritable = false
        try channel.writeInbound(ByteBuffer(string: Self.gets(2, "/none/index.m3u8")))
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        channel.embeddedEventLoop.run()
        var answers = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { answers += String(buffer: bytes) }
        #expect(answers.components(separatedBy: "HTTP/1.1 404").count == 1 + 2)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }
}
