// A small HTTP server on loopback that answers by path: what a tshttp:// input may meet.
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One answer of the server.
enum OriginAnswer: Sendable {
    case status(HTTPResponseStatus, headers: [(String, String)] = [])
    /// A body in pieces of `pieceSize`; then the end, or nothing more for ever.
    case body([UInt8], pieceSize: Int, ends: Bool)
    /// Tells by status whether the Authorization header is this one.
    case ifAuthorized(String, [UInt8])
}

final class HTTPOrigin: Sendable {
    let port: Int
    private let channel: any Channel

    /// - Parameter tls: nil for plain HTTP.
    init(_ answers: [String: OriginAnswer], tls: TLSConfiguration? = nil) async throws {
        let tls = try tls.map { try NIOSSLContext(configuration: $0) }
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(OriginHandler(answers: answers))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    func close() async throws { try await channel.close() }
}

private final class OriginHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answers: [String: OriginAnswer]

    init(answers: [String: OriginAnswer]) { self.answers = answers }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let request) = unwrapInboundIn(data) else { return }
        switch answers[request.uri] ?? .status(.notFound) {
        case .status(let status, let headers):
            write(context, status, headers, nil, ends: true)
        case .body(let bytes, let pieceSize, let ends):
            write(context, .ok, [("Content-Type", "video/mp2t")], (bytes, pieceSize), ends: ends)
        case .ifAuthorized(let wanted, let bytes):
            let isWanted = request.headers.first(name: "Authorization") == wanted
            write(context, isWanted ? .ok : .unauthorized, [], isWanted ? (bytes, 4096) : nil, ends: !isWanted)
        }
    }

    private func write(
        _ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ headers: [(String, String)],
        _ body: (bytes: [UInt8], pieceSize: Int)?, ends: Bool
    ) {
        var headers = HTTPHeaders(headers)
        if body == nil { headers.add(name: "Content-Length", value: "0") }
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if let body {
            for start in stride(from: 0, to: body.bytes.count, by: body.pieceSize) {
                let piece = body.bytes[start..<min(start + body.pieceSize, body.bytes.count)]
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: piece)))), promise: nil)
            }
        }
        if ends { context.write(wrapOutboundOut(.end(nil)), promise: nil) }
        context.flush()
    }
}
