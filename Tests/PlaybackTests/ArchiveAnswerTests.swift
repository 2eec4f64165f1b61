// What an archive answers: the same to everybody and without anything kept, files without a copy, lists that only grow.
import Archive
import ArchiveStorage
import Foundation
import LiveStream
import Media
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Playback

/// A recorded stream and what answers for it.
final class Recorded: ArchiveDirectory {
    static let chunks = TestMedia.chunks
    let chunks: [Chunk]
    let root = FileManager.default.temporaryDirectory.appending(path: "weir-answers-\(UUID().uuidString)").path
    let archive: ArchiveStore
    let recorder: ArchiveRecorder
    /// The same, live.
    let live = FakeStream("cam", segments: 60)

    init(_ chunks: [Chunk] = Recorded.chunks) throws {
        self.chunks = chunks
        archive = try ArchiveStore(root: root, settings: .init(origin: "a"), report: { _ in })
        recorder = try archive.recorder(for: "cam", keeping: RetentionPolicy())
    }

    deinit {
        archive.close()
        try? FileManager.default.removeItem(atPath: root)
    }

    func store(of stream: String) -> ArchiveStore? { stream == "cam" ? archive : nil }

    /// The chunks of some of the ten segments of one second: written, but not synced.
    func record(segments: Range<Int>) async throws {
        let starts = Set(chunks.map(\.segmentStart)).sorted()
        for chunk in chunks where starts[segments].contains(chunk.segmentStart) {
            recorder.append(chunk)
            live.feed(chunk)
        }
        // Whatever is asked of the writer, it first writes what it was handed before.
        try await archive.finishFetching("cam")
    }

    static var start: MediaTime { chunks[0].segmentStart }
    static var from: Int64 { start.unixMilliseconds / 1000 }

    /// As a server that was started for this one request.
    func ask(
        _ path: String, headers: HTTPHeaders = [:], of playback: ArchivePlayback? = nil, wantsFile: Bool = false
    ) async throws -> ArchiveAnswer {
        try #require(try await find(path, headers: headers, of: playback, wantsFile: wantsFile), "\(path)")
    }

    /// Nil when the archive has no such thing.
    func find(
        _ path: String, headers: HTTPHeaders = [:], of playback: ArchivePlayback? = nil, wantsFile: Bool = false
    ) async throws -> ArchiveAnswer? {
        let request = try #require(
            MediaRequest(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/cam/\(path)", headers: headers)))
        let (name, route) = try #require(request.media)
        let answer = (playback ?? self.playback()).answer(
            route, of: name, request: request, wantsFile: wantsFile, on: MultiThreadedEventLoopGroup.singleton.any())
        return try await answer.get()
    }

    func playback() -> ArchivePlayback {
        let end = Self.chunks.last?.end ?? Self.start
        return ArchivePlayback(directory: self, threads: .singleton) { end + .seconds(5) }
    }

    func text(_ path: String, of playback: ArchivePlayback? = nil) async throws -> String {
        guard case .made(let answer) = try await ask(path, of: playback) else { throw ArchiveError(.closed, path) }
        #expect(answer.status == .ok, "\(path)")
        return Self.whole(answer).map { String(decoding: $0, as: UTF8.self) }.joined()
    }

    static func whole(_ answer: MediaAnswer) -> [[UInt8]] { answer.pieces.map { Array($0.readableBytesView) } }
}

func lines(_ list: String, _ prefix: String) -> [Substring] {
    list.split(separator: "\n").filter { $0.hasPrefix(prefix) }
}

@Suite(.timeLimit(.minutes(10))) struct ArchiveAnswerTests {
    @Test func aSegmentIsTheSameLiveAndArchivedAndForEver() async throws {
        let recorded = try Recorded()
        try await recorded.record(segments: 0..<10)
        let (service, window) = (
            PlaybackService(directory: FakeDirectory { _ in .unknown }, sessions: SessionRegistry { 0 }),
            recorded.live.window
        )
        #expect(window.closed.count >= 9)
        for segment in window.closed.prefix(3) {
            let start = segment.start.ticks
            for name in [
                "segment-\(start)-all.m4s", "segment-\(start)-1.m4s", "segment-\(start)-2.m4s", "segment-\(start).ts",
            ] {
                let request = try #require(
                    MediaRequest(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/cam/\(name)")))
                let route = try #require(request.media).1
                let live = try #require(
                    FiniteAnswers.answer(
                        route, request: request, stream: recorded.live, service: service,
                        at: .now()))
                guard case .made(let archived) = try await recorded.ask(name) else {
                    Issue.record("\(name) is no made answer")
                    continue
                }
                #expect(live.status == .ok && archived.status == .ok)
                #expect(
                    live.pieces.flatMap { $0.readableBytesView } == archived.pieces.flatMap { $0.readableBytesView },
                    "\(name)")
                #expect(live.headers.map { "\($0)" }.sorted() == archived.headers.map { "\($0)" }.sorted(), "\(name)")
                #expect(archived.headers.contains { $0 == ("Cache-Control", "public, max-age=31536000, immutable") })
                #expect(!archived.headers.contains { $0.0 == "Set-Cookie" })
            }
        }
    }

    /// Another server may have all of it, and gives it: caches must ask again.
    @Test func aSegmentThatEndedEarlyIsNotKeptForEver() async throws {
        let recorded = try Recorded()
        try await recorded.record(segments: 0..<1)
        recorded.recorder.pause()
        try await recorded.archive.sync()
        let name = "segment-\(Recorded.start.ticks)-all.m4s"
        guard case .made(let answer) = try await recorded.ask(name) else { throw ArchiveError(.closed, name) }
        #expect(answer.status == .ok)
        #expect(answer.headers.contains { $0 == ("Cache-Control", "public, max-age=30") }, "\(answer.headers)")
    }

    /// Whoever asks last sees what everybody saw, and more.
    @Test(arguments: ["archive-F-now", "timeshift_abs-F"]) func aListUpToNowOnlyGrows(form: String) async throws {
        let recorded = try Recorded()
        let playback = recorded.playback()
        let path = form.replacing("F", with: "\(Recorded.from)") + ".m3u8"
        var before: [Substring] = []
        for count in 2...10 {
            try await recorded.record(segments: count == 2 ? 0..<2 : count - 1..<count)
            let list = try await recorded.text(path, of: playback)
            let body = list.split(separator: "\n").drop { !$0.hasPrefix("#EXT-X-MAP") }
            #expect(body.starts(with: before))
            #expect(!list.contains("ENDLIST") && !list.contains("DISCONTINUITY"), "no seam: \(list)")
            #expect(lines(list, "segment-").count == count - 1)
            // Its end is that of live: what the live window has as its newest whole segment.
            let newest = try #require(recorded.live.window.closed.last)
            #expect(lines(list, "segment-").last == "segment-\(newest.start.ticks)-all.m4s")
            #expect(list.contains("#EXT-X-START:TIME-OFFSET=0.0") == form.hasPrefix("timeshift"))
            before = Array(body)
        }
    }

    /// What is oldest is deleted while somebody watches it: the rest must not get other numbers.
    @Test func aListWhoseBeginIsDeletedCountsOn() async throws {
        let recorded = try Recorded()
        try await recorded.record(segments: 0..<10)
        let playback = recorded.playback()
        var numbers: [Substring: Int] = [:]
        for deleted in 0..<5 {
            if deleted > 0 {
                let range = TimeRange(start: Recorded.start + .seconds(Int64(deleted) - 1), duration: .seconds(1))
                #expect(try await recorded.archive.delete(range, of: "cam").segments == 1)
            }
            let list = try await recorded.text("archive-\(Recorded.from)-now.m3u8", of: playback)
            let first = try #require(lines(list, "#EXT-X-MEDIA-SEQUENCE:").first.flatMap { Int($0.dropFirst(22)) })
            let segments = lines(list, "segment-")
            #expect(segments.count == 9 - deleted)
            for (index, segment) in segments.enumerated() {
                #expect(numbers[segment] ?? first + index == first + index, "\(segment) has another number")
                numbers[segment] = first + index
            }
            #expect(!list.contains("EVENT"), "an EVENT list never loses anything (RFC 8216 §4.3.3.5)")
        }
    }

    /// Each answer follows from the store and the moment alone: nothing is kept for a viewer between two requests.
    @Test func answersNeedNothingFromBefore() async throws {
        let recorded = try Recorded()
        try await recorded.record(segments: 0..<10)
        let from = Recorded.from
        let paths = (Int64(0)..<9).flatMap { second in
            [
                "archive-\(from + second)-3.m3u8", "archive-\(from + second)-now.m3u8",
                "timeshift_abs-\(from + second).m3u8",
                "timeshift_rel-\(second + 6).m3u8", "rewind-\(second + 7).m3u8",
            ]
        }
        let shared = recorded.playback()
        for path in paths.reversed() + paths {
            let (one, other) = (try await recorded.text(path), try await recorded.text(path, of: shared))
            #expect(one == other, "\(path)")
            let boxes = try await recorded.text(path + "?container=ts")
            #expect(
                lines(boxes, "segment-") == lines(one, "segment-").map { $0.replacing("-all.m4s", with: ".ts")[...] })
        }
    }

    @Test(arguments: ["mp4", "ts"]) func aFileIsPartsOfWhatLiesThere(form: String) async throws {
        let recorded = try Recorded()
        try await recorded.record(segments: 0..<10)
        let before = try files(recorded.root)
        let path = "archive-\(Recorded.from)-60.\(form)"
        guard case .body(let answer, let body, let range) = try await recorded.ask(path, wantsFile: true) else {
            throw ArchiveError(.closed, path)
        }
        #expect(answer.status == .ok && answer.length == Int(body.plan.length) && range == 0..<body.plan.length)
        var (made, sent) = (Int64(0), Int64(0))
        var whole: [UInt8] = []
        while whole.count < Int(body.plan.length) {
            let position = Int64(whole.count)
            let piece = try body.piece(at: position, before: body.plan.length, asFile: true)
            switch piece {
            case .bytes: made += piece.length
            case .file(let segment):
                sent += piece.length
                segment.close()
            }
            let end = position + piece.length
            while whole.count < Int(end) {
                whole += try body.bytes(at: Int64(whole.count), before: end).readableBytesView
            }
        }
        #expect(made + sent == body.plan.length)
        if form == "mp4" {
            // All that is made is the header; the media go from the run's file to the socket.
            #expect(Array(whole[4..<8]) == Array("ftyp".utf8))
            let header = try #require(whole.firstRange(of: Array("mdat".utf8))).upperBound
            // A long length has eight bytes of its own.
            #expect((Int64(header)...Int64(header) + 8).contains(made) && sent > 10 * made)
            // It ends where the file ends.
            func number(_ bytes: Range<Int>) -> Int { whole[bytes].reduce(0) { $0 << 8 | Int($1) } }
            let short = number(header - 8..<header - 4)
            #expect(header - 8 + (short == 1 ? number(header..<header + 8) : short) == whole.count)
        } else {
            // Made of one segment at a time.
            #expect(sent == 0 && whole.count % 188 == 0)
        }
        #expect(try files(recorded.root) == before)
        // Any part is that part, also when another server answers for it.
        for start in [0, 1, whole.count / 3, whole.count - 1] {
            let end = min(whole.count - 1, start + 5000)
            guard
                case .body(let part, let body, let range) = try await recorded.ask(
                    path, headers: ["Range": "bytes=\(start)-\(end)"])
            else { throw ArchiveError(.closed, path) }
            #expect(part.status == .partialContent && range == Int64(start)..<Int64(end) + 1)
            var bytes: [UInt8] = []
            while bytes.count < range.count {
                bytes += try body.bytes(at: range.lowerBound + Int64(bytes.count), before: range.upperBound)
                    .readableBytesView
            }
            #expect(bytes == Array(whole[start...end]))
        }
    }

    private func files(_ root: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root).filter { !$0.hasPrefix("index.sqlite") }.sorted()
    }
}
