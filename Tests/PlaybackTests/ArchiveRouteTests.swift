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
            ("index.m3u8", "utc=100&lutc=200", .from(time(100))), ("video.m3u8", "token=1&utc=100", .from(time(100))),
            ("index-100-now.m3u8", "", .range(from: time(100), until: nil)),
            ("video-100-now.m3u8", "", .range(from: time(100), until: nil)),
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
            ("archive-100-now.m3u8", "container=ts", .inTransportStream(.range(from: time(100), until: nil))),
            ("rewind-60.m3u8", "token=1&container=mpegts", .inTransportStream(.rewind(.seconds(60)))),
            ("index.m3u8", "utc=100&container=ts", .inTransportStream(.from(time(100)))),
            ("archive-100-30.m3u8", "container=fmp4", .range(from: time(100), until: time(130))),
            ("archive-100-now.mp4", "container=ts", .export(.mp4, from: time(100), until: nil)),
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
        func ask(
            _ starts: [Int64], resetAt: Int64 = 0,
            _ count: (MediaTime, MediaTime) -> (segments: Int64, discontinuities: Int64)? = { _, _ in (9, 9) }
        ) -> (sequence: Int64, discontinuities: Int64) {
            numbers.numbers(
                of: starts.map { .init(start: time($0), isDiscontinuous: $0 == resetAt) }, for: key, count: count)
        }
        #expect(ask([1000]) == (1000, 0))
        let next = ask([1010, 1016, 1022, 1028], resetAt: 1016) { from, to in
            #expect(from == time(1000) && to == time(1010))
            return (2, 1)
        }
        #expect(next == (1002, 1))
        #expect(ask([1010, 1016, 1022, 1028], resetAt: 1016) == (1002, 1))
        // What was seen before need not be there any more.
        #expect(ask([1022, 1028, 1034]) == (1004, 2))
        #expect(ask([1028, 1034]) == (1005, 2))
        #expect(ask([1034]) == (1006, 2))
        // A slower request, for what the list has passed, is answered with what it was, and takes nothing back.
        let slower = ask([1022, 1028], resetAt: 1022) { from, to in
            #expect(from == time(1022) && to == time(1034))
            return (2, 0)
        }
        #expect(slower == (1004, 2))
        #expect(ask([1034, 1040]) == (1006, 2))
        // Where nobody can count, and after an hour without a request, the numbers begin anew, higher than before.
        #expect(ask([1100]) { _, _ in nil } == (1100, 0))
        #expect(ask([9000]) == (9000, 0))
    }

    @Test func addressesNobodyMeansLeaveNoMemory() {
        let numbers = SlidingNumbers()
        for seconds in Int64(1)...10_000 {
            let key = SlidingNumbers.Key(stream: "cam", route: .rewind(.seconds(seconds)))
            _ = numbers.numbers(of: [.init(start: time(1000), isDiscontinuous: false)], for: key) { _, _ in nil }
        }
        #expect(numbers.count <= 4096)
    }
}
