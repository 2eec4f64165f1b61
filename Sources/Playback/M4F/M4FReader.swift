// One receiver of M4F: writes the messages of its session to its connection.
internal import LiveStream
internal import M4F
internal import Media
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Follows a stream for another server. The chunk's bytes are those of the window, written as they are.
///
/// `@unchecked Sendable`: all state is touched on the connection's event loop only, which every entry checks.
final class M4FReader: ChunkReader, @unchecked Sendable {
    /// After so long without a chunk the other side is told that this one lives.
    private static let keepAlive = TimeAmount.seconds(1)
    private static let pendingBytesMin = 16 << 20

    let eventLoop: any EventLoop
    private let context: ChannelHandlerContext
    private let utc: @Sendable () -> MediaTime
    private let finished: () -> Void
    private let counters: SessionCounters
    private let wantsTimelineOnly: Bool
    private var sender: LiveSender
    private var handle: ReaderHandle?
    private var timer: RepeatedTask?
    private var pendingBytesMax = M4FReader.pendingBytesMin
    private var hasSentLately = false
    private var isStopped = false

    init(
        context: ChannelHandlerContext, sender: LiveSender, wantsTimelineOnly: Bool, counters: SessionCounters,
        utc: @escaping @Sendable () -> MediaTime,
        finished: @escaping () -> Void
    ) {
        eventLoop = context.eventLoop
        self.context = context
        self.sender = sender
        self.wantsTimelineOnly = wantsTimelineOnly
        self.utc = utc
        self.finished = finished
        self.counters = counters
    }

    func start(on stream: any ReadableStream, nonce: String, signature: PeerSignature) {
        write([sender.opening(stream: stream.name, at: utc(), nonce: nonce, signature: signature)])
        let window = stream.window
        pendingBytesMax = max(
            Self.pendingBytesMin, window.segments.suffix(2).reduce(0) { $0 + $1.byteCount } * 4)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        timer = eventLoop.scheduleRepeatedTask(initialDelay: Self.keepAlive, delay: Self.keepAlive) { _ in
            bound.value.look()
        }
        handle = stream.attach(self, kind: .peer)
        if isStopped { handle?.detach() }
    }

    /// The connection is gone or the session is over: nothing more is written.
    func stop() {
        eventLoop.preconditionInEventLoop()
        isStopped = true
        timer?.cancel()
        timer = nil
        handle?.detach()
    }

    func receive(_ delivery: ChunkDelivery) {
        eventLoop.preconditionInEventLoop()
        guard !isStopped else { return }
        guard !wantsTimelineOnly else { return put(sender.tell(delivery.timeline)) }
        let pending = bufferedWritableBytes(of: context.channel)
        guard pending <= pendingBytesMax else {
            put(sender.end(EndMessage(.tooSlow, "\(pending >> 20) MiB wait to be taken")))
            return
        }
        put(sender.send(delivery.chunk, on: delivery.timeline))
    }

    func mediaLost(reason: String) {
        eventLoop.preconditionInEventLoop()
        if !isStopped { put(sender.end(EndMessage(.noMedia, reason))) }
    }

    func streamEnded(reason: String) {
        eventLoop.preconditionInEventLoop()
        if !isStopped { put(sender.end(EndMessage(.stopped, reason))) }
    }

    private func look() {
        if !hasSentLately { put(sender.keepAlive(at: utc())) }
        hasSentLately = false
    }

    private func put(_ output: LiveSender.Output) {
        write(output.pieces)
        guard output.isOver else { return }
        stop()
        finished()
    }

    private func write(_ pieces: [ByteBuffer]) {
        guard !pieces.isEmpty else { return }
        hasSentLately = true
        for piece in pieces {
            counters.bytes.wrappingAdd(piece.readableBytes, ordering: .relaxed)
            context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(piece))), promise: nil)
        }
        context.flush()
    }
}
