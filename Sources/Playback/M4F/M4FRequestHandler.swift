// Answers other servers that ask for live media, and passes every other request on.
internal import LiveStream
internal import M4F
internal import Media
package import NIOCore
package import NIOHTTP1

/// One for a connection, behind the HTTP codec with pipelining assistance and before `MediaRequestHandler`.
///
///     idle ─ head of a request for M4F ─► collecting ─ end ─► streaming ─► closed
///       └─── head of another ─► passing ─ end ─► idle           └─► idle (refused)
package final class M4FRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case passing
        case collecting(HTTPRequestHead)
        case streaming(M4FReader, session: UInt64)
        case closing
    }

    private let service: M4FService
    private let isSecure: Bool
    private var state = State.idle

    package init(service: M4FService, isSecure: Bool) {
        self.service = service
        self.isSecure = isSecure
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .idle) where head.uri.hasPrefix(M4FPath.live): state = .collecting(head)
        case (.head, .idle):
            state = .passing
            context.fireChannelRead(data)
        case (.end, .passing):
            state = .idle
            context.fireChannelRead(data)
        case (_, .passing): context.fireChannelRead(data)
        case (.end, .collecting(let head)): answer(head, context: context)
        // A body would not be signed.
        default: break
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        abandon()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { abandon() }

    private func abandon() {
        if case .streaming(let reader, let session) = state {
            reader.stop()
            service.sessions.close(session)
        }
        state = .closing
    }

    private func answer(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        switch service.decide(method: head.method, target: head.uri, headers: head.headers, isSecure: isSecure) {
        case .refuse(let answer): refuse(head, answer, context: context)
        case .send(let stream, let request, let receiver, let nonce, let identity):
            guard let signature = identity.signature else { return }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let (session, counters) = service.sessions.open(
                stream: stream.name, viewerProtocol: .m4f, address: context.remoteAddress?.ipAddress ?? "",
                userAgent: "weir \(receiver.name)")
            let reader = M4FReader(
                context: context, sender: LiveSender(own: identity.server, receiver: receiver),
                wantsTimelineOnly: request.wantsTimelineOnly, counters: counters,
                utc: service.utc,
                finished: {
                    let (handler, context) = bound.value
                    handler.abandon()
                    handler.close(context: context)
                })
            state = .streaming(reader, session: session)
            // HTTP/1.0 framing, as for all endless answers: nothing is framed per receiver.
            let headers = HTTPHeaders([
                ("Content-Type", "application/x-weir-m4f"), ("Cache-Control", "no-store"), ("Connection", "close"),
            ])
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_0, status: .ok, headers: headers))),
                promise: nil)
            reader.start(on: stream, nonce: nonce, signature: signature)
        }
    }

    private func refuse(_ head: HTTPRequestHead, _ answer: M4FAnswer, context: ChannelHandlerContext) {
        // Who leaves refusals where they are gets no more of them.
        let isKept = head.isKeepAlive && context.channel.isWritable
        state = isKept ? .idle : .closing
        var headers = HTTPHeaders(answer.headers)
        headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        headers.add(name: "Content-Length", value: String(answer.text.utf8.count))
        headers.add(name: "Cache-Control", value: "no-store")
        if !isKept { headers.add(name: "Connection", value: "close") }
        let answerHead = HTTPResponseHead(version: head.version, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(answerHead)), promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.text)))), promise: nil)
        }
        if isKept {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        } else {
            close(context: context)
        }
    }

    private func close(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }
}
