// The line between two servers under test, which can be cut: bytes of one direction or both stop, and nobody is told.
import Foundation
import NIOCore
import NIOPosix
import Testing

/// Each server reaches the other through a door of this line. While a direction is cut nothing that goes that way passes,
/// neither bytes nor the end of a connection; what was on its way passes when the line is whole again, as TCP sends again.
final class PairWire: Sendable {
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// What goes one way waits here while that way is cut.
    private actor Gate {
        private var isOpen = true
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func pass() async {
            if !isOpen { await withCheckedContinuation { waiting.append($0) } }
        }

        func set(isOpen: Bool) {
            self.isOpen = isOpen
            guard isOpen else { return }
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
    }

    /// By the server that sends.
    private let gates = ["main": Gate(), "replica": Gate()]

    /// Runs the line while `body` runs.
    /// - Parameters:
    ///   - doors: the port at which each server is reached through the line.
    ///   - ports: where each really listens.
    static func use(
        doors: [String: Int], to ports: [String: Int], _ body: (PairWire) async throws -> Void
    ) async throws {
        let wire = PairWire()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, door) in doors {
                let target = try #require(ports[name])
                let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: "127.0.0.1", port: door) { channel in
                        channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
                    }
                group.addTask { try await wire.serve(listener, of: name, at: target) }
            }
            defer { group.cancelAll() }
            do { try await body(wire) } catch {
                await wire.heal()
                throw error
            }
            await wire.heal()
        }
    }

    /// Nothing that this server sends reaches the other.
    func cut(from name: String) async { await gates[name]?.set(isOpen: false) }

    func heal() async {
        for gate in gates.values { await gate.set(isOpen: true) }
    }

    private func serve(_ listener: NIOAsyncChannel<Connection, Never>, of name: String, at port: Int) async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask { await self.relay(connection, to: name, at: port) }
                }
            }
        }
    }

    /// `far` is the server `name`; `near` the other one, which asked for the connection.
    private func relay(_ near: Connection, to name: String, at port: Int) async {
        guard let toward = gates[name == "main" ? "replica" : "main"], let back = gates[name] else { return }
        await toward.pass()
        // A server that is dead refuses, and a connection that breaks is the end of it: all as without this line.
        let far = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        await back.pass()
        try? await near.executeThenClose { nearInbound, nearOutbound in
            try await far?.executeThenClose { farInbound, farOutbound in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await Self.copy(nearInbound, to: farOutbound, through: toward) }
                    group.addTask { await Self.copy(farInbound, to: nearOutbound, through: back) }
                    await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    private static func copy(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, to outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        through gate: Gate
    ) async {
        do {
            for try await bytes in inbound {
                await gate.pass()
                try await outbound.write(bytes)
            }
        } catch {
            // The connection broke: for the other side it ends.
        }
        // The end of a connection is a packet too.
        await gate.pass()
    }
}
