// Two servers on real sockets: one has the stream, the other relays it.
import AsyncHTTPClient
import Foundation
import LiveStream
import Media
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import Playback

/// What an owner was asked for.
private final class Requests: Sendable {
    private let list = Mutex<[String]>([])
    var all: [String] { list.withLock { $0 } }
    func add(_ uri: String) { list.withLock { $0.append(uri) } }
    func count(_ part: String) -> Int { all.count { $0.contains(part) } }
}

/// Notes each request that passes.
private final class RequestNotes: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    private let requests: Requests
    init(_ requests: Requests) { self.requests = requests }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) { requests.add(head.uri) }
        context.fireChannelRead(data)
    }
}

/// Where the relaying server believes the stream to be.
private final class Whereabouts: StreamDirectory {
    private let place = Mutex<StreamLocation>(.unknown)
    func set(_ location: StreamLocation) { place.withLock { $0 = location } }
    func locate(_ name: String) -> StreamLocation { place.withLock { $0 } }
}

@Suite(.timeLimit(.minutes(10))) struct RelayTests {
    /// Owners `a` and `b`, and a relaying server in front of them, for the time of `body`.
    private func withRelay(
        archive: ArchivePlayback? = nil,
        _ body: (_ relay: LoopbackServer, _ owners: [String: (stream: FakeStream, requests: Requests)], Whereabouts)
            async throws -> Void
    ) async throws {
        var owners: [String: (stream: FakeStream, requests: Requests)] = [:]
        var servers: [LoopbackServer] = []
        var places: [String: String] = [:]
        for name in ["a", "b"] {
            let stream = FakeStream("cam", segments: 6)
            let requests = Requests()
            let server = try await LoopbackServer.start(archive: archive, first: { RequestNotes(requests) }) {
                $0 == "cam" ? .here(stream) : $0 == "lost" ? .elsewhere(baseURL: "http://x", peer: "x") : .unknown
            }
            owners[name] = (stream, requests)
            servers.append(server)
            places[name] = "127.0.0.1:\(server.port)"
        }
        let whereabouts = Whereabouts()
        whereabouts.set(.elsewhere(baseURL: "http://not-asked", peer: "a"))
        let client = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: StreamRelay.configuration)
        let endless = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: StreamRelay.endlessConfiguration)
        let relay = StreamRelay(
            client: client, endlessClient: endless, directory: whereabouts,
            eventLoops: MultiThreadedEventLoopGroup.singleton
        ) { [places] in places[$0] }
        let server = try await LoopbackServer.start(relay: relay) { whereabouts.locate($0) }
        let running = Task { await relay.run() }
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(server, owners, whereabouts))
        } catch {
            result = .failure(error)
        }
        running.cancel()
        await running.value
        for server in servers + [server] { try await server.stop() }
        try await client.shutdown()
        try await endless.shutdown()
        try result.get()
    }

    private func get(
        _ server: LoopbackServer, _ path: String, headers: HTTPHeaders = [:], method: HTTPMethod = .GET
    ) async throws -> (status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        var request = HTTPClientRequest(url: server.url(path))
        request.headers = headers
        request.method = method
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 64 << 20)
        return (Int(response.status.code), response.headers, body)
    }

    @Test func oneFetchHoweverManyViewers() async throws {
        try await withRelay { server, owners, _ in
            let owner = try #require(owners["a"])
            for chunk in TestMedia.chunks { owner.stream.feed(chunk) }
            let segments = owner.stream.window.closed.prefix(3).map { "segment-\($0.start.ticks)-all.m4s" }
            let paths = ["index.m3u8", "track-all.m3u8"] + segments
            try await withThrowingTaskGroup(of: Void.self) { group in
                for viewer in 0..<20 {
                    for path in paths {
                        group.addTask {
                            let query = path.hasPrefix("segment") ? "?token=\(viewer)" : "?token=\(viewer)&x"
                            let answer = try await get(server, "/cam/\(path)\(query)")
                            #expect(answer.status == 200)
                        }
                    }
                }
                try await group.waitForAll()
            }
            for segment in segments {
                #expect(owner.requests.count(segment) == 1, "one fetch per segment: \(owner.requests.all)")
            }
            #expect(!owner.requests.all.contains { $0.contains("token") })
            let direct = owner.stream.window.closed.first?.chunks.flatMap { Array($0.bytes.readableBytesView) }
            let relayed = try await get(server, "/cam/\(segments[0])")
            #expect(Array(relayed.body.readableBytesView) == direct)
            #expect(relayed.headers.first(name: "cache-control")?.contains("immutable") == true)
            #expect(server.service.sessions.viewerCount(of: "cam", at: .now()) == 1, "viewers are counted here")

            // Conditions and ranges are answered from memory.
            let tag = try #require(relayed.headers.first(name: "etag"))
            #expect(try await get(server, "/cam/\(segments[0])", headers: ["If-None-Match": tag]).status == 304)
            let part = try await get(server, "/cam/\(segments[0])", headers: ["Range": "bytes=0-7"])
            #expect(part.status == 206 && part.body.readableBytes == 8)
            let head = try await get(server, "/cam/\(segments[0])", method: .HEAD)
            #expect(head.status == 200 && head.body.readableBytes == 0)
            #expect(owner.requests.count(segments[0]) == 1)
            #expect(try await get(server, "/cam/segment-1-all.m4s").status == 404, "in the owner's words")
        }
    }

    @Test func theHeadOfAnEndlessArchiveIsHandedOverAlone() async throws {
        let recorded = try Recorded()
        try await recorded.record(segments: 0..<10)
        try await withRelay(archive: recorded.playback()) { server, _, _ in
            let requests = ["HEAD /cam/archive-\(Recorded.from)-now.ts", "GET /api/x"]
                .map { "\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
            let client = try #require(SlowClient(port: server.port, request: requests))
            let answer = String(decoding: client.readToEnd(), as: UTF8.self)
            client.close()
            #expect(answer.hasPrefix("HTTP/1.0 200 OK\r\n"), "\(answer)")
            #expect(answer.hasSuffix("\r\n\r\n") && answer.components(separatedBy: "\r\n\r\n").count == 2, "\(answer)")
        }
    }

    @Test func aPlaylistStandsStillWhileTheStreamMoves() async throws {
        try await withRelay { server, owners, whereabouts in
            let first = try #require(owners["a"])
            let second = try #require(owners["b"])
            for chunk in TestMedia.chunks { first.stream.feed(chunk) }
            let before = try await get(server, "/cam/track-all.m3u8").body
            whereabouts.set(.starting(reason: "peer a is silent", retryAfter: 1))
            let during = try await get(server, "/cam/track-all.m3u8")
            #expect(during.status == 200 && during.body == before)
            let unknown = try await get(server, "/cam/track-1.m3u8")
            #expect(unknown.status == 503 && unknown.headers.first(name: "retry-after") == "1")
            #expect(String(buffer: unknown.body).contains("peer a is silent"))
            // A peer that cannot be asked is as good as none.
            whereabouts.set(.elsewhere(baseURL: "http://x", peer: "nobody"))
            #expect(try await get(server, "/cam/track-all.m3u8").body == before)
            for chunk in TestMedia.chunks.prefix(30) { second.stream.feed(chunk) }
            whereabouts.set(.elsewhere(baseURL: "http://x", peer: "b"))
            // The kept one is right for a second; then the new owner is asked.
            var after = before
            while after == before { after = try await get(server, "/cam/track-all.m3u8").body }
            #expect(second.requests.count("track-all.m3u8") >= 1)
        }
    }

    @Test(arguments: [("mpegts", "b"), ("live.mp4", "b"), ("mpegts", "here")])
    func endlessViewersShareOneConnectionAndStayOverAMove(form: String, to place: String) async throws {
        try await withRelay { server, owners, whereabouts in
            let first = try #require(owners["a"])
            let second = place == "here" ? FakeStream("cam", segments: 6) : try #require(owners["b"]).stream
            let chunks = TestMedia.chunks
            let cut = try #require(chunks.indices.first { chunks[$0].startsSegment && $0 > 20 })
            for chunk in chunks[...13] { first.stream.feed(chunk) }
            // On a loaded machine the connection takes its time; what is fed before it stands is not all for it.
            let relay = try #require(server.service.relay)
            let followed = relay.follow("cam", at: "/cam/mpegts")
            try await until { !followed.window.segments.isEmpty }
            let url = server.url("/cam/\(form)")
            async let one = run(["ffmpeg", "-v", "error", "-i", url, "-f", "null", "-progress", "-", "-"])
            async let two = run(["curl", "-s", "-o", "/dev/null", "-w", "%{size_download}", url])
            try await until { server.service.sessions.viewerCount(of: "cam", at: .now()) >= 2 }
            for chunk in chunks[14..<cut] { first.stream.feed(chunk) }
            #expect(first.requests.all == ["/cam/live.mp4?tracks=all"], "one connection for all")
            #expect(first.stream.readerCount == 1)

            try await until { followed.window.segments.last.map { $0.end >= chunks[cut - 1].start } ?? false }

            // The stream moves: the next one has its last segment too, and then goes on.
            for chunk in chunks[(cut - 5)..<cut] { second.feed(chunk) }
            whereabouts.set(place == "here" ? .here(second) : .elsewhere(baseURL: "http://x", peer: place))
            first.stream.end()
            try await until { second.readerCount > 0 }
            for chunk in chunks[cut...] { second.feed(chunk) }
            try await until {
                followed.window.segments.last.map { $0.end >= chunks[chunks.count - 3].start } ?? false
            }
            followed.end(reason: "test")
            let played = try await one
            let frames = played.output.split(separator: "\n").last { $0.hasPrefix("frame=") }.flatMap {
                Int($0.dropFirst(6))
            }
            // From the segment at two seconds on, at 25 fps. The last chunk of each owner is known to be whole only when
            // another follows, and the second one's first frames may be such as the first one had sent. On a loaded machine it
            // is a chunk more; a second would be a segment.
            #expect((frames ?? 0) > 170, "\(played.output) \(played.errors)")
            #expect(try await Int(two.output) ?? 0 > 0)
        }
    }

    @Test func dataTracksReachTheTransportStreamsOfTheRelay() async throws {
        let chunks = TestMedia.make(["-ac", "1"], withCues: true)
        let cue = TestMedia.cueTrack
        // One within a segment: the relay knows that a chunk is whole when the next has come.
        let index = try #require(
            chunks.indices.dropLast().last { chunks[$0].bytes(of: cue) != nil && !chunks[$0 + 1].startsSegment })
        let wanted = chunks[index]
        try await withRelay { server, owners, _ in
            let owner = try #require(owners["a"])
            for chunk in chunks[...(index + 1)] { owner.stream.feed(chunk) }
            let relay = try #require(server.service.relay)
            let followed = relay.follow("cam", at: "/cam/mpegts")
            while !followed.window.segments.contains(where: { $0.chunks.contains { $0.start == wanted.start } }) {
                await Task.yield()
            }
            let relayed = try #require(
                followed.window.segments.flatMap(\.chunks).first { $0.start == wanted.start })
            #expect(relayed.tracks == wanted.tracks)
            #expect(relayed.bytes(of: cue) == wanted.bytes(of: cue))
            // Players have no use for them in MP4.
            let form = try #require(LiveForm(.fragmentedMP4([]), owner.stream.window))
            guard case .fragmentedMP4(_, _, let chosen) = form else { return }
            #expect(!chosen.contains(cue) && chosen.count == 2)
        }
    }

    @Test func aRelayedRequestGoesNoFurther() async throws {
        try await withRelay { server, owners, _ in
            let answer = try await get(server, "/lost/index.m3u8", headers: ["Weir-Relay": "1"])
            #expect(answer.status == 503, "the relaying server relays for players only")
            let owner = try #require(owners["a"])
            #expect(owner.requests.all.isEmpty)
            // The owner of `cam` believes that `lost` is elsewhere: it neither redirects nor asks on.
            let lost = try await get(server, "/lost/index.m3u8")
            #expect(lost.status == 503 && lost.headers.first(name: "retry-after") == "1")
            #expect(owner.requests.all.allSatisfy { $0 == "/lost/index.m3u8" })
        }
    }

    @Test func anIdleStreamIsLetGo() async throws {
        try await withRelay { server, owners, _ in
            let owner = try #require(owners["a"])
            for chunk in TestMedia.chunks.prefix(12) { owner.stream.feed(chunk) }
            let relay = try #require(server.service.relay)
            _ = relay.follow("cam", at: "/cam/mpegts")
            try await until { owner.stream.readerCount > 0 }
            let now = NIODeadline.now()
            relay.releaseIdle(at: now)
            #expect(relay.statistics.followedStreams == 1)
            relay.releaseIdle(at: now + .seconds(11))
            try await until { relay.statistics.followedStreams == 0 && owner.stream.readerCount == 0 }
        }
    }
}
