// The last answer of a connection is whole: for a client that sends nothing more, and when a port is closed or the server ends.
import LiveStream
import Media
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Playback

/// The connections of a server.
private final class Connections: Sendable {
    private let channels = Mutex<[any Channel]>([])
    var all: [any Channel] { channels.withLock { $0 } }
    func add(_ channel: any Channel) { channels.withLock { $0.append(channel) } }
}

private final class ConnectionNotes: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    private let connections: Connections
    init(_ connections: Connections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) { connections.add(context.channel) }
}

@Suite(.timeLimit(.minutes(10))) struct EndingConnectionTests {
    private static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }

    /// The bodies of answers that came one behind another, as long as their heads say.
    private static func bodies(_ bytes: [UInt8]) throws -> [ArraySlice<UInt8>] {
        var (bodies, rest): ([ArraySlice<UInt8>], ArraySlice<UInt8>) = ([], bytes[...])
        while !rest.isEmpty {
            let end = try #require(rest.indices.first { rest[$0...].starts(with: "\r\n\r\n".utf8) })
            let head = String(decoding: rest[..<end], as: UTF8.self)
            let field = try #require(head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") })
            let length = try #require(Int(field.dropFirst("Content-Length: ".count)))
            bodies.append(rest.dropFirst(end + 4 - rest.startIndex).prefix(length))
            try #require(bodies.last?.count == length, "a body is cut off")
            rest = rest.dropFirst(end + 4 - rest.startIndex + length)
        }
        return bodies
    }

    /// A stream with segments that no socket of the tests takes at once.
    private static func stream() -> FakeStream {
        let stream = FakeStream("cam", segments: 3)
        for chunk in FastPathTests.chunks.prefix(30) { stream.feed(chunk) }
        return stream
    }

    private static func recorded() async throws -> (Recorded, path: String, length: Int) {
        let recorded = try Recorded(FastPathTests.chunks)
        try await recorded.record(segments: 0..<10)
        let segment = try #require(recorded.live.window.closed.first)
        return (recorded, "/cam/segment-\(segment.start.ticks)-all.m4s", segment.byteCount)
    }

    @Test func whoSendsNothingMoreGetsALiveSegmentWhole() async throws {
        let stream = Self.stream()
        let server = try await LoopbackServer.start(sendBuffer: 16384) { _ in .here(stream) }
        defer { server.channel.close(promise: nil) }
        let segment = try #require(stream.window.closed.max { $0.byteCount < $1.byteCount })
        let path = "/cam/segment-\(segment.start.ticks)-all.m4s"
        let client = try #require(SlowClient(port: server.port, request: Self.get(path)))
        defer { client.close() }
        client.endRequests()
        let bodies = try Self.bodies(client.readToEnd())
        #expect(bodies.map(\.count) == [segment.byteCount])
    }

    /// One request, and two of which the second waits for the first.
    @Test(arguments: [1, 2]) func whoSendsNothingMoreGetsAnArchiveWhole(count: Int) async throws {
        let (recorded, path, length) = try await Self.recorded()
        let server = try await LoopbackServer.start(sendBuffer: 16384, archive: recorded.playback()) { _ in .unknown }
        defer { server.channel.close(promise: nil) }
        let requests = String(repeating: Self.get(path), count: count)
        let client = try #require(SlowClient(port: server.port, request: requests))
        defer { client.close() }
        client.endRequests()
        let bodies = try Self.bodies(client.readToEnd())
        #expect(bodies.map(\.count) == Array(repeating: length, count: count))
    }

    @Test func whoSendsNothingMoreGetsAFileOfARangeWhole() async throws {
        let (recorded, _, _) = try await Self.recorded()
        let server = try await LoopbackServer.start(sendBuffer: 16384, archive: recorded.playback()) { _ in .unknown }
        defer { server.channel.close(promise: nil) }
        let path = "/cam/archive-\(Recorded.from)-8.ts"
        let client = try #require(SlowClient(port: server.port, request: Self.get(path)))
        defer { client.close() }
        client.endRequests()
        let bodies = try Self.bodies(client.readToEnd())
        #expect(bodies.count == 1 && (bodies.first?.count ?? 0) > 256 << 10)
    }

    /// What the API gives, behind a segment that the client has not taken yet.
    @Test func anAnswerThatFollowsALateOneIsWhole() async throws {
        let (recorded, path, length) = try await Self.recorded()
        let server = try await LoopbackServer.start(sendBuffer: 16384, archive: recorded.playback()) { _ in .unknown }
        defer { server.channel.close(promise: nil) }
        let requests = Self.get(path) + Self.get("/api/x")
        let client = try #require(SlowClient(port: server.port, request: requests))
        defer { client.close() }
        client.endRequests()
        let bodies = try Self.bodies(client.readToEnd())
        #expect(bodies.map(\.count) == [length, "passed on".utf8.count])
    }

    @Test(arguments: [false, true]) func aServerThatEndsGivesItsAnswersWhole(isArchived: Bool) async throws {
        let (recorded, path, length) = try await Self.recorded()
        let (stream, connections) = (recorded.live, Connections())
        let server = try await LoopbackServer.start(
            sendBuffer: 16384, archive: recorded.playback(), first: { ConnectionNotes(connections) }
        ) { _ in isArchived ? .unknown : .here(stream) }
        defer { server.channel.close(promise: nil) }
        let client = try #require(SlowClient(port: server.port, request: Self.get(path)))
        defer { client.close() }
        // What is there of the answer is more than the sockets hold.
        let begin = client.read(1)
        for channel in connections.all {
            try await channel.eventLoop.submit {
                channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            }.get()
        }
        let bodies = try Self.bodies(begin + client.readToEnd())
        #expect(bodies.map(\.count) == [length] && length > 64 << 10)
    }
}
