// A server with some connections on one event loop, without sockets: bytes in, bytes out.
import Foundation
import LiveStream
import Media
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization

@testable import Playback

/// Where the stream of a conversation is.
private final class Place: Sendable {
    private let state: Mutex<(stream: FakeStream, isAway: Bool)>

    init(_ stream: FakeStream) { state = Mutex((stream, false)) }

    var stream: FakeStream {
        get { state.withLock { $0.stream } }
        set { state.withLock { $0.stream = newValue } }
    }

    func move() { state.withLock { $0.isAway.toggle() } }

    func locate(_ name: String) -> StreamLocation {
        switch name {
        case "cam/one":
            state.withLock {
                $0.isAway ? .elsewhere(baseURL: "http://there:80", peer: "there") : .here($0.stream)
            }
        case "far": .elsewhere(baseURL: "http://other:80", peer: "other")
        default: .unknown
        }
    }
}

/// One server; with the fast path or without it, else the same.
final class BenchServer {
    let service: PlaybackService
    private let place = Place(BenchServer.newStream())
    private let chunks: [Chunk]
    private let hasFastPath: Bool
    private let socketTakes: ((Int) -> Int)?
    private var fed = 0
    private let loop = EmbeddedEventLoop()
    private var connections: [EmbeddedChannel] = []
    /// What the connections' sockets were given past their channels.
    private var wires: [ObjectIdentifier: Wire] = [:]
    /// Requests that came as far as the HTTP codec.
    private let parsed = Counter()
    private let files = FileReading()

    private static func newStream() -> FakeStream { FakeStream("cam/one", segments: 3) }

    /// - Parameter socketTakes: of so many bytes that are given to a connection's socket directly; nil: it has none.
    init(
        hasFastPath: Bool, chunks: [Chunk], connections count: Int = Conversation.connections,
        socketTakes: ((Int) -> Int)? = nil
    ) throws {
        self.chunks = chunks
        self.hasFastPath = hasFastPath
        self.socketTakes = socketTakes
        service = PlaybackService(
            directory: FakeDirectory { [place] in place.locate($0) },
            sessions: SessionRegistry { 1_750_000_000_000 })
        for _ in 0..<count { connections.append(try newConnection()) }
        for _ in 0..<Conversation.chunksBefore { feed() }
    }

    private func newConnection() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handlers: [], loop: loop)
        let pipeline = channel.pipeline.syncOperations
        let deadlines = ConnectionDeadlineHandler()
        try pipeline.addHandler(files)
        if hasFastPath {
            let wire = Wire(channel, takes: socketTakes)
            wires[ObjectIdentifier(channel)] = wire
            try pipeline.addHandler(
                FastPathHandler(service: service, deadlines: deadlines, isSecure: false) { [socketTakes] _ in
                    socketTakes == nil ? nil : wire
                })
        }
        try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
        try pipeline.addHandlers([parsed, deadlines, MediaRequestHandler(service: service), NotOurs()])
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        return channel
    }

    var parsedCount: Int { parsed.heads }
    /// Parts of the answers that were written from files.
    var fileCount: Int { files.count }
    var areActive: [Bool] { connections.map(\.isActive) }

    func viewers() -> [ViewerSession] { service.sessions.sessions(at: loop.now) }

    func feed() {
        guard fed < chunks.count else { return }
        place.stream.feed(chunks[fed])
        fed += 1
    }

    /// What comes out on each connection.
    func happens(_ happening: Happening) throws -> [ByteBuffer] {
        switch happening {
        case .connected(let number):
            _ = try? connections[number].finish(acceptAlreadyClosed: true)
            connections[number] = try newConnection()
        case .received(let number, let bytes):
            // What a handler complains of ends in an answer or in the connection's end, and these are looked at.
            if connections[number].isActive { _ = try? connections[number].writeInbound(ByteBuffer(bytes: bytes)) }
        case .chunk: feed()
        case .begunAnew:
            place.stream.end()
            place.stream = Self.newStream()
            feed()
        case .moved: place.move()
        case .passed(let milliseconds): loop.advanceTime(by: .milliseconds(milliseconds))
        }
        loop.run()
        return try connections.map(sent)
    }

    func fire(_ event: ChannelEvent, on number: Int) {
        connections[number].pipeline.fireUserInboundEventTriggered(event)
        loop.run()
    }

    func close() { for channel in connections { _ = try? channel.finish(acceptAlreadyClosed: true) } }

    /// Bytes that sockets were given past their channels.
    var directCount: Int { wires.values.reduce(0) { $0 + $1.directCount } }

    private func sent(_ channel: EmbeddedChannel) throws -> ByteBuffer {
        var bytes = wires[ObjectIdentifier(channel)]?.carried() ?? ByteBuffer()
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes.writeImmutableBuffer(buffer) }
        return bytes
    }
}

/// What a client sees of one connection, in the order in which the socket was given it.
private final class Wire: DirectSocket {
    private weak var channel: EmbeddedChannel?
    private let takes: ((Int) -> Int)?
    private var bytes = ByteBuffer()
    private(set) var directCount = 0

    init(_ channel: EmbeddedChannel, takes: ((Int) -> Int)?) {
        self.channel = channel
        self.takes = takes
    }

    func carried() -> ByteBuffer {
        defer { bytes.clear() }
        return bytes
    }

    func take(_ given: GatheredBytes) -> Int {
        // The channel has written this before; what it has yet to write comes later.
        while let buffer = try? channel?.readOutbound(as: ByteBuffer.self) { bytes.writeImmutableBuffer(buffer) }
        let count = takes?(given.byteCount) ?? 0
        bytes.writeBytes(given.pieces.flatMap { Array($0.readableBytesView) }.prefix(count))
        directCount += count
        return count
    }
}

private final class Counter: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPServerRequestPart
    private let count = Mutex(0)
    var heads: Int { count.withLock { $0 } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) { count.withLock { $0 += 1 } }
        context.fireChannelRead(data)
    }
}

/// Reads files as they are written, as a socket does: later they may be closed.
final class FileReading: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData
    private(set) var count = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .fileRegion(let region) = unwrapOutboundIn(data) else {
            context.write(data, promise: promise)
            return
        }
        count += 1
        do {
            let bytes = try region.fileHandle.withUnsafeFileDescriptor { descriptor in
                let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
                try file.seek(toOffset: UInt64(region.readerIndex))
                return try file.read(upToCount: region.readableBytes) ?? Data()
            }
            context.write(wrapOutboundOut(.byteBuffer(ByteBuffer(bytes: bytes))), promise: promise)
        } catch {
            context.close(promise: nil)
        }
    }
}
