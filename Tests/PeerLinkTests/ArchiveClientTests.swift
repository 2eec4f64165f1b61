// Requests for other servers' archives, on connections of their own.
import NIOCore
import NIOPosix
import PeerLink
import Synchronization
import Testing

/// Takes connections and what is asked on them, and answers nothing.
private final class SilentServer: Sendable {
    let readers: Readers
    private let channel: any Channel

    final class Readers: Sendable {
        private let count = Mutex(0)
        var now: Int { count.withLock { $0 } }
        func came() { count.withLock { $0 += 1 } }
    }

    init() async throws {
        let readers = Readers()
        self.readers = readers
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                readers.came()
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    deinit { channel.close(promise: nil) }

    var base: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
}

@Suite struct ArchiveClientTests {
    @Test(
        "twenty-eight orders that take their time, and a question beside them, are at one server at once",
        .timeLimit(.minutes(2)))
    func ordersDoNotWaitForConnections() async throws {
        let server = try await SilentServer()
        let client = ArchiveClient(eventLoops: MultiThreadedEventLoopGroup.singleton, utcMilliseconds: { 0 })
        let identity = ArchiveIdentity(name: "one", key: "abcd")
        let base = server.base
        try await withThrowingTaskGroup(of: Void.self) { orders in
            for _ in 0..<29 {
                orders.addTask { try await client.fetch([], of: "cam", at: base, as: identity) { _ in } }
            }
            try await until { server.readers.now == 29 }
            orders.cancelAll()
            while let order = await orders.nextResult() { #expect(throws: (any Error).self) { try order.get() } }
        }
        try await client.shutdown()
    }
}
