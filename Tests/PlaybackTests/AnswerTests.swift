// What each kind of request is answered with, as curl sees it.
import HLS
import LiveStream
import Media
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Playback

/// Counts how often a stream was looked for.
private final class Looks: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct AnswerTests {
    private static func find(_ name: String) -> StreamLocation {
        switch name {
        case "cam/one": .here(shared)
        case "empty": .here(empty)
        case "away": .elsewhere(baseURL: "http://b.example:81", peer: "b")
        case "soon": .starting(reason: "no input delivers.", retryAfter: 7)
        default: .unknown
        }
    }
    private static let shared = LoopbackTests.fullStream()
    private static let empty = FakeStream("empty")

    @Test(
        arguments: [
            ([], "/cam/one/index.m3u8", ["HTTP/1.1 200", "CODECS=\"avc1.", "RESOLUTION=160x120", "FRAME-RATE=25.000"]),
            (
                [], "/cam/one/track-1.m3u8",
                [
                    "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-PROGRAM-DATE-TIME:2025-06-15T", "max-age=1",
                    "Access-Control-Allow-Origin: *",
                ]
            ),
            (["-I"], "/cam/one/index.m3u8", ["HTTP/1.1 200", "Content-Length: ", "ETag: \""]),
            (["-I"], "/cam/one/mpegts", ["200 OK", "video/mp2t"]),
            (
                ["-X", "OPTIONS"], "/cam/one/index.m3u8",
                ["204 No Content", "Access-Control-Allow-Methods: GET, HEAD, OPTIONS"]
            ),
            (["-X", "DELETE"], "/cam/one/index.m3u8", ["405 Method Not Allowed", "Allow: GET"]),
            (["-X", "POST"], "/cam/one/mpegts", ["passed on"]),
            ([], "/cam/one/archive-1-2.mkv", ["passed on"]),
            ([], "/cam/one/archive-1-2.m3u8", ["404", "not recorded"]),
            ([], "/cam/one/archive-1-2.mp4", ["404", "not recorded"]),
            ([], "/cam/one/timeshift_abs-5.ts", ["404", "not recorded"]),
            ([], "/cam/one/embed.html", ["text/html", "<title>Door &lt;1&gt;</title>", "addSourceBuffer"]),
            ([], "/cam/one/media_info.json", ["application/json", "\"codec\":\"avc1.", "\"fps\":25.000"]),
            (
                ["-o", "/dev/null", "-D", "-"], "/cam/one/preview.mp4",
                ["200 OK", "Content-Type: video/mp4; codecs=\"avc1.", "ETag"]
            ),
            (["-I"], "/empty/preview.mp4", ["503 Service Unavailable"]),
            ([], "/cam/one/segment-90000.ts", ["404 Not Found", "no-store", "has it no longer"]),
            ([], "/cam/one/track-9.m3u8", ["404 Not Found"]),
            ([], "/cam/one/live.mp4?tracks=9", ["404 Not Found", "It has: 1=avc1."]),
            ([], "/a%2Fb/mpegts", ["400 Bad Request", "encoded slash"]),
            ([], "/nobody/mpegts", ["404 Not Found", "There is no stream 'nobody'"]),
            ([], "/empty/index.m3u8", ["503 Service Unavailable", "Retry-After: 1", "no complete segment"]),
            ([], "/soon/mpegts", ["503 Service Unavailable", "Retry-After: 7", "no input delivers"]),
            ([], "/soon/embed.html", ["200 OK", "text/html"]),
            (
                [], "/away/mpegts?token=a",
                ["302 Found", "Location: http://b.example:81/away/mpegts?token=a&redirects=1", "no-store"]
            ),
            ([], "/away/mpegts?redirects=2", ["508 Loop Detected"]),
        ] as [([String], String, [String])])
    func answers(options: [String], path: String, expected: [String]) async throws {
        let server = try await LoopbackServer.start(limits: PlaybackLimits(startWait: .milliseconds(50)), Self.find)
        defer { server.channel.close(promise: nil) }
        let result = try await run(["curl", "-s", "-i", "--path-as-is"] + options + [server.url(path)])
        for text in expected { #expect(result.output.contains(text), "\(result.output)") }
    }

    /// Known, but just moving: the request waits for it, by default for a second, before it is told to come again.
    @Test func aStreamThatComesInTimeIsPlayed() async throws {
        #expect(PlaybackLimits().startWait == .seconds(1))
        let looks = Looks()
        let server = try await LoopbackServer.start(limits: PlaybackLimits(startWait: .minutes(5))) { _ in
            looks.next() < 4 ? .starting(reason: "it moves", retryAfter: 1) : .here(Self.shared)
        }
        defer { server.channel.close(promise: nil) }
        let result = try await run(["curl", "-s", "-i", server.url("/cam/one/index.m3u8")], seconds: 120)
        #expect(result.output.contains("HTTP/1.1 200") && looks.next() == 5, "\(result.output)")
    }

    @Test func segmentsHaveRangesAndTags() async throws {
        let server = try await LoopbackServer.start(Self.find)
        defer { server.channel.close(promise: nil) }
        let start = try #require(Self.shared.window.closed.first?.start.ticks)
        let url = server.url("/cam/one/segment-\(start)-1.m4s")
        let whole = try await run(["curl", "-s", "-o", "/dev/null", "-D", "-", "-w", "%{size_download}", url])
        #expect(whole.output.contains("immutable"))
        let length = try #require(whole.output.split(whereSeparator: \.isNewline).last.flatMap { Int($0) })
        let part = try await run(["curl", "-s", "-i", "-o", "/dev/null", "-D", "-", "-r", "4-7", url])
        #expect(part.output.contains("206 Partial Content"))
        #expect(part.output.contains("Content-Range: bytes 4-7/\(length)"))
        let box = try await run(["curl", "-s", "-r", "4-7", url])
        #expect(box.output == "moof")
        func head(_ words: [String], _ url: String) async throws -> String {
            try await run(["curl", "-s", "-D", "-", "-o", "/dev/null"] + words + [url]).output
        }
        let beyond = try await head(["-r", "\(length)-"], url)
        #expect(
            beyond.hasPrefix("HTTP/1.1 416") && beyond.contains("Content-Range: bytes */\(length)\r\n"), "\(beyond)")
        let tag = try #require(
            whole.output.split(separator: "\r\n").first { $0.hasPrefix("ETag: ") }.map { String($0.dropFirst(6)) })
        let same = try await run(["curl", "-s", "-i", "-H", "If-None-Match: \(tag)", url])
        #expect(same.output.contains("304 Not Modified"))
        let another = try await head(["-H", "If-None-Match: \"another\""], url)
        #expect(another.hasPrefix("HTTP/1.1 200") && another.contains("Content-Length: \(length)\r\n"), "\(another)")
        // A part is of the bytes that the client has the other parts of, or it gets the whole (RFC 9110 §13.1.5).
        let rest = try await head(["-r", "4-7", "-H", "If-Range: \(tag)"], url)
        #expect(rest.hasPrefix("HTTP/1.1 206"), "\(rest)")
        let anew = try await head(["-r", "4-7", "-H", "If-Range: \"another\""], url)
        #expect(anew.hasPrefix("HTTP/1.1 200") && anew.contains("Content-Length: \(length)\r\n"), "\(anew)")
        // All that playlists refer to may be kept for ever, as its address never means other bytes.
        let playlist = try await run(["curl", "-s", server.url("/cam/one/track-1.m3u8")]).output
        let map = try #require(playlist.firstMatch(of: #/EXT-X-MAP:URI="([^"]+)"/#)?.output.1)
        for name in [String(map), "segment-\(start).ts", "segment-\(start)-2.m4s"] {
            let kept = try await head([], server.url("/cam/one/\(name)"))
            #expect(
                kept.hasPrefix("HTTP/1.1 200") && kept.contains("immutable") && kept.contains("ETag: \""), "\(kept)")
        }
    }

    /// Else a cache would keep a live playlist for ever, and mix up its compressed and plain forms.
    @Test func theTagOfAPlaylistChangesWithItsText() throws {
        let (stream, renditions) = (FakeStream("cam", segments: 2), StreamRenditions())
        var seen: [String: String] = [:]
        for chunk in TestMedia.chunks {
            stream.feed(chunk)
            guard
                let made = try renditions.representation(
                    of: .mediaPlaylist(.one(TrackID(1))), in: stream.window, at: .uptimeNanoseconds(1))?.0
            else { continue }
            func tag(_ headers: HTTPHeaders) -> String? {
                MediaAnswer.representation(made, cache: .seconds(1), request: headers).headers.first { $0.0 == "ETag" }?
                    .1
            }
            let (plain, small) = (try #require(tag([:])), try #require(tag(["Accept-Encoding": "gzip"])))
            #expect(plain != small)
            let text = made.pieces.map { String(buffer: $0) }.joined()
            for tag in [plain, small] {
                let known = seen.updateValue(text, forKey: tag)
                #expect(known == nil || known == text)
            }
        }
        #expect(Set(seen.values).count > 5)
    }

    /// The numbers of a window that has lost its first segments agree with its discontinuities (RFC 8216 §6.2.2).
    @Test func discontinuitiesKeepTheirNumbers() throws {
        let stream = FakeStream("cam", segments: 2)
        var seen: [String] = []
        for var chunk in TestMedia.chunks {
            let second = (chunk.segmentStart.unixMilliseconds / 1000) % 10
            if chunk.startsSegment { chunk.isDiscontinuous = second == 3 }
            stream.feed(chunk)
            guard chunk.startsSegment, stream.window.closed.count == 2,
                let playlist = PlaylistRendering.media(stream.window.closed, .one(TrackID(1)))
            else { continue }
            let marks = playlist.segments.map { $0.isDiscontinuous ? "D" : "-" }.joined()
            seen.append("\(playlist.discontinuitySequence)\(marks)")
        }
        #expect(seen.starts(with: ["0--", "0--", "0-D", "0D-", "1--"]), "\(seen)")
    }

    @Test func configurationChoosesTheContainer() async throws {
        let stream = FakeStream("box", segments: 6, prefersTransportStreamSegments: true)
        for chunk in TestMedia.chunks { stream.feed(chunk) }
        let server = try await LoopbackServer.start { _ in .here(stream) }
        defer { server.channel.close(promise: nil) }
        #expect(try await run(["curl", "-s", server.url("/box/index.m3u8")]).output.contains("\nts.m3u8\n"))
        let asked = try await run(["curl", "-s", server.url("/box/index.m3u8?container=fmp4")])
        #expect(asked.output.contains("\ntrack-1.m3u8\n"))
    }

    @Test(arguments: ["index.m3u8", "track-1.m3u8", "ts.m3u8"]) func playlistsAreCompressed(name: String) async throws {
        let server = try await LoopbackServer.start(Self.find)
        defer { server.channel.close(promise: nil) }
        let url = server.url("/cam/one/\(name)")
        let plain = try await run(["curl", "-s", "-i", url])
        #expect(plain.output.contains("Vary: Accept-Encoding"))
        #expect(!plain.output.contains("Content-Encoding"))
        let small = try await run(["curl", "-s", "-D", "-", "-o", "/dev/null", "-H", "Accept-Encoding: gzip", url])
        #expect(small.output.contains("Content-Encoding: gzip"))
        let text = try await run(["sh", "-c", "curl -s -H 'Accept-Encoding: gzip' '\(url)' | gunzip"])
        #expect(text.output.hasPrefix("#EXTM3U"))
        #expect(plain.output.hasSuffix("\r\n\r\n" + text.output))
        let refused = try await run(["curl", "-s", "-i", "-H", "Accept-Encoding: gzip;q=0, br", url])
        #expect(!refused.output.contains("Content-Encoding") && refused.output.contains("#EXTM3U"))
    }
}
