// Viewers who come all at once, as after the loss of another server.
import Foundation
import Testing

@Suite struct ConnectionBurstTests {
    /// More than the usual queue of a listening socket (128 or 256) holds.
    private static let count = 400
    private static var queueMax: Int {
        let text = FileManager.default.contents(atPath: "/proc/sys/net/core/somaxconn")
        return text.map { String(decoding: $0, as: UTF8.self) }.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
    }

    @Test("a crowd is let in by the system while the server has no time", .enabled(if: queueMax >= 2 * count))
    func crowdAtOnce() async throws {
        let server = try await WeirProcess("stream cam { input fake://fake; }")
        server.child.signal(SIGSTOP)
        defer { server.child.signal(SIGCONT) }
        let state = "/proc/\(try #require(server.child.program))/stat"
        try await eventually("the server stands still") {
            FileManager.default.contents(atPath: state).map { String(decoding: $0, as: UTF8.self).contains(") T ") }
                ?? false
        }
        // Beyond the queue a client's packet is dropped, and it asks again a second later, and then two.
        let sockets = (0..<Self.count).map { _ in Self.connecting(to: server.port) }
        defer { for socket in sockets where socket >= 0 { close(socket) } }
        try #require(!sockets.contains { $0 < 0 })
        try await eventually("all are connected") { sockets.allSatisfy(Self.isConnected) }
        server.child.signal(SIGCONT)
        #expect(try await server.get("/streamer/api/v3/monitoring/liveness")?.status == 200)
    }

    @Test("a server that may have no more connections takes them again when others have ended")
    func moreThanMayBeOpen() async throws {
        let server = try await WeirProcess("stream cam { input fake://fake; }")
        let program = try #require(server.child.program)
        let files = "/proc/\(program)/fd"
        func openCount() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: files).count }
        let limit = try openCount() + 20
        let limiting = try ChildProcess("/usr/bin/prlimit", ["--pid", "\(program)", "--nofile=\(limit):\(limit)"])
        try #require(await limiting.exitStatus() == 0, "\(limiting.output)")
        var crowd = try (0..<60).map { _ in try RawClient(port: server.port) }
        try await eventually("no file may be opened any more") { try openCount() >= limit }
        // Each of those who wait would be taken now.
        for _ in 0..<20 { crowd.append(try RawClient(port: server.port)) }
        crowd.removeAll()
        try await eventually("the server answers again") {
            try await server.get("/streamer/api/v3/monitoring/liveness")?.status == 200
        }
        #expect(server.child.isRunning)
    }

    /// Negative when there is no socket to be had.
    private static func connecting(to port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return -1 }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0 || errno == EINPROGRESS ? descriptor : -1
    }

    private static func isConnected(_ descriptor: Int32) -> Bool {
        var question = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&question, 1, 0) == 1 && question.revents == Int16(POLLOUT)
    }
}
