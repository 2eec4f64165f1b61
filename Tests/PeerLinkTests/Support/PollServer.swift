// Polls over real connections: a PollResponder, or whatever a test wants to answer, behind an HTTP port.
import NIOCore
import NIOHTTP1
import NIOPosix

@testable import PeerLink

/// Listens on loopback until closed.
struct PollServer {
    typealias Answer = @Sendable (_ head: HTTPRequestHead, _ body: [UInt8]) async -> PeerResponse

    let channel: any Channel
    var place: String { "127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    static func start(_ answer: @escaping Answer) async throws -> PollServer {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(PollHandler(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return PollServer(channel: channel)
    }

    static func start(_ responder: PollResponder) async throws -> PollServer {
        try await start { head, body in
            await responder.handle(
                method: head.method.rawValue, path: head.uri, header: { head.headers.first(name: $0) }, body: body)
        }
    }

    func stop() async throws { try await channel.close() }
}

private final class PollHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: PollServer.Answer
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ answer: @escaping PollServer.Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part): body += Array(part.readableBytesView)
        case .end:
            guard let head else { return }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let given = context.eventLoop.makePromise(of: PeerResponse.self)
            given.completeWithTask { [answer, body] in await answer(head, body) }
            given.futureResult.whenSuccess { response in
                let (handler, context) = bound.value
                handler.write(response, context: context)
            }
        }
    }

    private func write(_ response: PeerResponse, context: ChannelHandlerContext) {
        var headers = HTTPHeaders(response.headers.map { ($0.name, $0.value) })
        headers.add(name: "Content-Length", value: String(response.body.count))
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: response.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
