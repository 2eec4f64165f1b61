// A client that goes away while it is answered is still the viewer that it was.
import LiveStream
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Playback

/// What a socket does whose other end has gone: with the first write the connection is closed and knows no address any more.
private final class BreaksWithTheFirstWrite: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart
    private let channel: EmbeddedChannel

    init(_ channel: EmbeddedChannel) { self.channel = channel }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        channel.remoteAddress = nil
        promise?.fail(ChannelError.ioOnClosedChannel)
        context.close(promise: nil)
    }
}

@Suite struct BrokenConnectionTests {
    @Test(arguments: ["track-1.m3u8", "mpegts"]) func aViewerWhoseConnectionBreaksIsCountedOnce(path: String) throws {
        let stream = LoopbackTests.fullStream()
        let service = PlaybackService(
            directory: FakeDirectory { _ in .here(stream) }, sessions: SessionRegistry { 1_750_000_000_000 })
        func ask(breaking: Bool) throws {
            let channel = EmbeddedChannel()
            if breaking { try channel.pipeline.syncOperations.addHandler(BreaksWithTheFirstWrite(channel)) }
            try channel.pipeline.syncOperations.addHandler(MediaRequestHandler(service: service))
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
            channel.remoteAddress = try SocketAddress(ipAddress: "192.0.2.1", port: 5000)
            let head = HTTPRequestHead(
                version: .http1_1, method: .GET, uri: "/cam/one/\(path)", headers: ["User-Agent": "Lavf"])
            try channel.writeInbound(HTTPServerRequestPart.head(head))
            try channel.writeInbound(HTTPServerRequestPart.end(nil))
            channel.embeddedEventLoop.run()
            if channel.isActive { _ = try channel.finish(acceptAlreadyClosed: true) }
        }
        try ask(breaking: false)
        try ask(breaking: true)
        let sessions = service.sessions.sessions(at: .uptimeNanoseconds(1))
        #expect(Set(sessions.map(\.address)).isSubset(of: ["192.0.2.1"]), "\(sessions)")
        // A connection that carries an endless stream is a viewer as long as it stands.
        #expect(sessions.count == (path == "mpegts" ? 0 : 1), "\(sessions)")
    }
}
