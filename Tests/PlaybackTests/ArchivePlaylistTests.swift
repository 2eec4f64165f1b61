// Playlists of archives as text: over a gap, a change of codecs and the next run of an hour.
import Archive
import HLS
import Media
import Testing

@testable import Playback

@Suite struct ArchivePlaylistTests {
    private static let epoch = MediaTime(unixMilliseconds: 1_790_000_000_000)

    private static let selection: PlaybackSelection = {
        func run(_ id: Int64, tracks: UInt64) -> ArchivedRun {
            ArchivedRun(
                id: id, stream: "cam", path: "cam/\(id).mp4", start: epoch, origin: "a", tracksFingerprint: tracks,
                initializationLength: 700)
        }
        let runs = [run(1, tracks: 1), run(2, tracks: 1), run(3, tracks: 2), run(4, tracks: 3)]
        let places: [(Int64, ArchivedRun)] = [
            (0, runs[0]), (2, runs[1]), (14, runs[1]), (16, runs[2]), (18, runs[3]), (20, runs[1]),
        ]
        let segments = places.map { second, run in
            ArchivedSegment(
                start: epoch + .seconds(second), duration: .seconds(2), run: run, offset: 0, length: 1,
                digest: MediaDigest(high: 1, low: 1), isDiscontinuous: false, isInterrupted: false)
        }
        return PlaybackSelection(segments, in: .always)
    }()

    private func text(
        isEnded: Bool, numbers: (Int64, Int64)?, _ container: MediaRoute.Container = .fragmentedMP4
    ) -> String {
        let list = ArchivePlaylists.media(
            Self.selection, container, isEnded: isEnded, startsAtBegin: false, mayLoseItsBegin: numbers != nil,
            numbers: numbers ?? (0, 0)
        ) { $0.tracksFingerprint == 3 ? nil : "init-\($0.tracksFingerprint).mp4" }
        return String(decoding: list.write(), as: UTF8.self)
    }

    private let body = """
        #EXT-X-MAP:URI="init-1.mp4"
        #EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:20.000Z
        #EXTINF:2.000000,
        segment-161100000000000-all.m4s
        #EXTINF:2.000000,
        segment-161100000180000-all.m4s
        #EXT-X-DISCONTINUITY
        #EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:34.000Z
        #EXTINF:2.000000,
        segment-161100001260000-all.m4s
        #EXT-X-DISCONTINUITY
        #EXT-X-MAP:URI="init-2.mp4"
        #EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:36.000Z
        #EXTINF:2.000000,
        segment-161100001440000-all.m4s
        #EXT-X-DISCONTINUITY
        #EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:38.000Z
        #EXT-X-GAP
        #EXTINF:2.000000,
        segment-161100001620000-all.m4s
        #EXT-X-DISCONTINUITY
        #EXT-X-MAP:URI="init-1.mp4"
        #EXT-X-PROGRAM-DATE-TIME:2026-09-21T14:13:40.000Z
        #EXTINF:2.000000,
        segment-161100001800000-all.m4s

        """

    @Test func eachResetIsTold() {
        let head = "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-TARGETDURATION:2\n"
        #expect(
            text(isEnded: true, numbers: nil)
                == head + "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n" + body + "#EXT-X-ENDLIST\n")
        #expect(
            text(isEnded: false, numbers: nil)
                == head + "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:EVENT\n" + body)
        #expect(
            text(isEnded: false, numbers: (41, 3))
                == head + "#EXT-X-MEDIA-SEQUENCE:41\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n" + body)
        let transportStream = body.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("#EXT-X-MAP") }.joined(separator: "\n").replacing("-all.m4s", with: ".ts")
        #expect(
            text(isEnded: true, numbers: nil, .transportStream)
                == head + "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n" + transportStream
                + "#EXT-X-ENDLIST\n")
    }
}
