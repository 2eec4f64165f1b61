// Tracks, frames and chunks made from numbers.
import CMAF
import Media
import NIOCore
import TestSupport

enum Sample {
    static let video = SampleTracks.video
    static let audio = SampleTracks.audio
    static let both = TrackSet([video, audio])
    static let noon = SampleTracks.noon

    /// - Parameter mark: a byte in the frame that says whose it is.
    static func frame(_ track: Track, _ time: Int64, key: Bool, mark: UInt8) -> Frame {
        var data = ByteBuffer()
        if track.kind == .video {
            data.writeInteger(UInt32(10))
            data.writeInteger(UInt8(key ? 0x65 : 0x41))
        }
        data.writeInteger(mark)
        data.writeInteger(time)
        return Frame(
            track: track.id, decodeTime: SourceTime(ticks: time), presentationTime: SourceTime(ticks: time),
            isKey: key, data: data)
    }

    /// Video at 25 fps with a key frame a second and audio of 1024 samples at 48 kHz, from `start` to `end` in
    /// milliseconds after `origin`, in order of decode time.
    static func programme(_ start: Int64, _ end: Int64, origin: Int64, mark: UInt8, hasKeys: Bool = true) -> [Frame] {
        let (from, to) = (start * 90, end * 90)
        let pictures = stride(from: (from + 3599) / 3600 * 3600, to: to, by: 3600).map {
            frame(video, origin + $0, key: hasKeys && ($0 / 3600) % 25 == 0, mark: mark)
        }
        let sounds = stride(from: (from + 1919) / 1920 * 1920, to: to, by: 1920).map {
            frame(audio, origin + $0, key: true, mark: mark)
        }
        return (pictures + sounds).sorted { ($0.decodeTime, $0.track) < ($1.decodeTime, $1.track) }
    }

    /// A chunk of 200 ms and `size` bytes; the times in milliseconds after noon.
    static func chunk(
        _ start: Int64, segment: Int64, isDiscontinuous: Bool = false, hasKey: Bool? = nil, size: Int = 100,
        tracks: TrackSet = both
    ) -> Chunk {
        Chunk(
            tracks: tracks, segmentStart: noon + .milliseconds(segment), start: noon + .milliseconds(start),
            duration: .milliseconds(200), isDiscontinuous: isDiscontinuous, startsWithKeyFrame: hasKey, parts: [],
            bytes: ByteBuffer(repeating: 7, count: size))
    }
}
