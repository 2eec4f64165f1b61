// Real sockets, with ffmpeg as the player.
import Foundation
import LiveStream
import Media
import NIOCore
import Synchronization
import Testing

@testable import Playback

@Suite(.serialized, .timeLimit(.minutes(10))) struct LoopbackTests {
    static func fullStream() -> FakeStream {
        let stream = FakeStream("cam/one", title: "Door <1>", segments: 6)
        for chunk in TestMedia.chunks { stream.feed(chunk) }
        return stream
    }

    @Test(arguments: ["", "?container=ts"]) func ffprobeReadsTheSegmentsOfAPlaylist(query: String) async throws {
        let stream = Self.fullStream()
        let server = try await LoopbackServer.start { $0 == stream.name ? .here(stream) : .unknown }
        defer { server.channel.close(promise: nil) }
        // -live_start_index 0: from the oldest segment; four seconds are there without waiting for more.
        let result = try await run(
            [
                "ffmpeg", "-v", "warning", "-live_start_index", "0", "-i", server.url("/cam/one/index.m3u8" + query),
                "-t", "4",
                "-map", "0:v", "-map", "0:a", "-f", "null", "-progress", "-", "-",
            ])
        #expect(result.status == 0, "\(result.errors)")
        // On a loaded machine ffmpeg reads the playlist again, and with it the initialisation segment that it has already.
        let complaints = result.errors.split(separator: "\n").filter { !$0.contains("Found duplicated MOOV Atom") }
        #expect(complaints.isEmpty, "\(result.errors)")
        #expect(result.output.contains("frame=100\n"), "\(result.output)")
        let sessions = server.service.sessions.sessions(at: .now())
        #expect(sessions.count == 1, "\(sessions)")
    }

    @Test(arguments: ["mpegts", "live.mp4"]) func ffmpegReadsTheEndlessStream(name: String) async throws {
        let stream = FakeStream("cam")
        let chunks = TestMedia.chunks
        let cut = chunks.indices.first { chunks[$0].startsSegment && $0 > 10 } ?? 0
        for chunk in chunks[...cut] { stream.feed(chunk) }
        let server = try await LoopbackServer.start { _ in .here(stream) }
        defer { server.channel.close(promise: nil) }
        async let result = run([
            "ffmpeg", "-v", "warning", "-i", server.url("/cam/" + name), "-map", "0", "-f", "null", "-progress", "-",
            "-",
        ])
        try await until { stream.readerCount > 0 }
        for chunk in chunks[(cut + 1)...] { stream.feed(chunk) }
        stream.end()
        let played = try await result
        #expect(played.status == 0, "\(played.errors)")
        // An endless body has no length, so ffmpeg calls its end premature; about the media it has nothing to say.
        let complaints = played.errors.split(separator: "\n").filter {
            !["Stream ends prematurely", "Input/output error", "Last message repeated"].contains(where: $0.contains)
        }
        #expect(complaints.isEmpty, "\(played.errors)")
        let seconds = Int(
            (chunks.last?.end ?? MediaTime(ticks: 0) - .zero).unixMilliseconds - chunks[cut].start.unixMilliseconds)
        #expect(played.output.contains("frame=\(seconds / 40)\n"), "expected \(seconds / 40): \(played.output)")
        #expect(server.service.sessions.sessions(at: .now()).isEmpty)
    }

    @Test func aThousandRequestsOnOneConnection() async throws {
        let stream = Self.fullStream()
        let server = try await LoopbackServer.start { _ in .here(stream) }
        defer { server.channel.close(promise: nil) }
        let urls = (0..<1000).map { server.url($0 % 2 == 0 ? "/cam/one/track-1.m3u8" : "/api/x") }
        let list =
            urls.map { "url=\"\($0)\"\noutput=/dev/null\n" }.joined()
            + "write-out=\"%{http_code} %{num_connects}\\n\"\n"
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("weir-\(UUID().uuidString)")
        try list.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let result = try await run(["curl", "-s", "-K", file.path])
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 1000)
        #expect(lines.first == "200 1")
        #expect(lines.dropFirst().allSatisfy { $0 == "200 0" })
    }

    @Test func aSlowReaderSkipsAndOthersDoNot() async throws {
        let stream = FakeStream("cam")
        let chunks = TestMedia.chunks
        for chunk in chunks.prefix(2) { stream.feed(chunk) }
        let server = try await LoopbackServer.start(
            sendBuffer: 16384, limits: PlaybackLimits(pendingBytesMax: 256 << 10)
        ) { _ in .here(stream) }
        defer { server.channel.close(promise: nil) }
        // Reads nothing for now.
        let slow = try #require(SlowClient(port: server.port, request: "GET /cam/mpegts HTTP/1.1\r\nHost: x\r\n\r\n"))
        defer { slow.close() }
        async let fast = run([
            "curl", "-s", "-o", "/dev/null", "-w", "%{size_download}", server.url("/cam/mpegts"),
        ])
        try await until { stream.readerCount >= 2 }
        // One chunk after another until the slow one has skipped; the other has been handed each before the next comes.
        var handed = 0
        for chunk in (0..<100).lazy.flatMap({ _ in chunks }) {
            stream.feed(chunk)
            handed = await waitUntilHanded(server, moreThan: handed)
            if server.service.sessions.sessions(at: .now()).contains(where: { $0.skipCount > 0 }) { break }
        }
        let skips = server.service.sessions.sessions(at: .now()).map(\.skipCount).sorted()
        #expect(skips.first == 0)
        #expect((skips.last ?? 0) >= 1)
        stream.end()
        let fastBytes = try await fast
        #expect(Int(fastBytes.output) ?? 0 > 0)
    }

    /// - Parameter files: for which there is room; beyond it the bytes themselves are written.
    @Test(arguments: [1000, 7, 0])
    func aViewerThatReadsLateGetsTheBytesOfFilesThatNobodyElseNeedsAnyMore(files: Int) async throws {
        let stream = FakeStream("cam", files: MemoryFileBudget(fileCountMax: files, byteCountMax: .max))
        let chunks = TestMedia.chunks
        for chunk in chunks.prefix(2) { stream.feed(chunk) }
        let server = try await LoopbackServer.start(sendBuffer: 16384) { _ in .here(stream) }
        defer { server.channel.close(promise: nil) }
        let late = try #require(SlowClient(port: server.port, request: "GET /cam/live.mp4 HTTP/1.1\r\nHost: x\r\n\r\n"))
        defer { late.close() }
        try await until { stream.readerCount >= 1 }
        _ = await feedToTheEnd(chunks.dropFirst(2), stream, server)
        let bytes = late.readToEnd()
        let media = chunks.reduce(into: [UInt8]()) { $0 += Array($1.bytes.readableBytesView) }
        #expect(media.count > 256 << 10)
        #expect(bytes.suffix(media.count) == media[...])
    }

    @Test func aViewerThatIsAlwaysBehindKeepsOnlyTheFilesThatWaitForIt() async throws {
        let files = MemoryFileBudget(fileCountMax: 4000, byteCountMax: .max)
        let stream = FakeStream("cam", files: files)
        let chunks = TestMedia.chunks
        for chunk in chunks.prefix(2) { stream.feed(chunk) }
        let server = try await LoopbackServer.start(sendBuffer: 16384) { _ in .here(stream) }
        defer { server.channel.close(promise: nil) }
        let viewer = try #require(
            SlowClient(port: server.port, request: "GET /cam/live.mp4 HTTP/1.1\r\nHost: x\r\n\r\n"))
        try await until { stream.readerCount >= 1 }
        var handed = await waitUntilHanded(server, moreThan: 0)
        // First it falls behind by more than the kernel takes from us; then it reads as much as comes, and stays there.
        var behind = 0
        var read = 0
        for chunk in (0..<8).lazy.flatMap({ _ in chunks }) {
            stream.feed(chunk)
            handed = await waitUntilHanded(server, moreThan: handed)
            if handed < 512 << 10 { behind = handed } else { read += viewer.read(handed - behind - read).count }
        }
        let largest = chunks.map(\.bytes.readableBytes).max() ?? 0
        #expect(read > 2 * behind)
        #expect(files.fileCount > 0)
        #expect(files.byteCount <= behind + 3 * largest)
        viewer.close()
        try await until { files.fileCount == 0 && files.byteCount == 0 }
    }

    @Test func writesOfAnEndlessAnswerDisturbNoHandler() async throws {
        let stream = FakeStream("cam")
        let chunks = TestMedia.chunks
        for chunk in chunks.prefix(2) { stream.feed(chunk) }
        let changes = Changes()
        let server = try await LoopbackServer.start(first: { WritabilityWatch(changes) }) { _ in .here(stream) }
        defer { server.channel.close(promise: nil) }
        let viewer = try #require(SlowClient(port: server.port, request: "GET /cam/mpegts HTTP/1.1\r\nHost: x\r\n\r\n"))
        defer { viewer.close() }
        try await until { stream.readerCount >= 1 }
        let handed = await feedToTheEnd(chunks.dropFirst(2), stream, server)
        #expect(viewer.readToEnd().count >= handed)
        #expect(changes.count.load(ordering: .relaxed) == 0)
    }

    /// Each chunk when the one before has been handed over; gives the bytes that the fastest session was handed.
    private func feedToTheEnd(
        _ chunks: some Sequence<Chunk>, _ stream: FakeStream, _ server: LoopbackServer
    ) async -> Int {
        var handed = await waitUntilHanded(server, moreThan: 0)
        for chunk in chunks {
            stream.feed(chunk)
            handed = await waitUntilHanded(server, moreThan: handed)
        }
        stream.end()
        return handed
    }

    /// Waits until the fastest session has been handed more bytes than before, so that the feeder does not run ahead of
    /// the loops.
    private func waitUntilHanded(_ server: LoopbackServer, moreThan before: Int) async -> Int {
        while true {
            let most = server.service.sessions.sessions(at: .now()).map(\.byteCount).max() ?? 0
            if most > before { return most }
            await Task.yield()
        }
    }
}

private final class Changes: Sendable {
    let count = Atomic<Int>(0)
}

/// Counts how often it is told that the socket takes or does not take more.
private final class WritabilityWatch: ChannelInboundHandler {
    typealias InboundIn = Any
    private let changes: Changes

    init(_ changes: Changes) { self.changes = changes }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        changes.count.add(1, ordering: .relaxed)
        context.fireChannelWritabilityChanged()
    }
}
