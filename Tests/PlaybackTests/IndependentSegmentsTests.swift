// Playlists promise independent segments where that is true, and do not where pictures refer to the segment before.
import Foundation
import HLS
import LiveStream
import Media
import Testing

@testable import Playback

@Suite struct IndependentSegmentsTests {
    @Test(
        "segments are called independent unless a picture needs the segment before",
        arguments: [
            (["-x264-params", "bframes=2:b-adapt=0:keyint=25"], true),
            (["-x264-params", "open-gop=1:bframes=2:b-adapt=0:keyint=25"], false),
            // Recovery points, but no picture that needs nothing before it.
            (["-x264-params", "intra-refresh=1:keyint=25"], false),
            (["-c:v", "libx265", "-x265-params", "log-level=none:open-gop=0:bframes=2:b-adapt=0:keyint=25"], true),
            (["-c:v", "libx265", "-x265-params", "log-level=none:open-gop=1:bframes=2:b-adapt=0:keyint=24"], false),
            // Its groups might be open, but two pictures between three others never stand before a multiple of 25.
            (["-c:v", "libx265", "-x265-params", "log-level=none:open-gop=1:bframes=2:b-adapt=0:keyint=25"], true),
            (["-vn"], true),
        ])
    func groupsOfPictures(options: [String], isIndependent: Bool) throws {
        let stream = FakeStream("cam")
        for chunk in TestMedia.make(options) { stream.feed(chunk) }
        let segments = stream.window.closed
        try #require(segments.count == 4)
        // Cut at key frames all the same: players may begin at each.
        #expect(segments.allSatisfy { $0.startsWithKeyFrame })
        let track = try #require(segments.last?.tracks.tracks.first?.id)
        let texts = [
            PlaylistRendering.media(segments, .one(track))?.write(), PlaylistRendering.media(segments, nil)?.write(),
            PlaylistRendering.multivariant(segments, container: .fragmentedMP4, joined: nil)?.write(),
            PlaylistRendering.multivariant(segments, container: .transportStream, joined: nil)?.write(),
        ]
        for text in texts {
            let text = String(decoding: try #require(text), as: UTF8.self)
            #expect(text.contains("#EXT-X-INDEPENDENT-SEGMENTS") == isIndependent, "\(text)")
        }
    }
}
