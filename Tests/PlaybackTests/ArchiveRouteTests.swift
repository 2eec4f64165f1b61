// Addresses of archives, and the numbers of playlists that slide over them.
import Media
import Testing

@testable import Playback

@Suite struct ArchiveRouteTests {
    private func time(_ seconds: Int64) -> MediaTime { MediaTime(unixMilliseconds: seconds * 1000) }

    private func route(_ last: Substring, _ query: Substring = "") -> MediaRoute.Reading {
        MediaRoute.parse(path: "/a/cam/\(last)", query: query)
    }

    @Test func eachFormIsRead() {
        let range = MediaRoute.archive(.range(from: time(100), until: time(130)))
        for form in ["archive-100-30.m3u8", "index-100-30.m3u8", "video-100-30.m3u8", "mono-100-30.m3u8"] {
            #expect(route(form[...]) == .media(stream: "a/cam", range))
        }
        let forms: [(Substring, Substring, ArchiveRoute)] = [
            ("archive-100-now.m3u8", "", .range(from: time(100), until: nil)),
            ("timeshift_abs-100.m3u8", "", .from(time(100))),
            ("index.m3u8", "utc=100&lutc=200", .from(time(100))),
            ("timeshift_rel-60.m3u8", "", .delayed(by: .seconds(60))),
            ("rewind-60.m3u8", "", .rewind(.seconds(60))),
            ("recording_status.json", "", .recordingStatus),
            ("archive-100-30.mp4", "", .export(.mp4, from: time(100), until: time(130))),
            ("archive-100-now.mp4", "", .export(.mp4, from: time(100), until: nil)),
            ("archive-100-30.ts", "token=1", .export(.ts, from: time(100), until: time(130))),
            ("archive-100-now.ts", "", .follow(from: time(100))),
            ("timeshift_abs-100.ts", "", .follow(from: time(100))),
            ("timeshift_rel-60.ts", "", .followDelayed(by: .seconds(60))),
            ("video-timeshift_abs-100.m3u8", "", .from(time(100))),
            ("mono-timeshift_rel-60.ts", "", .followDelayed(by: .seconds(60))),
        ]
        for (last, query, wanted) in forms {
            #expect(route(last, query) == .media(stream: "a/cam", .archive(wanted)))
        }
    }

    @Test(arguments: [
        "archive-100-0.m3u8", "archive--30.m3u8", "archive-1e3-30.m3u8", "archive-100-99999999999999999999.m3u8",
        "archive-1790000000000-30.m3u8", "archive-100.m3u8", "rewind-0.m3u8", "rewind-+5.m3u8", "archive-100-0.mp4",
        "archive-100-30.mkv", "timeshift_abs-x.ts",
    ])
    func otherWordsAreNotOurs(last: String) {
        #expect(route(last[...]) == .other)
    }

    @Test func theLivePlaylistStaysLive() {
        for query in ["", "utc=", "utc=x", "token=1"] {
            #expect(
                route("index.m3u8", query[...])
                    == .media(stream: "a/cam", .multivariantPlaylist(nil)))
        }
    }

    @Test func numbersCountOnFromTheAnchor() {
        let numbers = SlidingNumbers()
        let key = SlidingNumbers.Key(stream: "cam", route: .rewind(.seconds(60)))
        let first = numbers.numbers(of: time(1000), for: key) { _ in (0, 0) }
        #expect(first == (1000, 0))
        let next = numbers.numbers(of: time(1010), for: key) { from in
            #expect(from == time(1000))
            return (2, 1)
        }
        #expect(next == (1002, 1))
        #expect(numbers.numbers(of: time(1010), for: key) { _ in (9, 9) } == (1002, 1))
        // After an hour without a request the numbers begin anew, higher than before.
        #expect(numbers.numbers(of: time(9000), for: key) { _ in (9, 9) } == (9000, 0))
    }
}
