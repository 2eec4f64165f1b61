// The muxer: read back by the demuxer and by ffmpeg, joined, repeated.
import MPEGTS
import Media
import NIOCore
import Testing

/// The frames of a vector on a timeline, sorted by decode time.
private func timed(_ result: Demuxed, shift: Int64 = 1_700_000_000 * 90_000) -> [TimedFrame] {
    var frames: [TimedFrame] = []
    for track in result.trackSets.first?.tracks ?? [] {
        let own = result.frames(track.id.value)
        for (index, frame) in own.enumerated() {
            let next = index + 1 < own.count ? own[index + 1].decode - frame.decode : 3600
            frames.append(
                TimedFrame(
                    track: track.id, decodeTime: MediaTime(ticks: frame.decode + shift),
                    presentationTime: MediaTime(ticks: frame.presentation + shift),
                    duration: track.codec.frameDuration ?? MediaSpan(ticks: next), isKey: frame.isKey, data: frame.data)
            )
        }
    }
    return frames.sorted { $0.decodeTime < $1.decodeTime }
}

@Suite struct MuxerTests {
    private static func modulo(_ value: Int64) -> Int64 { value & (1 << 33 - 1) }

    @Test(arguments: Vector.allCases)
    func whatIsMuxedIsDemuxedAgain(_ vector: Vector) throws {
        let source = demux(try vector.bytes())
        let tracks = try #require(source.trackSets.first)
        let frames = timed(source)
        var muxer = TransportStreamMuxer(tracks: tracks)
        var bytes = ByteBuffer()
        // Chunks of 200 ms, as the house has them.
        var rest = frames[...]
        while let first = rest.first {
            let chunk = rest.prefix { $0.decodeTime - first.decodeTime < .milliseconds(200) }
            muxer.write(Array(chunk), into: &bytes)
            rest = rest.dropFirst(chunk.count)
        }
        let back = demux(Array(bytes.readableBytesView))
        #expect(back.trackSets == [tracks])
        #expect(back.counters.lost == 0 && back.counters.damagedFrames == 0)
        for track in tracks.tracks {
            let (sent, received) = (frames.filter { $0.track == track.id }, back.frames(track.id.value))
            #expect(sent.map(\.data) == received.map(\.data))
            #expect(sent.map(\.isKey) == received.map(\.isKey))
            for (a, b) in zip(sent, received) {
                #expect(abs(Self.modulo(a.decodeTime.ticks) - Self.modulo(b.decode)) <= 1)
                #expect(abs(Self.modulo(a.presentationTime.ticks) - Self.modulo(b.presentation)) <= 1)
            }
        }
    }

    @Test(arguments: Vector.allCases)
    func ffmpegReadsJoinedSegmentsWithoutAComplaint(_ vector: Vector) throws {
        let source = demux(try vector.bytes())
        let tracks = try #require(source.trackSets.first)
        let frames = timed(source)
        // Segments begin with the key frames of the video; audio goes with the segment of its time.
        let cuts = frames.filter { $0.track == tracks.leading?.id && $0.isKey }.map(\.decodeTime)
        #expect(cuts.count >= 2)
        var bytes: [UInt8] = []
        for (index, cut) in cuts.enumerated() {
            let end = index + 1 < cuts.count ? cuts[index + 1] : nil
            let own = frames.filter { frame in
                (index == 0 || frame.decodeTime >= cut) && (end.map { frame.decodeTime < $0 } ?? true)
            }
            let segment = TransportStreamMuxer.segment(tracks: tracks, frames: own)
            #expect(
                segment
                    == TransportStreamMuxer.segment(
                        tracks: tracks, frames: own.reversed().sorted { $0.decodeTime < $1.decodeTime }))
            bytes += Array(segment.readableBytesView)
        }
        let result = demux(bytes)
        #expect(result.counters.lost == 0 && result.counters.repeated == 0)
        let scratch = try Scratch()
        let path = try scratch.write(bytes, to: "x.ts")
        let played = try run("ffmpeg", ["-v", "warning", "-i", path, "-map", "0", "-f", "null", "-"])
        #expect(played.messages.isEmpty, "\(played.messages)")
        let counted = try run(
            "ffprobe",
            [
                "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames", "-of",
                "csv=p=0", path,
            ])
        #expect(counted.text.contains("50"))
    }

    @Test func clockAndTablesComeOftenEnough() throws {
        let source = demux(try Vector.bFrames.bytes())
        let tracks = try #require(source.trackSets.first)
        let bytes = Array(TransportStreamMuxer.segment(tracks: tracks, frames: timed(source)).readableBytesView)
        #expect(bytes.count % 188 == 0)
        var clocks: [Int64] = []
        var tables = 0
        var counts: [UInt16: Int] = [:]
        for at in stride(from: 0, to: bytes.count, by: 188) {
            #expect(bytes[at] == 0x47)
            let pid = UInt16(bytes[at + 1] & 0x1f) << 8 | UInt16(bytes[at + 2])
            if pid == 0 { tables += 1 }
            if bytes[at + 3] & 0x10 != 0 { counts[pid, default: 0] += 1 }
            if bytes[at + 3] & 0x20 != 0, bytes[at + 4] >= 7, bytes[at + 5] & 0x10 != 0 {
                let base = bytes[at + 6..<at + 10].reduce(Int64(0)) { $0 << 8 | Int64($1) }
                clocks.append(base << 1 | Int64(bytes[at + 10] >> 7))
            }
        }
        #expect(clocks.count >= 50)
        #expect(zip(clocks, clocks.dropFirst()).allSatisfy { (1...9000).contains($1 - $0) })
        #expect(tables >= 5)
        #expect(counts.values.allSatisfy { $0 % 16 == 0 })
    }

    /// A clock at least every 100 ms (ISO/IEC 13818-1 §2.7.2), and never after what is decoded by it, nor more than a second
    /// before (§2.4.2.6); also of pictures that come once a second, with sound beside them or none.
    @Test(arguments: [[Track.Kind.video, .audio], [.video]])
    func theClockRunsOnBetweenRarePicturesAndLeadsWhatIsDecoded(_ kinds: [Track.Kind]) throws {
        let source = demux(try Vector.bFrames.bytes())
        let tracks = TrackSet(try #require(source.trackSets.first).tracks.filter { kinds.contains($0.kind) })
        let frames = timed(source).filter { frame in
            tracks[frame.track].map { $0.kind == .audio || frame.isKey } ?? false
        }
        let bytes = Array(TransportStreamMuxer.segment(tracks: tracks, frames: frames).readableBytesView)
        var clocks: [Int64] = []
        var leads: [Int64] = []
        for at in stride(from: 0, to: bytes.count, by: 188) {
            let field = bytes[at + 3] & 0x20 == 0 ? 0 : 1 + Int(bytes[at + 4])
            if field >= 8, bytes[at + 5] & 0x10 != 0 {
                let base = bytes[at + 6..<at + 10].reduce(Int64(0)) { $0 << 8 | Int64($1) }
                clocks.append(base << 1 | Int64(bytes[at + 10] >> 7))
            }
            let payload = bytes[(at + 4 + field)..<(at + 188)]
            guard bytes[at + 1] & 0x40 != 0, payload.starts(with: [0, 0, 1]) else { continue }
            // The DTS, or the PTS where that is the same.
            let stamp = payload.dropFirst(payload[payload.startIndex + 7] & 0x40 == 0 ? 9 : 14).prefix(5).map {
                Int64($0)
            }
            let high = stamp[0] >> 1 & 7
            let middle = stamp[1] << 7 | stamp[2] >> 1
            let low = stamp[3] << 7 | stamp[4] >> 1
            let time = high << 30 | middle << 15 | low
            leads.append(time - (clocks.last ?? 0))
        }
        #expect(clocks.count >= 10 && leads.count >= 2)
        #expect(zip(clocks, clocks.dropFirst()).allSatisfy { (1...9000).contains($1 - $0) }, "\(clocks)")
        #expect(leads.allSatisfy { (1...90_000).contains($0) }, "\(leads)")
    }

    @Test func dataTracksAreCarried() throws {
        let source = demux(try Vector.plain.bytes())
        let cue = DataParameters(purpose: .scte35, streamType: 0x86, descriptors: [], isSections: true)
        let text = DataParameters(
            purpose: .teletext, streamType: 6, descriptors: [0x56, 5, 0x64, 0x65, 0x75, 0x09, 0], isSections: false)
        let subtitles = DataParameters(
            purpose: .dvbSubtitles, streamType: 6, descriptors: [0x59, 8, 0x65, 0x6e, 0x67, 0x10, 0, 1, 0, 1],
            isSections: false)
        let tracks = TrackSet(
            (source.trackSets.first?.tracks ?? []) + [
                Track(id: TrackID(3), codec: .data(cue)), Track(id: TrackID(4), codec: .data(text), language: "deu"),
                Track(id: TrackID(5), codec: .data(subtitles), language: "eng"),
            ])
        var frames = timed(source)
        let section: [UInt8] = [0xfc, 0x30, 0x11, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xf0, 0, 0, 0, 0, 0x7a, 0x4f, 0xbf]
        let payloads = [
            (TrackID(3), section), (TrackID(4), [UInt8](repeating: 0x55, count: 700)),
            (TrackID(5), [0x20, 0] + [UInt8](repeating: 0x0f, count: 300)),
        ]
        for (track, data) in payloads {
            let time = frames[40].decodeTime
            frames.append(
                TimedFrame(
                    track: track, decodeTime: time, presentationTime: time, duration: .zero, isKey: true,
                    data: ByteBuffer(bytes: data)))
        }
        let segment = TransportStreamMuxer.segment(tracks: tracks, frames: frames)
        let back = demux(Array(segment.readableBytesView))
        #expect(back.trackSets == [tracks])
        #expect(back.frames(3).map { Array($0.data.readableBytesView) } == [section])
        #expect(back.frames(4).map(\.data.readableBytes) == [700])
        #expect(back.frames(5).map { Array($0.data.readableBytesView) } == [payloads[2].1])
        #expect(back.counters.psiErrors == 0 && back.counters.damagedFrames == 0)
        // Others take them for what they are.
        let scratch = try Scratch()
        let path = try scratch.write(Array(segment.readableBytesView), to: "x.ts")
        let listed = try run("ffprobe", ["-v", "quiet", "-show_entries", "stream=codec_name", "-of", "csv=p=0", path])
        for name in ["scte_35", "dvb_teletext", "dvb_subtitle"] {
            #expect(listed.text.contains(name), "\(listed.text)")
        }
    }
}

/// The length that is promised before the media are read is the one that comes; untrue NAL lengths give less, never more.
@Test(arguments: 0..<40)
func segmentLengthIsKnownFromSizes(seed: Int) {
    var random = SystemLike(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1)
    let tracks = TrackSet([
        Track(
            id: TrackID(1),
            codec: .h264(
                H264Parameters(
                    sequenceParameterSets: [[0x67, 0x42, 0xC0, 0x0A, 0xDD]], pictureParameterSets: [[0x68, 0xCE]]))),
        Track(
            id: TrackID(2),
            codec: .aac(
                AACParameters(audioSpecificConfig: [0x11, 0x90], objectType: 2, sampleRate: 48_000, channelCount: 2))),
    ])
    var frames: [TimedFrame] = []
    var time: Int64 = 90_000
    let isTrue = seed % 4 != 0
    for index in 0..<Int(random.next() % 60) + 1 {
        let size = Int(random.next() % 3000) + 1
        var data = ByteBuffer()
        data.writeInteger(UInt32(isTrue ? size : size + Int(random.next() % 3)))
        data.writeRepeatingByte(7, count: size)
        frames.append(
            TimedFrame(
                track: TrackID(1), decodeTime: MediaTime(ticks: time),
                presentationTime: MediaTime(ticks: time + Int64(random.next() % 3) * 3600),
                duration: MediaSpan(ticks: 3600), isKey: index % 12 == 0, data: data))
        for part in 0..<Int64(random.next() % 4) {
            frames.append(
                TimedFrame(
                    track: TrackID(2), decodeTime: MediaTime(ticks: time + part * 1920),
                    presentationTime: MediaTime(ticks: time + part * 1920), duration: MediaSpan(ticks: 1920),
                    isKey: true,
                    data: ByteBuffer(repeating: 1, count: Int(random.next() % 700))))
        }
        time += 3600 + (random.next() % 20 == 0 ? 300_000 : 0)
    }
    let made = TransportStreamMuxer.segment(tracks: tracks, frames: frames).readableBytes
    let hollow = frames.map { frame in
        var copy = frame
        copy.data = ByteBuffer(repeating: 0, count: frame.data.readableBytes)
        return copy
    }
    let promised = TransportStreamMuxer.segmentLength(tracks: tracks, frames: hollow)
    if isTrue { #expect(made == promised) } else { #expect(made <= promised && promised % 188 == 0) }
}

private struct SystemLike {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state >> 11
    }
}
