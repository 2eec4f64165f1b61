// An HTTP server of the test that takes what is posted to it.
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Keeps every body that is posted. Answers with the given statuses first, then with 200.
final class PostBox: Sendable {
    struct Post: Sendable {
        var path: String
        var body: String
        /// What it was answered.
        var status: Int
    }

    /// What handlers share with the box.
    final class Shelf: Sendable {
        private struct State {
            var statuses: [Int]
            var posts: [Post] = []
        }

        private let state: Mutex<State>
        init(_ statuses: [Int]) { state = Mutex(State(statuses: statuses)) }
        var posts: [Post] { state.withLock { $0.posts } }

        /// Returns the status to answer with.
        func put(_ path: String, _ body: String) -> Int {
            state.withLock { state in
                let status = state.statuses.isEmpty ? 200 : state.statuses.removeFirst()
                state.posts.append(Post(path: path, body: body, status: status))
                return status
            }
        }
    }

    private let shelf: Shelf
    private let channel: any Channel

    init(answering statuses: [Int] = []) async throws {
        let shelf = Shelf(statuses)
        self.shelf = shelf
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(PostHandler(shelf))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    deinit { channel.close(promise: nil) }

    var posts: [Post] { shelf.posts }
    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
}

private final class PostHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let shelf: PostBox.Shelf
    private var path = ""
    private var body = ByteBuffer()

    init(_ shelf: PostBox.Shelf) { self.shelf = shelf }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            path = head.uri
            body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            let status = shelf.put(path, String(buffer: body))
            let head = HTTPResponseHead(
                version: .http1_1, status: .init(statusCode: status), headers: ["Content-Length": "0"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
