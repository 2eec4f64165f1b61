// Answers players' requests on a connection itself and passes every other request on.
import ArchiveStorage
import LiveStream
package import NIOCore
package import NIOHTTP1
import NIOPosix

/// One for a connection, behind the HTTP codec with pipelining assistance (which hands over a request only when the one
/// before is answered) and before the handlers of the API.
///
///     idle ─ head of a player's request ─► collecting ─ end ─► held ─► waiting (stream starts) ─► streaming
///       └─── head of another request ────► passing ─ end ─► idle                        └─► idle (answered)
///
/// A request is held while the client has too much to take of the answers before; nothing more is read from it then. An endless
/// answer ends with the connection.
package final class MediaRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundOut = HTTPServerResponsePart

    enum State {
        case idle
        case passing
        case collecting(MediaRequest)
        /// Complete, and answered when there is room for the answer.
        case held(MediaRequest)
        case waiting(Scheduled<Void>)
        /// An archive is asked, or its file is being sent.
        case reading
        case streaming(LiveViewer, session: UInt64?)
        case exporting(ExportSender)
        case following(ArchiveFollower, session: UInt64?)
        /// Another server's file or endless stream is handed over.
        case handing(LongAnswer, session: UInt64?)
        case closing
    }

    /// How often a stream that is starting is looked at.
    private static let waitStep = TimeAmount.milliseconds(100)

    let service: PlaybackService
    let scheme: String
    private let pendingBytes: (any Channel) -> Int
    var state = State.idle
    /// Of the client, as it was when the request came: a connection that broke while it was answered has none any more.
    var clientAddress = ""
    private var isAnsweringHeld = false
    /// The client sends nothing more.
    private var isInputClosed = false

    /// - Parameter isSecure: the connection is TLS: redirects to peers whose public address has no scheme say `https`.
    package convenience init(service: PlaybackService, isSecure: Bool = false) {
        self.init(service: service, isSecure: isSecure, pendingBytes: waitingBytes)
    }

    init(service: PlaybackService, isSecure: Bool, pendingBytes: @escaping (any Channel) -> Int) {
        self.service = service
        scheme = isSecure ? "https" : "http"
        self.pendingBytes = pendingBytes
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .idle):
            guard let request = MediaRequest(head) else {
                state = .passing
                context.fireChannelRead(data)
                return
            }
            if clientAddress.isEmpty { clientAddress = context.remoteAddress?.ipAddress ?? "" }
            state = .collecting(request)
        case (.end, .passing):
            state = .idle
            context.fireChannelRead(data)
        case (_, .passing): context.fireChannelRead(data)
        case (.end, .collecting(let request)):
            state = .held(request)
            answerHeld(context: context)
        // The body of a player's request means nothing.
        default: break
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        answerHeld(context: context)
        context.fireChannelWritabilityChanged()
    }

    /// While one answer is written the pipelining handler hands over the next request: that one waits for its turn in this loop,
    /// or a thousand of them would be answered inside one another.
    private func answerHeld(context: ChannelHandlerContext) {
        guard !isAnsweringHeld else { return }
        isAnsweringHeld = true
        defer { isAnsweringHeld = false }
        while case .held(let request) = state, context.channel.isWritable {
            state = .idle
            answer(request, until: context.eventLoop.now + service.limits.startWait, context: context)
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed, isAnsweringOnce {
            // Who is behind would close the connection before the answer.
            isInputClosed = true
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// An answer with an end has yet to be given, or a part of it.
    private var isAnsweringOnce: Bool {
        switch state {
        case .held, .waiting, .reading, .exporting, .handing(_, session: nil): true
        case .idle, .passing, .collecting, .streaming, .following, .handing, .closing: false
        }
    }

    /// The connection goes on after the answer to `request`.
    func isKept(_ request: MediaRequest) -> Bool { request.isKeepAlive && !isInputClosed }

    package func channelInactive(context: ChannelHandlerContext) {
        abandon()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { abandon() }

    /// The connection is gone: nobody waits and nobody watches any more.
    func abandon() {
        switch state {
        case .waiting(let timer): timer.cancel()
        case .streaming(let viewer, let session):
            viewer.stop()
            if let session { service.sessions.close(session) }
        case .exporting(let sender): sender.stop()
        case .following(let follower, let session):
            follower.stop()
            if let session { service.sessions.close(session) }
        case .handing(let answer, let session):
            answer.stop()
            if let session { service.sessions.close(session) }
        case .idle, .passing, .collecting, .held, .reading, .closing: break
        }
        state = .closing
    }

    func answer(_ request: MediaRequest, until deadline: NIODeadline, context: ChannelHandlerContext) {
        guard let (name, asked) = request.media else {
            finish(request, request.refusal, context: context)
            return
        }
        let location = service.directory.locate(name)
        var route = asked
        if case .archive(let part) = route, case .here(let stream) = location, stream.prefersTransportStreamSegments,
            !request.namesContainer
        {
            route = .archive(part.inTransportStream)
        }
        if let archive = service.archive, case .archive(let part) = route,
            let course = part.course(at: archive.now()), let store = archive.directory.store(of: name)
        {
            // What will be recorded from now on is where the stream runs.
            if case .elsewhere(let base, let peer) = location {
                return answer(
                    request, route, of: name, base: base, peer: peer, until: deadline, context: context)
            }
            if !request.isHead { return follow(request, course, of: name, archive, store, context: context) }
        }
        if let archive = service.archive, case .archive = route, archive.directory.store(of: name) != nil {
            let words = "The archive of '\(name)' is not open at this moment."
            read(
                request, route, of: name, from: archive,
                otherwise: .text(.serviceUnavailable, words, headers: [("Retry-After", "5")]), else: location,
                until: deadline, context: context)
            return
        }
        if let archive = service.archive, archive.mayHave(route, of: name),
            !isInWindow(route, request, location, at: context.eventLoop.now)
        {
            let words = "Neither the live window nor the archive of '\(name)' has such a track or segment."
            read(
                request, route, of: name, from: archive, otherwise: .text(.notFound, words), else: location,
                until: deadline, context: context)
            return
        }
        switch location {
        case .here(let stream):
            if !request.isHead, let form = LiveForm(route, stream.window, withData: request.isRelayed) {
                begin(request, form, stream, route, context: context)
            } else if let answer = FiniteAnswers.answer(
                route, request: request, stream: stream, service: service, at: context.eventLoop.now)
            {
                finish(request, relayedBefore(route, of: name, request, answer), route, of: name, context: context)
            } else {
                let reason = "The stream '\(name)' is starting: it has no complete segment yet."
                wait(request, reason: reason, retryAfter: 1, until: deadline, context: context)
            }
        case .elsewhere(let base, let peer):
            answer(request, route, of: name, base: base, peer: peer, until: deadline, context: context)
        case .starting where route == .embedPage:
            // The page says by itself that the stream is away, and comes back.
            finish(request, FiniteAnswers.page(title: name, request: request), context: context)
        case .starting where answerFromMemory(request, route, of: name, context: context): break
        case .starting(let reason, let retryAfter):
            let words = "The stream '\(name)' is not running at this moment: \(reason)"
            wait(request, reason: words, retryAfter: retryAfter, until: deadline, context: context)
        case .unknown:
            finish(request, .text(.notFound, "There is no stream '\(name)' on this server."), context: context)
        }
    }

    func wait(
        _ request: MediaRequest, reason: String, retryAfter: Int, until deadline: NIODeadline,
        context: ChannelHandlerContext
    ) {
        guard context.eventLoop.now < deadline else {
            let headers = [("Retry-After", String(max(1, retryAfter)))]
            finish(request, .text(.serviceUnavailable, reason, headers: headers), context: context)
            return
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        state = .waiting(
            context.eventLoop.scheduleTask(in: Self.waitStep) {
                let (handler, context) = bound.value
                guard case .waiting = handler.state else { return }
                handler.state = .idle
                handler.answer(request, until: deadline, context: context)
            })
    }

    /// The same for media, which is counted.
    func finish(
        _ request: MediaRequest, _ answer: MediaAnswer, _ route: MediaRoute, of stream: String,
        context: ChannelHandlerContext
    ) {
        finish(request, answer, context: context)
        let bytes = answer.pieces.reduce(0) { $0 + $1.readableBytes }
        count(request, route, bytes: bytes, of: stream, context: context)
    }

    /// Writes a whole answer. What waits for a slow client is at most one segment, shared with the window.
    func finish(_ request: MediaRequest, _ answer: MediaAnswer, context: ChannelHandlerContext) {
        // An HTTP/1.1 head without a length would be given a chunked body, which HEAD must not have (RFC 9110 §9.3.2).
        let isKept = isKept(request) && !answer.isEndless
        state = isKept ? .idle : .closing
        let head = answer.isEndless ? request.endlessHead(answer.headers) : request.responseHead(answer)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !request.isHead {
            for piece in answer.pieces { context.write(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil) }
        }
        end(isKeepAlive: isKept, context: context)
    }

    func end(isKeepAlive: Bool, context: ChannelHandlerContext) {
        guard !isKeepAlive else {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            return
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    func begin(
        _ request: MediaRequest, _ form: LiveForm, _ stream: any ReadableStream, _ route: MediaRoute,
        context: ChannelHandlerContext
    ) {
        let (session, counters) = openSession(
            request, of: stream.name, route == .transportStream ? .mpegts : .mp4)
        let window = stream.window
        let backlog = ViewerBacklog(
            configured: service.limits.pendingBytesMax,
            startBytes: window.segments.suffix(2).reduce(0) { $0 + $1.byteCount })
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let viewer = LiveViewer(
            context: context, form: form, counters: counters, backlog: backlog, mayUseFiles: scheme == "http",
            pendingBytes: pendingBytes,
            finished: {
                let (handler, context) = bound.value
                handler.abandon()
                handler.end(isKeepAlive: false, context: context)
            })
        state = .streaming(viewer, session: session)
        context.writeAndFlush(wrapOutboundOut(.head(request.endlessHead(form))), promise: nil)
        viewer.start(on: stream)
    }

    /// A session for an endless answer. The viewers of another server are counted there.
    func openSession(
        _ request: MediaRequest, of stream: String, _ form: ViewerProtocol
    ) -> (id: UInt64?, counters: SessionCounters) {
        guard !request.isRelayed else { return (nil, SessionCounters()) }
        return service.sessions.open(
            stream: stream, viewerProtocol: form, address: clientAddress, userAgent: request.userAgent)
    }

    func count(
        _ request: MediaRequest, _ route: MediaRoute, bytes: Int, of stream: String, context: ChannelHandlerContext
    ) {
        // The viewers of another server are counted there.
        guard route.isCounted, !request.isRelayed else { return }
        service.sessions.requestAnswered(
            stream: stream, address: clientAddress, userAgent: request.userAgent,
            byteCount: request.isHead ? 0 : bytes, at: context.eventLoop.now)
    }
}
