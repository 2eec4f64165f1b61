// Chunks of a made-up stream: one picture and one sound track, the bytes a function of the time.
import CMAF
import Media
import NIOCore

/// Makes chunks of 1 s segments of two chunks each, without a clock.
struct SyntheticStream {
    static let epoch = MediaTime(unixMilliseconds: 1_790_000_000_000)
    static let chunk = MediaSpan.milliseconds(500)

    /// 64 × 64, baseline: made with x264.
    static let tracks = TrackSet([
        Track(
            id: TrackID(1),
            codec: .h264(
                H264Parameters(
                    sequenceParameterSets: [
                        [
                            0x67, 0x42, 0xC0, 0x0A, 0xDD, 0x08, 0x8F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
                            0x00,
                            0x03, 0x03, 0x20, 0xF1, 0x22, 0x6A,
                        ]
                    ], pictureParameterSets: [[0x68, 0xCE, 0x0F, 0xC8]]))),
        Track(
            id: TrackID(2),
            codec: .aac(
                AACParameters(
                    audioSpecificConfig: [0x11, 0x90], objectType: 2, sampleRate: 48_000, channelCount: 2))),
    ])
    /// The same with another sound track.
    static let otherTracks = TrackSet([
        tracks.tracks[0],
        Track(
            id: TrackID(2),
            codec: .aac(
                AACParameters(
                    audioSpecificConfig: [0x12, 0x10], objectType: 2, sampleRate: 44_100, channelCount: 2))),
    ])

    /// The chunk that begins `index` half seconds after the epoch.
    ///
    /// - Parameter lostFrames: so many of the two frames of each track did not come.
    static func chunk(
        _ index: Int64, tracks: TrackSet = tracks, isDiscontinuous: Bool = false, size: Int = 60, lostFrames: Int = 0
    ) -> Chunk {
        let start = epoch + chunk * index
        let segmentStart = epoch + chunk * (index - index % 2)
        var bytes = ByteBuffer()
        var parts: [Chunk.Part] = []
        for track in tracks.tracks {
            let frames = (0..<2 - lostFrames).map { number -> TimedFrame in
                let time: MediaTime = start + MediaSpan.milliseconds(250) * Int64(number)
                let seed = Int(truncatingIfNeeded: index) &* 31 + number * 7
                let data = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: seed + $0) })
                return TimedFrame(
                    track: track.id, decodeTime: time, presentationTime: time, duration: .milliseconds(250),
                    isKey: number == 0 || track.kind == .audio, data: data)
            }
            parts.append(FragmentWriter.append(frames, to: &bytes))
        }
        return Chunk(
            tracks: tracks, segmentStart: segmentStart, start: start, duration: chunk,
            isDiscontinuous: isDiscontinuous && start == segmentStart, parts: parts, bytes: bytes)
    }

    static func time(_ index: Int64) -> MediaTime { epoch + chunk * index }
}
