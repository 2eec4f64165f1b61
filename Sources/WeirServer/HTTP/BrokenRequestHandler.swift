// Answers what is not an HTTP request, once and in words, and lets nothing behind it answer as well.
import NIOCore
import NIOHTTP1

/// Stands right behind NIO's pipelining handler.
///
/// After an error of the HTTP parser exactly one answer may be given: NIO's pipelining handler traps at a second one. So the
/// error ends here; Hummingbird's adapter, which would answer too, never sees it. Where an answer is on its way already, the
/// connection is closed without another.
final class BrokenRequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var isAnswering = false
    private var isOver = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What follows a broken request cannot be trusted to begin where it seems to.
        if !isOver { context.fireChannelRead(data) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isOver else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head): isAnswering = head.status.code >= 200
        case .body: break
        case .end: isAnswering = false
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        guard !isOver else { return }
        isOver = true
        if !isAnswering { answer(error, context: context) }
        context.close(promise: nil)
    }

    private func answer(_ error: HTTPParserError, context: ChannelHandlerContext) {
        let status: HTTPResponseStatus =
            switch error {
            case .headerOverflow: .requestHeaderFieldsTooLarge
            case .invalidVersion: .httpVersionNotSupported
            default: .badRequest
            }
        let text = "This is no request that Weir can read: \(error). The connection is closed.\n"
        let headers = HTTPHeaders([
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "\(text.utf8.count)"),
            ("Connection", "close"),
        ])
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
