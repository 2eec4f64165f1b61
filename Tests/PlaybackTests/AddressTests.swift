// Which address means what: tables for paths, names, queries, redirects and ranges.
import Media
import Testing

@testable import Playback

@Suite struct AddressTests {
    @Test(arguments: [
        ("/cam/index.m3u8", "", "cam", MediaRoute.multivariantPlaylist(nil)),
        ("/a/b/c/index.m3u8", "", "a/b/c", .multivariantPlaylist(nil)),
        ("/cam/video.m3u8", "token=1", "cam", .multivariantPlaylist(nil)),
        ("/cam/index.m3u8", "container=fmp4", "cam", .multivariantPlaylist(.fragmentedMP4)),
        ("/cam/mono.m3u8", "token=1&container=ts", "cam", .multivariantPlaylist(.transportStream)),
        ("/cam%20one/%D0%B4/mpegts", "", "cam one/д", .transportStream),
        ("/cam/track-1.m3u8", "", "cam", .mediaPlaylist(.one(TrackID(1)))),
        ("/cam/track-all.m3u8", "", "cam", .mediaPlaylist(.all)),
        ("/cam/ts.m3u8", "", "cam", .transportStreamPlaylist),
        (
            "/cam/segment-157500000000000-2.m4s", "", "cam",
            .segment(start: MediaTime(ticks: 157_500_000_000_000), .one(TrackID(2)))
        ),
        ("/cam/segment-90000.ts", "", "cam", .transportStreamSegment(start: MediaTime(ticks: 90000))),
        (
            "/cam/cut-90000-180000.m4s", "", "cam",
            .cutSegment(start: MediaTime(ticks: 90000), end: MediaTime(ticks: 180000), .fragmentedMP4)
        ),
        (
            "/cam/cut-90000-180000.ts", "", "cam",
            .cutSegment(start: MediaTime(ticks: 90000), end: MediaTime(ticks: 180000), .transportStream)
        ),
        ("/cam/init-00ff-all.mp4", "", "cam", .initialization(fingerprint: "00ff", .all)),
        ("/cam/live.mp4", "", "cam", .fragmentedMP4(nil)),
        ("/cam/live.mp4", "tracks=1,3", "cam", .fragmentedMP4([TrackID(1), TrackID(3)])),
        ("/cam/embed.html", "", "cam", .embedPage), ("/cam/preview.mp4", "", "cam", .preview),
        ("/cam/media_info.json", "", "cam", .mediaInformation),
    ])
    func playersAddresses(path: String, query: String, name: String, route: MediaRoute) {
        #expect(MediaRoute.parse(path: path[...], query: query[...]) == .media(stream: name, route))
    }

    @Test(arguments: [
        "/", "", "/index.m3u8", "/metrics", "/cam/", "/cam/archive-1-2.mkv", "/cam/timeshift_abs-1700000000.mp4",
        "/cam/1700000000.jpg", "/cam/segment-.ts", "/cam/cut-5.ts", "/cam/cut-5-06.m4s", "/cam/segment-+5.ts",
        "/cam/segment-007.ts", "/cam/segment-5-x.m4s",
        "/cam/segment-99999999999999999999.ts", "/cam/track-01.m3u8", "/cam/init--1.mp4",
        "/streamer/api/v3/streams/cam/media_info.json",
    ])
    func othersAddresses(path: String) {
        #expect(MediaRoute.parse(path: path[...], query: "") == .other)
    }

    @Test(arguments: [
        "//mpegts", "/../mpegts", "/a/%2e%2e/mpegts", "/a//b/mpegts", "/a%2Fb/mpegts", "/a%00/mpegts", "/a%5cb/mpegts",
        "/%zz/mpegts", "/%e/mpegts", "/%ff/mpegts", "/" + String(repeating: "a", count: 256) + "/mpegts",
    ])
    func pathTricksAreRefused(path: String) {
        guard case .malformed(let reason) = MediaRoute.parse(path: path[...], query: "") else {
            Issue.record("\(path) was taken")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test func redirectKeepsPathAndQueryAndCounts() throws {
        let target = try #require(RequestTarget("/a%20b/index.m3u8?token=x%26y&container=ts"))
        #expect(
            Redirection.decide(base: "https://cdn1.example:80/", scheme: "http", target: target)
                == .location("https://cdn1.example:80/a%20b/index.m3u8?token=x%26y&container=ts&redirects=1"))
        #expect(
            Redirection.decide(base: "cdn1:8080", scheme: "https", target: target)
                == .location("https://cdn1:8080/a%20b/index.m3u8?token=x%26y&container=ts&redirects=1"))
    }

    @Test(arguments: ["redirects=2", "redirects=999", "redirects=-1", "redirects=x"])
    func redirectsEnd(query: String) throws {
        let target = try #require(RequestTarget("/cam/mpegts?" + query))
        #expect(Redirection.decide(base: "http://b", scheme: "http", target: target) == .loop)
        let once = try #require(RequestTarget("/cam/mpegts?redirects=1"))
        #expect(
            Redirection.decide(base: "http://b", scheme: "http", target: once)
                == .location("http://b/cam/mpegts?redirects=2"))
    }

    @Test(
        arguments: [
            (nil, ByteRange.Reading.whole), ("bytes=0-", .part(0..<100)), ("bytes=10-19", .part(10..<20)),
            ("bytes=-30", .part(70..<100)), ("bytes=-300", .part(0..<100)), ("bytes=90-200", .part(90..<100)),
            ("bytes=100-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=5-4", .whole), ("bytes=a-b", .whole),
            ("bytes=0-1,5-6", .whole), ("lines=0-1", .whole), ("bytes=", .whole), ("bytes=--5", .whole),
            ("bytes=0-99999999999999999999", .part(0..<100)), ("bytes=99999999999999999999-", .unsatisfiable),
        ] as [(String?, ByteRange.Reading)])
    func ranges(header: String?, reading: ByteRange.Reading) {
        #expect(ByteRange.read(header, length: 100) == reading)
    }
}
