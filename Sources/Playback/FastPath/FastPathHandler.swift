// Answers what players ask for most before an HTTP parser sees it, and lets everything else through to the parser.
import LiveStream
package import NIOCore
import NIOHTTP1

/// The first handler of a connection, in front of the HTTP codec.
///
///     open ─ plain request, answer at hand ─► open (answered here)
///      ├──── another whole request ────► passing ─ answered by the handlers behind ─► open
///      └──── anything else ────────────► closed        passing ─ more bytes ─► closed
///
/// Closed is for good: then only the parser knows where a request begins. Answers never mix: here is answered only while nothing
/// is with the handlers behind.
package final class FastPathHandler: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundOut = IOData

    private enum State { case open, passing, closed }

    private let service: PlaybackService
    private let deadlines: ConnectionDeadlineHandler
    private let mayUseFiles: Bool
    private var state = State.open
    /// The begin of a request.
    private var held: ByteBuffer?
    /// Of the bytes of this turn some went on.
    private var hasPassed = false
    private var prepared: PreparedAnswers?
    /// nil where bytes do not go to the socket as they are.
    private var socket: (any DirectSocket)?
    private let socketOf: (any Channel) -> (any DirectSocket)?
    private let waitingBytes: (any Channel) -> Int
    /// Something may have been written to the channel since nothing waited there.
    private var mayWait = false
    private var needsFlush = false
    private var clientAddress = ""
    // A client says the same in each of its requests.
    private var userAgent = ""
    private var acceptEncoding = ""
    private var acceptsGzip = false
    /// To which the last request was counted; further ones of the same viewer are counted without looking for it.
    private var session: (stream: String, counters: SessionCounters)?

    /// - Parameters:
    ///   - deadlines: of this connection: an answer from here counts for it like any other.
    ///   - isSecure: the connection is TLS, which has to see the bytes.
    package convenience init(service: PlaybackService, deadlines: ConnectionDeadlineHandler, isSecure: Bool) {
        self.init(service: service, deadlines: deadlines, isSecure: isSecure) { KernelSocket(of: $0) }
    }

    /// - Parameters:
    ///   - waitingBytes: written to the channel and not yet taken by its socket.
    ///   - socketOf: nil for a channel that has none.
    init(
        service: PlaybackService, deadlines: ConnectionDeadlineHandler, isSecure: Bool,
        waitingBytes: @escaping (any Channel) -> Int = bufferedWritableBytes,
        socketOf: @escaping (any Channel) -> (any DirectSocket)?
    ) {
        self.service = service
        self.deadlines = deadlines
        self.socketOf = socketOf
        self.waitingBytes = waitingBytes
        mayUseFiles = !isSecure
        deadlines.fastPath = self
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        prepared = service.preparedAnswers(on: context.eventLoop)
        if mayUseFiles { socket = socketOf(context.channel) }
    }

    /// The handlers behind have answered.
    func answered() {
        if state == .passing { state = .open }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state == .open else {
            state = .closed
            pass(data, context: context)
            return
        }
        var bytes = unwrapInboundIn(data)
        if var begun = held {
            held = nil
            begun.writeBuffer(&bytes)
            bytes = begun
        }
        take(bytes, context: context)
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        guard hasPassed else { return }
        hasPassed = false
        context.fireChannelReadComplete()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        // The end of what comes, or of the server: who is behind knows what to do with half a request, but closes where nothing
        // is asked, and what the client has not taken by then would be lost.
        letThrough(context: context)
        whenTaken(context) { context.fireUserInboundEventTriggered(event) }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        letThrough(context: context)
        context.fireChannelInactive()
    }

    private func letThrough(context: ChannelHandlerContext) {
        state = .closed
        guard let bytes = held else { return }
        held = nil
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
    }

    private func pass(_ data: NIOAny, context: ChannelHandlerContext) {
        hasPassed = true
        context.fireChannelRead(data)
    }

    private func take(_ received: ByteBuffer, context: ChannelHandlerContext) {
        var bytes = received
        defer {
            if needsFlush {
                needsFlush = false
                context.flush()
            }
        }
        while bytes.readableBytes > 0 {
            let reading = bytes.withUnsafeReadableBytes { PlainRequest.read($0) }
            switch reading {
            case .incomplete:
                held = bytes
                return
            case .head(let request) where answer(request, in: bytes, context: context):
                bytes.moveReaderIndex(forwardBy: request.length)
            case .head(let request) where request.length == bytes.readableBytes:
                state = .passing
                mayWait = true
                return pass(wrapInboundOut(bytes), context: context)
            case .head, .other:
                state = .closed
                return pass(wrapInboundOut(bytes), context: context)
            }
        }
    }

    /// False: nothing was written, and the handlers behind answer.
    private func answer(_ request: PlainRequest, in buffer: ByteBuffer, context: ChannelHandlerContext) -> Bool {
        // What waits for a slow client is bounded by the handlers behind.
        guard request.isPlain, let prepared, context.channel.isWritable else { return false }
        let (name, last) = buffer.withUnsafeReadableBytes { bytes in
            note(request, in: bytes)
            return (
                Self.text(bytes, min(request.path.lowerBound + 1, request.lastSlash)..<request.lastSlash),
                Self.text(bytes, request.lastSlash + 1..<request.path.upperBound)
            )
        }
        let now = context.eventLoop.now
        guard
            let (answer, isCounted) = prepared.find(
                last, of: name, acceptsGzip: acceptsGzip, service: service, at: now)
        else { return false }
        if isCounted { count(answer.byteCount, of: name, at: now, context: context) }
        // Several requests at once are answered together.
        let isAlone = !needsFlush && request.length == buffer.readableBytes
        if answer.send(
            to: context, past: isAlone && nothingWaits(context) ? socket : nil, mayUseFiles: mayUseFiles)
        {
            needsFlush = true
            mayWait = true
        }
        deadlines.answeredBefore(at: now)
        return true
    }

    /// In the channel, which is open: the socket's next bytes are whatever it is given next.
    private func nothingWaits(_ context: ChannelHandlerContext) -> Bool {
        guard context.channel.isActive else { return false }
        if mayWait { mayWait = waitingBytes(context.channel) > 0 }
        return !mayWait
    }

    private func count(_ bytes: Int, of stream: String, at now: NIODeadline, context: ChannelHandlerContext) {
        if let session, session.stream == stream, session.counters.requestAnswered(byteCount: bytes, at: now) { return }
        if clientAddress.isEmpty { clientAddress = context.remoteAddress?.ipAddress ?? "" }
        session = service.sessions.requestAnswered(
            stream: stream, address: clientAddress, userAgent: userAgent, byteCount: bytes, at: now
        ).map { (stream, $0) }
    }

    private func note(_ request: PlainRequest, in bytes: UnsafeRawBufferPointer) {
        if !Self.isSame(userAgent, bytes, request.userAgent) {
            userAgent = Self.text(bytes, request.userAgent ?? 0..<0)
            session = nil
        }
        guard !Self.isSame(acceptEncoding, bytes, request.acceptEncoding) else { return }
        acceptEncoding = Self.text(bytes, request.acceptEncoding ?? 0..<0)
        acceptsGzip = MediaAnswer.acceptsGzip(["Accept-Encoding": acceptEncoding])
    }

    private static func text(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    private static func isSame(_ text: String, _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>?) -> Bool {
        guard let range, !range.isEmpty else { return text.isEmpty }
        return text.utf8.count == range.count && text.utf8.elementsEqual(bytes[range])
    }
}
