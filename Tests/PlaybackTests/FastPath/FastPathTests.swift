// The fast path gives the answers that the handlers behind it give, byte for byte, whatever clients send.
import LiveStream
import Media
import NIOCore
import NIOEmbedded
import NIOPosix
import TestSupport
import Testing

@testable import Playback

@Suite struct FastPathTests {
    /// Segments of a hundred kilobytes: large enough for files in memory.
    static let chunks = TestMedia.make(["-ac", "1", "-qp", "8"])

    @Test(arguments: 0..<10) func answersAreThoseOfTheParser(tenth: UInt64) throws {
        var (plain, fast, direct) = (0, 0, 0)
        for seed in tenth * 12..<(tenth + 1) * 12 {
            var chance = SeededGenerator(seed: seed)
            let (slow, quick) = try (
                BenchServer(hasFastPath: false, chunks: Self.chunks),
                // A socket takes all, a part, or nothing.
                BenchServer(hasFastPath: true, chunks: Self.chunks) { count in
                    min(count, .random(in: 0...count * 3, using: &chance)) * .random(in: 0...4, using: &chance).signum()
                }
            )
            defer { for server in [slow, quick] { server.close() } }
            var conversation = Conversation(seed: seed, chunks: Self.chunks)
            for (step, happening) in conversation.happenings(60).enumerated() {
                let (expected, got) = try (slow.happens(happening), quick.happens(happening))
                guard expected == got, slow.areActive == quick.areActive else {
                    Issue.record("seed \(seed), step \(step): \(happening)")
                    return
                }
            }
            #expect(slow.viewers() == quick.viewers(), "seed \(seed)")
            plain += slow.parsedCount
            fast += slow.parsedCount - quick.parsedCount
            direct += quick.directCount
        }
        #expect(direct > 4096)
        #expect(fast * 20 > plain, "\(fast) of \(plain) went the fast way")
    }

    private static func get(_ path: String, _ fields: String = "") -> [UInt8] {
        Array("GET /cam/one/\(path) HTTP/1.1\r\nHost: weir\r\nUser-Agent: a\r\n\(fields)\r\n".utf8)
    }

    @Test func aPlayersRequestsNeverReachTheParser() throws {
        let server = try BenchServer(hasFastPath: true, chunks: Self.chunks, connections: 1)
        defer { server.close() }
        let start = try #require(Self.chunks.dropFirst(20).first?.segmentStart.ticks)
        for path in ["track-1.m3u8", "track-2.m3u8", "ts.m3u8", "segment-\(start)-1.m4s", "segment-\(start).ts"] {
            for fields in ["", "", "", "Connection: keep-alive\r\n", "Accept-Encoding: gzip, deflate, br\r\n"] {
                let answer = try server.happens(.received(0, Self.get(path, fields)))
                #expect(answer[0].readableBytesView.starts(with: "HTTP/1.1 200 OK\r\n".utf8), "\(path)")
            }
        }
        #expect(server.parsedCount == 0 && server.fileCount > 0)
        // What goes to the parser does not keep the next one from the fast way.
        _ = try server.happens(.received(0, Self.get("index.m3u8")))
        _ = try server.happens(.received(0, Self.get("track-1.m3u8")))
        #expect(server.parsedCount == 1)
        // Two at once, of which the parser gets one: it has to see all that follows.
        _ = try server.happens(.received(0, Self.get("index.m3u8") + Self.get("track-1.m3u8")))
        _ = try server.happens(.received(0, Self.get("track-1.m3u8")))
        #expect(server.parsedCount == 4)
    }

    /// Bytes that a socket did not take wait in the channel; those that come later wait behind them.
    @Test func whatWaitsIsNotOvertaken() throws {
        let stream = LoopbackTests.fullStream()
        let service = PlaybackService(
            directory: FakeDirectory { _ in .here(stream) }, sessions: SessionRegistry { 1_750_000_000_000 })
        let socket = CountingSocket()
        let channel = EmbeddedChannel()
        let handler = FastPathHandler(
            service: service, deadlines: ConnectionDeadlineHandler(), isSecure: false,
            waitingBytes: { _ in socket.waiting }, socketOf: { _ in socket })
        try channel.pipeline.syncOperations.addHandler(handler)
        let request = ByteBuffer(bytes: Self.get("track-1.m3u8"))
        func ask() throws -> (taken: Int, written: Int) {
            let before = socket.taken
            try channel.writeInbound(request)
            var written = 0
            while let bytes = try channel.readOutbound(as: ByteBuffer.self) { written += bytes.readableBytes }
            return (socket.taken - before, written)
        }
        // The descriptor of a connection that is not open may be another's.
        #expect(try ask().taken == 0)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        socket.room = 10
        let first = try ask()
        #expect(first.taken == 10 && first.written > 100)
        socket.room = .max
        socket.waiting = first.written
        #expect(try ask() == (0, 10 + first.written))
        socket.waiting = 0
        #expect(try ask() == (10 + first.written, 0))
        // The handlers behind have answered another request, and that waits.
        try channel.writeInbound(ByteBuffer(bytes: Self.get("index.m3u8")))
        handler.answered()
        socket.waiting = 1
        #expect(try ask() == (0, 10 + first.written))
        socket.waiting = 0
        // Two in one piece go out together, by the channel.
        let before = socket.taken
        try channel.writeInbound(ByteBuffer(bytes: Array(request.readableBytesView) + request.readableBytesView))
        #expect(socket.taken == before)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test func aPlayerThatAsksIsKeptAndAPlayerThatDoesNotIsLetGo() throws {
        let server = try BenchServer(hasFastPath: true, chunks: Self.chunks, connections: 2)
        defer { server.close() }
        let head = Self.get("track-1.m3u8")
        for number in 0..<10 {
            _ = try server.happens(.received(0, head))
            // A byte at a time is no request.
            if server.areActive[1] { _ = try server.happens(.received(1, [head[number]])) }
            _ = try server.happens(.passed(milliseconds: 20_000))
        }
        #expect(server.areActive == [true, false] && server.parsedCount == 0)
        _ = try server.happens(.passed(milliseconds: 36_000))
        #expect(server.areActive == [false, false])
    }

    /// A handshake is over, say; or nothing more will come, and the handlers behind have to see what there is.
    @Test func onlyTheEndOfAConnectionEndsTheFastWay() throws {
        let (slow, quick) = try (
            BenchServer(hasFastPath: false, chunks: Self.chunks), BenchServer(hasFastPath: true, chunks: Self.chunks)
        )
        defer { for server in [slow, quick] { server.close() } }
        for (number, event) in [(0, ChannelEvent.outputClosed), (1, .inputClosed)] {
            let answers = try [slow, quick].map { server in
                let begun = try server.happens(.received(number, Array("GET /cam".utf8)))
                server.fire(event, on: number)
                let rest = Array("/one/track-1.m3u8 HTTP/1.1\r\nHost: weir\r\n\r\n".utf8)
                return try begun + server.happens(.received(number, rest))
            }
            #expect(answers[0] == answers[1] && slow.areActive == quick.areActive)
        }
        #expect(slow.parsedCount == 1 && quick.parsedCount == 0)
    }

    @Test func preparedAnswersAreLetGoWithTheirStreamAndWhenNobodyAsks() throws {
        let loop = EmbeddedEventLoop()
        let stream = LoopbackTests.fullStream()
        let service = PlaybackService(
            directory: FakeDirectory { _ in .here(stream) }, sessions: SessionRegistry { 1_750_000_000_000 })
        let prepared = service.preparedAnswers(on: loop)
        func find(_ last: String) -> PreparedAnswer? {
            prepared.find(last, of: "cam/one", acceptsGzip: false, service: service, at: loop.now)?.answer
        }
        let first = try #require(find("track-1.m3u8"))
        #expect(find("track-1.m3u8") === first)
        loop.advanceTime(by: .seconds(59))
        service.releaseIdle(at: loop.now)
        loop.run()
        #expect(find("track-1.m3u8") === first)
        loop.advanceTime(by: .seconds(61))
        service.releaseIdle(at: loop.now)
        loop.run()
        #expect(find("track-1.m3u8") !== first)
        // Invented addresses are not kept.
        for number in 0..<100 { #expect(find("segment-\(number)-1.m4s") == nil) }
    }

    /// Over sockets that take a little at a time.
    @Test(.timeLimit(.minutes(5))) func aSegmentThatManyAskForIsWholeForWhoReadsLate() async throws {
        let stream = FakeStream("cam/one", segments: 3)
        for chunk in Self.chunks.prefix(30) { stream.feed(chunk) }
        let server = try await LoopbackServer.start(sendBuffer: 16384) { _ in .here(stream) }
        defer { server.channel.close(promise: nil) }
        let segment = try #require(stream.window.closed.max { $0.byteCount < $1.byteCount })
        let body = segment.chunks.flatMap { Array($0.bytes.readableBytesView) }
        let path = "/cam/one/segment-\(segment.start.ticks)-all.m4s"
        let asked = try await run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{size_header} %{size_download}", server.url(path)])
        let sizes = asked.output.split(separator: " ").compactMap { Int($0) }
        try #require(sizes.count == 2 && sizes[1] == body.count && body.count > 64 << 10)
        let late = try (0..<12).map { _ in
            try #require(SlowClient(port: server.port, request: "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n"))
        }
        defer { for client in late { client.close() } }
        try await until {
            server.service.sessions.byteCount == (1 + late.count) * body.count
        }
        // The segment is in no window any more, and nobody keeps an answer.
        for chunk in Self.chunks.dropFirst(30) { stream.feed(chunk) }
        server.service.releaseIdle(at: .now() + .minutes(5))
        for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { try await loop.submit {}.get() }
        for client in late {
            let answer = client.read(sizes[0] + sizes[1])
            #expect(answer.suffix(body.count) == body[...], "\(answer.count)")
        }
    }
}

private final class CountingSocket: DirectSocket {
    var room = Int.max
    var taken = 0
    /// In the channel.
    var waiting = 0

    func take(_ bytes: GatheredBytes) -> Int {
        let count = min(room, bytes.byteCount)
        taken += count
        return count
    }
}
