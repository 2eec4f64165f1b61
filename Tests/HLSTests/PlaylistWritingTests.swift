// Playlists as text, compared with tables written by hand.
import HLS
import Media
import Testing

@Suite struct PlaylistWritingTests {
    @Test func livePlaylistWithDiscontinuityAndGap() {
        // 2024-02-29T23:59:59.999Z: a leap day's last millisecond.
        let time = MediaTime(unixMilliseconds: 1_709_251_199_999)
        let playlist = MediaPlaylist(
            segments: [
                .init(uri: "a.m4s", duration: MediaSpan(ticks: 180_000), programDateTime: time, map: "1.mp4"),
                .init(uri: "b.m4s", duration: MediaSpan(ticks: 494_999), programDateTime: time, map: "1.mp4"),
                .init(
                    uri: "c.m4s", duration: MediaSpan(ticks: 1), programDateTime: time + .milliseconds(1),
                    isDiscontinuous: true, isGap: true, map: "2.mp4"),
            ], mediaSequence: 41, discontinuitySequence: 3)
        let expected = """
            #EXTM3U
            #EXT-X-VERSION:8
            #EXT-X-TARGETDURATION:5
            #EXT-X-MEDIA-SEQUENCE:41
            #EXT-X-DISCONTINUITY-SEQUENCE:3
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MAP:URI="1.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2024-02-29T23:59:59.999Z
            #EXTINF:2.000000,
            a.m4s
            #EXTINF:5.499989,
            b.m4s
            #EXT-X-DISCONTINUITY
            #EXT-X-MAP:URI="2.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2024-03-01T00:00:00.000Z
            #EXT-X-GAP
            #EXTINF:0.000011,
            c.m4s

            """
        #expect(String(decoding: playlist.write(), as: UTF8.self) == expected)
    }

    @Test(arguments: [(494_999, 5), (495_000, 6), (44_999, 1), (540_000, 6)] as [(Int64, Int64)])
    func targetDurationIsRoundedToTheNearestSecond(ticks: Int64, target: Int64) {
        let playlist = MediaPlaylist(segments: [.init(uri: "a", duration: MediaSpan(ticks: ticks))])
        #expect(playlist.targetDuration == target)
    }

    @Test func archivePlaylistEnds() {
        let playlist = MediaPlaylist(
            segments: [.init(uri: "a.ts", duration: .seconds(4))], kind: .vod, isEnded: true,
            hasIndependentSegments: false, start: .seconds(-3))
        let expected = """
            #EXTM3U
            #EXT-X-VERSION:3
            #EXT-X-TARGETDURATION:4
            #EXT-X-MEDIA-SEQUENCE:0
            #EXT-X-PLAYLIST-TYPE:VOD
            #EXT-X-START:TIME-OFFSET=-3.000000
            #EXTINF:4.000000,
            a.ts
            #EXT-X-ENDLIST

            """
        #expect(String(decoding: playlist.write(), as: UTF8.self) == expected)
    }

    @Test func multivariantPlaylistKeepsQuotesAndLinesApart() {
        let playlist = MultivariantPlaylist(
            audio: [
                .init(group: "a", name: "Say \"hi\"\n", language: "eng", isDefault: true, uri: "a.m3u8", channels: 2)
            ],
            variants: [
                .init(
                    uri: "v.m3u8", bandwidth: 2_000_000, averageBandwidth: 1_500_000,
                    codecs: ["avc1.64001e", "mp4a.40.2"], width: 640, height: 360, frameRateThousandths: 29_970,
                    audioGroup: "a")
            ])
        let expected = """
            #EXTM3U
            #EXT-X-VERSION:6
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="Say 'hi' ",LANGUAGE="eng",DEFAULT=YES,AUTOSELECT=YES,\
            CHANNELS="2",URI="a.m3u8"
            #EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1500000,CODECS="avc1.64001e,mp4a.40.2",\
            RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO="a"
            v.m3u8

            """
        #expect(String(decoding: playlist.write(), as: UTF8.self) == expected)
    }
}
