// What the playlist of playlists says of a stream is true of the segments that players load.
import Foundation
import LiveStream
import MPEGTS
import Media
import NIOCore
import Testing

@testable import Playback

@Suite struct VariantTests {
    private let renditions = StreamRenditions()

    private func text(_ route: MediaRoute, _ window: LiveWindow) throws -> String {
        let found = try #require(try renditions.representation(of: route, in: window, at: .uptimeNanoseconds(1)))
        return found.0.pieces.map { String(buffer: $0) }.joined()
    }

    /// Of each segment of a media playlist its bits as they are loaded, and its seconds.
    private func segments(_ list: MediaRoute, _ window: LiveWindow) throws -> [(bits: Double, seconds: Double)] {
        let lines = try text(list, window).split(separator: "\n")
        return try zip(lines, lines.dropFirst()).compactMap { line, name in
            guard line.hasPrefix("#EXTINF:") else { return nil }
            let seconds = try #require(Double(line.dropFirst(8).dropLast()))
            guard case .media(_, let route) = MediaRoute.parse(path: "/cam/\(name)", query: "") else { return nil }
            let made = try #require(try renditions.representation(of: route, in: window, at: .uptimeNanoseconds(1)))
            return (Double(made.0.length) * 8, seconds)
        }
    }

    private func number(_ attribute: String, _ text: String) throws -> Double {
        let place = try #require(text.firstRange(of: "\(attribute)="), "\(text)")
        return try #require(Double(text[place.upperBound...].prefix { $0.isNumber }))
    }

    /// RFC 8216 §4.3.4.2: the largest rate of any segment, and the mean of all.
    @Test(arguments: [MediaRoute.Container.fragmentedMP4, .transportStream])
    func bandwidthsAreThoseOfTheSegments(container: MediaRoute.Container) throws {
        let stream = LoopbackTests.fullStream()
        let lists: [MediaRoute] =
            container == .transportStream
            ? [.transportStreamPlaylist] : [.mediaPlaylist(.one(TrackID(1))), .mediaPlaylist(.one(TrackID(2)))]
        // Asked first, as players do: nothing has been loaded yet.
        let variant = try text(.multivariantPlaylist(container), stream.window)
        let parts = try lists.map { try segments($0, stream.window) }
        #expect(parts.allSatisfy { $0.count == 6 })
        let rates = (0..<6).map { index in parts.reduce(0) { $0 + $1[index].bits / $1[index].seconds } }
        let peak = try #require(rates.max())
        let seconds = try #require(parts.first).reduce(0) { $0 + $1.seconds }
        let mean = parts.joined().reduce(0) { $0 + $1.bits } / seconds
        // Picture and sound have their largest segments at different times.
        #expect((peak - 1...peak * 1.1).contains(try number(":BANDWIDTH", variant)), "\(rates) \(variant)")
        #expect((mean * 0.99...mean * 1.01).contains(try number("AVERAGE-BANDWIDTH", variant)), "\(mean) \(variant)")
    }

    @Test func attributesAreThoseOfTheMedia() throws {
        let stream = FakeStream("cam", segments: 6)
        let chunks = TestMedia.make(["-vf", "fps=30000/1001,scale=320:180", "-ac", "2"])
        for chunk in chunks { stream.feed(chunk) }
        guard case .h264(let parameters) = chunks.first?.tracks.leading?.codec else {
            Issue.record("\(chunks.count) chunks")
            return
        }
        // Profile, constraints and level, as the sequence parameter set has them (RFC 6381 §3.3).
        let profile = try #require(parameters.sequenceParameterSets.first)[1...3].map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        for container in [MediaRoute.Container.fragmentedMP4, .transportStream] {
            let variant = try text(.multivariantPlaylist(container), stream.window)
            #expect(
                variant.contains(
                    "CODECS=\"avc1.\(profile),mp4a.40.2\",RESOLUTION=320x180,FRAME-RATE=29.970"), "\(variant)")
        }
        // The same for scripts.
        let written = MediaInformation.write(name: "cam", title: "Door \"1\"", window: stream.window)
        let facts = try #require(
            try JSONSerialization.jsonObject(with: Data(written.readableBytesView)) as? [String: Any])
        #expect(facts["name"] as? String == "cam" && facts["title"] as? String == "Door \"1\"")
        #expect(facts["alive"] as? Bool == true)
        let tracks = try #require(facts["tracks"] as? [[String: Any]])
        #expect(tracks.map { $0["content"] as? String } == ["video", "audio"])
        #expect(tracks.map { $0["codec"] as? String } == ["avc1.\(profile)", "mp4a.40.2"])
        #expect(tracks[0]["width"] as? Int == 320 && tracks[0]["height"] as? Int == 180)
        #expect(tracks[0]["fps"] as? Double == 29.97)
        #expect(tracks[1]["channels"] as? Int == 2 && tracks[1]["sample_rate"] as? Int == 48000)
        for track in tracks {
            let id = TrackID(UInt32(try #require(track["track_id"] as? Int)))
            let parts = try segments(.mediaPlaylist(.one(id)), stream.window)
            let mean = parts.reduce(0) { $0 + $1.bits } / parts.reduce(0) { $0 + $1.seconds }
            let rate = Double(try #require(track["bitrate"] as? Int))
            #expect((mean * 0.99...mean * 1.01).contains(rate), "\(track) \(mean)")
        }
    }

    /// UTC of the first frame of the first segment.
    @Test(arguments: [
        MediaRoute.mediaPlaylist(.one(TrackID(1))), .mediaPlaylist(.one(TrackID(2))), .transportStreamPlaylist,
    ])
    func theDateOfAPlaylistIsThatOfItsFirstSegment(route: MediaRoute) throws {
        let window = LoopbackTests.fullStream().window
        let start = Double(try #require(window.closed.first).start.unixMilliseconds) / 1000
        let date = Date(timeIntervalSince1970: start + 0.0002).formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let playlist = try text(route, window)
        #expect(playlist.contains("#EXT-X-PROGRAM-DATE-TIME:\(date)\n"), "\(date) \(playlist)")
    }

    /// Players of MP4 have no use for data tracks; receivers of transport streams get them with each segment.
    @Test func dataTracksAreInTransportSegmentsAlone() throws {
        let stream = FakeStream("cam", segments: 6)
        for chunk in TestMedia.make(["-ac", "1"], withCues: true) { stream.feed(chunk) }
        let window = stream.window
        let cue = TestMedia.cueTrack
        #expect(try !text(.multivariantPlaylist(.fragmentedMP4), window).contains("track-\(cue.value)"))
        let now = NIODeadline.uptimeNanoseconds(1)
        #expect(try renditions.representation(of: .mediaPlaylist(.one(cue)), in: window, at: now)?.0.length == nil)
        let start = try #require(window.closed.first?.start)
        let segment = try #require(
            try renditions.representation(of: .transportStreamSegment(start: start), in: window, at: now))
        var demuxer = TransportStreamDemuxer()
        var output = DemuxOutput()
        for piece in segment.0.pieces { demuxer.receive(piece, into: &output) }
        demuxer.finish(into: &output)
        let sets = output.take().compactMap { if case .tracks(let set) = $0 { set } else { nil } }
        #expect(sets.first?.tracks.map(\.kind) == [.video, .audio, .data], "\(sets)")
        let facts = String(buffer: MediaInformation.write(name: "cam", title: "Cam", window: window))
        #expect(facts.contains("\"content\":\"data\""), "\(facts)")
    }
}
