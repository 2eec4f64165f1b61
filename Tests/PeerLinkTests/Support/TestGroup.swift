// Servers of a group in one process: real polls over loopback, captures that only pretend.
import Cluster
import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import PeerLink

/// Captures without media: each is running as soon as it is started.
final class PretendedCaptures: CaptureControl {
    private struct State {
        var captures: Set<StreamName> = []
        var events: [ClusterEvent] = []
        var locals: [StreamName: Bool] = [:]
        var isEnding = false
    }

    private let state = NIOLockedValueBox(State())

    var events: [ClusterEvent] { state.withLockedValue { $0.events } }
    func setLocals(_ locals: [StreamName: Bool]) { state.withLockedValue { $0.locals = locals } }
    /// There is nothing to give away any more, so nobody waits for it.
    func end() { state.withLockedValue { $0.isEnding = true } }

    func startCapture(of stream: StreamName, reason: String, continuing: Continuation?) -> Bool {
        state.withLockedValue { _ = $0.captures.insert(stream) }
        return true
    }

    func stopCapture(of stream: StreamName, reason: String) async {
        state.withLockedValue { _ = $0.captures.remove(stream) }
    }

    func captureStates() -> [CaptureState] {
        state.withLockedValue { state in
            state.isEnding
                ? [] : state.captures.map { CaptureState(stream: $0, health: .running, continuation: nil) }
        }
    }

    func localStreams() -> [StreamName: Bool] { state.withLockedValue { $0.locals } }
    func load() -> PeerLoad { PeerLoad(streams: 1) }
    func happened(_ event: ClusterEvent) { state.withLockedValue { $0.events.append(event) } }
}

/// How one server of a test group differs from the others.
struct TestPeer {
    var name: String
    var key = "abcd"
    var streams: [String] = []
    /// Milliseconds that its wall clock is ahead.
    var clock: Int64 = 0
}

/// Runs servers for the time of a closure.
struct TestGroup {
    struct Server {
        var service: ClusterService
        var captures: PretendedCaptures
        var place: String
        var key: String

        func peer(_ name: String) -> ClusterSnapshot.Peer? {
            service.snapshot.peers.first { $0.id == PeerID(name) }
        }
        func state(of name: String) -> ClusterSnapshot.PeerState? { peer(name)?.state }
    }

    static func run(
        _ peers: [TestPeer], fetch: Int64 = 200, stale: Int64 = 2000, _ body: ([String: Server]) async throws -> Void
    ) async throws {
        let names = peers.map(\.name)
        // Ports first: each server has to know where all are.
        let responders = NIOLockedValueBox<[String: PollResponder]>([:])
        var listeners: [String: PollServer] = [:]
        for name in names {
            listeners[name] = try await PollServer.start { head, body in
                guard let responder = responders.withLockedValue({ $0[name] }) else {
                    return PeerResponse(status: 503, headers: [], body: [])
                }
                return await responder.handle(
                    method: head.method.rawValue, path: head.uri, header: { head.headers.first(name: $0) }, body: body)
            }
        }
        let places = Dictionary(uniqueKeysWithValues: listeners.map { (PeerID($0.key), $0.value.place) })
        var servers: [String: Server] = [:]
        for peer in peers {
            let settings = ClusterSettings(
                own: PeerID(peer.name),
                peers: names.map {
                    ClusterPeer(id: PeerID($0), fetchTimeout: .milliseconds(fetch), staleTimeout: .milliseconds(stale))
                }, streams: peer.streams.map { ClusterStream(name: StreamName($0)) }, failback: .immediate)
            let utc: @Sendable () -> WallTime = {
                WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) + peer.clock)
            }
            let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
            let captures = PretendedCaptures()
            let service = ClusterService(
                settings: settings, addresses: GroupAddresses(places: places, key: peer.key),
                instance: InstanceID(.random(in: 1 ... .max)), software: "test", control: captures,
                client: PeerClient(eventLoop: eventLoop, utc: { utc().milliseconds }), eventLoop: eventLoop,
                now: {
                    Moment(
                        monotonic: MonotonicTime(
                            microseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds / 1000)), wall: utc())
                }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let responder = PollResponder(key: peer.key, utc: utc, tally: service.tally) {
                await service.report(for: $0)
            }
            responders.withLockedValue { $0[peer.name] = responder }
            servers[peer.name] = Server(
                service: service, captures: captures, place: places[PeerID(peer.name)] ?? "", key: peer.key)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in servers.values { group.addTask { await server.service.run() } }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(servers))
            } catch {
                result = .failure(error)
            }
            for server in servers.values { server.captures.end() }
            group.cancelAll()
            try await group.waitForAll()
            for listener in listeners.values { try await listener.stop() }
            try result.get()
        }
    }
}

/// Asks again and again until `condition` holds; the test's time limit is the bound.
func until(_ condition: () async throws -> Bool) async throws {
    while try await !condition() {
        try await ContinuousClock().sleep(for: .milliseconds(10))  // house rule: the pause between two questions
    }
}
