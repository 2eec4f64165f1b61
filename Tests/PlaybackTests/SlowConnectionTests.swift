// Connections that are too slow: which chunks a viewer is given again, and when a client is let go.
import LiveStream
import Media
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Playback

/// What waits for the socket, as the test says.
private final class Waiting {
    var bytes = 0
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
}
