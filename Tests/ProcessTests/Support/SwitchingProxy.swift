// A small HTTP proxy in front of a group: hands each request to a server that answers and follows its redirects.
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// What a load balancer in front of a group is to its viewers: one address that stays while servers come and go.
///
/// A request goes to the first server that answers it with less than 500; bodies are passed on as they come, so endless
/// answers are relayed too. When a server dies in the middle of an answer, the viewer's connection breaks.
final class SwitchingProxy: Sendable {
    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
    let port: Int
    private let servers: [String]
    private let client: HTTPClient

    var base: String { "http://127.0.0.1:\(port)" }

    /// Runs a proxy while `body` runs.
    /// - Parameter servers: addresses such as `http://127.0.0.1:8080`, asked in this order.
    static func use(_ servers: [String], _ body: (SwitchingProxy) async throws -> Void) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(2)
        configuration.redirectConfiguration = .follow(max: 5, allowCycles: false)
        let client = HTTPClient(configuration: configuration)
        let proxy = SwitchingProxy(
            port: listener.channel.localAddress?.port ?? 0, servers: servers, client: client)
        defer { Task { try await client.shutdown() } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await proxy.serve(listener) }
            defer { group.cancelAll() }
            try await body(proxy)
        }
    }

    private init(port: Int, servers: [String], client: HTTPClient) {
        self.port = port
        self.servers = servers
        self.client = client
    }

    private func serve(_ listener: NIOAsyncChannel<Connection, Never>) async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask { await self.serve(connection) }
                }
            }
        }
    }

    private func serve(_ connection: Connection) async {
        // A viewer or server that breaks off ends the connection and nothing else.
        try? await connection.executeThenClose { parts, answers in
            for try await part in parts {
                guard case .head(let head) = part else { continue }
                try await self.relay(head.uri, to: answers)
            }
        }
    }

    private func relay(_ path: String, to answers: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>) async throws {
        // While a stream moves nobody has it: the viewer waits here as with any proxy that tries again.
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            for server in servers {
                // A server that is gone refuses, one that knows no better says 503: the next one is asked.
                guard
                    let answer = try? await client.execute(
                        HTTPClientRequest(url: server + path), deadline: .now() + .hours(1)),
                    answer.status.code < 500
                else { continue }
                var headers = HTTPHeaders()
                for name in ["Content-Type", "Content-Length", "Cache-Control"] {
                    for value in answer.headers[name] { headers.add(name: name, value: value) }
                }
                try await answers.write(
                    .head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)))
                for try await part in answer.body { try await answers.write(.body(.byteBuffer(part))) }
                try await answers.write(.end(nil))
                return
            }
            try await ContinuousClock().sleep(for: .milliseconds(50))  // house rule: the pause between two questions
        }
        let headers: HTTPHeaders = ["Content-Length": "0", "Retry-After": "1"]
        try await answers.write(
            .head(HTTPResponseHead(version: .http1_1, status: .serviceUnavailable, headers: headers)))
        try await answers.write(.end(nil))
    }
}
