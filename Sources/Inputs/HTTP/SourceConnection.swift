// The connection on which an endless HTTP answer comes: the client keeps to itself which it is and when it is closed.
internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// The connection of one request, for whoever has to know when it is closed: a source may allow one reader, and the client's task
/// ends before its connection does.
///
/// The request carries a number in a header, which a handler on each connection takes away again before it is written: so it
/// is known which connection it goes out on. A request that has been given up is not let out any more.
struct SourceConnection: Sendable {
    private static let header = "weir-source-connection"
    private static let requests = Mutex(Requests())

    private struct Requests {
        var nextNumber: UInt64 = 1
        /// Those that are wanted. The future: when the connection is closed that it went out on last.
        var closings: [UInt64: EventLoopFuture<Void>?] = [:]
    }

    private let number: UInt64

    init() {
        number = Self.requests.withLock { requests in
            defer { requests.nextNumber += 1 }
            requests.closings[requests.nextNumber] = .some(nil)
            return requests.nextNumber
        }
    }

    /// The request as it is to be executed, by a client whose connections are watched.
    func marked(_ request: HTTPClient.Request) -> HTTPClient.Request {
        var request = request
        request.headers.replaceOrAdd(name: Self.header, value: "\(number)")
        return request
    }

    /// Cancels the task of the request. `closed` is called once, perhaps from within, when its connection is closed; when its
    /// answer was complete, or it has not gone out and will not, at once.
    func end(_ task: HTTPClient.Task<Void>, whenClosed closed: @escaping @Sendable () -> Void) {
        let closing = forget()
        task.cancel()
        if let closing { closing.whenComplete { _ in closed() } } else { closed() }
    }

    /// The answer is over, or not wanted any more.
    @discardableResult
    func forget() -> EventLoopFuture<Void>? {
        Self.requests.withLock { $0.closings.removeValue(forKey: number) ?? nil }
    }

    /// For each new connection of a client.
    @Sendable static func watch(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(Marks(), position: .after(try pipeline.handler(type: HTTPRequestEncoder.self)))
        }
    }

    /// Takes the mark of each request away and notes where it went.
    private final class Marks: ChannelOutboundHandler {
        typealias OutboundIn = HTTPClientRequestPart
        typealias OutboundOut = HTTPClientRequestPart

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            guard case .head(var head) = unwrapOutboundIn(data),
                let number = head.headers.first(name: header).flatMap({ UInt64($0) })
            else { return context.write(data, promise: promise) }
            head.headers.remove(name: header)
            let isWanted = requests.withLock { requests in
                requests.closings[number].map { _ in requests.closings[number] = context.channel.closeFuture } != nil
            }
            if isWanted { return context.write(wrapOutboundOut(.head(head)), promise: promise) }
            promise?.fail(HTTPClientError.cancelled)
            context.close(promise: nil)
        }
    }
}
