// Files and endless streams out of another server's archive, for players that do not follow redirects.
import LiveStream
import NIOCore
import NIOHTTP1
import Synchronization

extension MediaRequestHandler {
    /// Asks `peer` for this player alone and hands over what comes, as it comes.
    func hand(
        _ request: MediaRequest, _ part: ArchiveRoute, of name: String, through relay: StreamRelay, peer: String,
        until deadline: NIODeadline, context: ChannelHandlerContext
    ) {
        let words = "The stream '\(name)' is on \(peer), which cannot be asked at this moment"
        guard let address = relay.address(request.target, at: peer) else {
            return wait(request, reason: "\(words).", retryAfter: 1, until: deadline, context: context)
        }
        let session: (id: UInt64?, counters: SessionCounters) =
            part.isEndless && !request.isHead
            ? openSession(request, of: name, .mpegts) : (nil, SessionCounters())
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
        let answer = LongAnswer(address, isHead: request.isHead, headers: request.headers) { piece in
            try await eventLoop.flatSubmit {
                let (handler, context) = bound.value
                guard case .handing(_, let id) = handler.state, id == session.id else {
                    return context.eventLoop.makeFailedFuture(ChannelError.alreadyClosed)
                }
                if case .unavailable(let reason) = piece {
                    if let id { handler.service.sessions.close(id) }
                    handler.state = .idle
                    handler.wait(
                        request, reason: "\(words): \(reason)", retryAfter: 1, until: deadline, context: context)
                    return context.eventLoop.makeSucceededVoidFuture()
                }
                return handler.take(piece, request, part, of: name, session.counters, context: context)
            }.get()
        }
        state = .handing(answer, session: session.id)
        relay.pass(answer)
    }

    /// Succeeds when the player has taken it.
    private func take(
        _ piece: LongAnswer.Part, _ request: MediaRequest, _ part: ArchiveRoute, of name: String,
        _ counters: SessionCounters, context: ChannelHandlerContext
    ) -> EventLoopFuture<Void> {
        let written = context.eventLoop.makePromise(of: Void.self)
        switch piece {
        case .head(let status, let headers, let length):
            let answer = MediaAnswer(status: status, headers: headers, pieces: [], length: length)
            let head = answer.isEndless ? request.endlessHead(headers) : request.responseHead(answer)
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: written)
        case .body(let bytes):
            counters.bytes.wrappingAdd(bytes.readableBytes, ordering: .relaxed)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: written)
        case .end(let isWhole):
            let isOver = part.isEndless || !isKept(request) || !isWhole
            abandon()
            state = isOver ? .closing : .idle
            if !part.isEndless {
                let bytes = counters.bytes.load(ordering: .relaxed)
                count(request, .archive(part), bytes: bytes, of: name, context: context)
            }
            // The length was promised: a client can tell by it that something is missing.
            if isWhole { end(isKeepAlive: !isOver, context: context) } else { context.close(promise: nil) }
            written.succeed()
        case .unavailable: written.succeed()
        }
        return written.futureResult
    }
}

extension ArchiveRoute {
    /// As long as somebody likes: not to be held in memory.
    var isLong: Bool {
        if case .export = self { return true }
        return isEndless
    }

    var isEndless: Bool {
        switch self {
        case .follow, .followDelayed: true
        case .range, .from, .delayed, .rewind, .export, .recordingStatus, .inTransportStream: false
        }
    }
}
