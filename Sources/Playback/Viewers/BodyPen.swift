// Writes the body of an endless answer past the handlers that would only pass it on.
import LiveStream
import NIOCore
import NIOHTTP1

/// The way of a body without framing from a viewer to its socket.
///
/// The head was written through the whole pipeline. After it the HTTP encoder adds nothing to the body of an answer that
/// ends by closing, so the bytes enter the pipeline in front of it: half a dozen handlers less for each write.
struct BodyPen {
    private let context: ChannelHandlerContext
    /// `context` is the encoder's, and takes plain bytes.
    private let isPastEncoder: Bool
    private let socket: (any DirectSocket)?

    /// - Parameters:
    ///   - context: of the handler that answers. The head is written by itself, before the first write here.
    ///   - socket: nil where bytes do not go to it as they are.
    init(_ context: ChannelHandlerContext, socket: (any DirectSocket)? = nil) {
        self.socket = socket
        // There is none where the channel speaks in parts of HTTP, as in tests.
        let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
        self.context = encoder ?? context
        isPastEncoder = encoder != nil
        // Writable is from now on a socket for which nothing waits at all: see `isWritten`. Other channels keep theirs.
        try? context.channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: 1, high: 1))
        // Each write would tell all handlers so twice. Where this fails the channel is closed, and nothing will be written.
        try? context.pipeline.syncOperations.addHandler(WritabilityStop.shared, position: .first)
    }

    var channel: any Channel { context.channel }

    /// The socket has taken all that was written and flushed.
    var isWritten: Bool { context.channel.isWritable }

    /// Gives bytes to the socket past the channel: how many it took, none while others wait before them.
    func give(_ bytes: GatheredBytes) -> Int {
        guard let socket, isWritten, context.channel.isActive else { return 0 }
        return socket.take(bytes)
    }

    func write(_ data: IOData) {
        context.write(isPastEncoder ? NIOAny(data) : NIOAny(HTTPServerResponsePart.body(data)), promise: nil)
    }

    func flush() { context.flush() }

    /// What was written before comes from these files: they stay open until it is on its way.
    func keepUntilWritten(_ files: [MemoryFile]) {
        guard !files.isEmpty else { return }
        let written = context.eventLoop.makePromise(of: Void.self)
        let kept = NIOLoopBound(files, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in _ = kept.value.count }
        let nothing = IOData.byteBuffer(ByteBuffer())
        context.write(isPastEncoder ? NIOAny(nothing) : NIOAny(HTTPServerResponsePart.body(nothing)), promise: written)
    }
}

/// Bytes that wait for the socket of an endless answer; asks for their number only where there are any.
func waitingBytes(of channel: any Channel) -> Int { channel.isWritable ? 0 : bufferedWritableBytes(of: channel) }

/// Keeps it from all handlers that the socket takes or does not take more: of an endless answer the viewer alone writes, and it
/// asks. Stateless, so that one serves all connections.
private final class WritabilityStop: ChannelInboundHandler, Sendable {
    typealias InboundIn = Any
    static let shared = WritabilityStop()

    func channelWritabilityChanged(context: ChannelHandlerContext) {}
}
