// Frames made from numbers, so that each test says in times what it feeds.
import Ingest
import Media
import NIOCore

enum Sample {
    static let video = Track(
        id: TrackID(1),
        codec: .h264(H264Parameters(sequenceParameterSets: [[0x67, 1]], pictureParameterSets: [[0x68, 1]])))
    static let audio = Track(
        id: TrackID(2),
        codec: .aac(
            AACParameters(audioSpecificConfig: [0x11, 0x88], objectType: 2, sampleRate: 48_000, channelCount: 1)))
    static let both = TrackSet([video, audio])
    /// A whole minute of UTC.
    static let noon = MediaTime(unixMilliseconds: 1_700_000_040_000)

    static func frame(_ track: Track, _ time: Int64, key: Bool) -> Frame {
        var data = ByteBuffer()
        data.writeInteger(time)
        data.writeInteger(track.id.value)
        return Frame(
            track: track.id, decodeTime: SourceTime(ticks: time), presentationTime: SourceTime(ticks: time),
            isKey: key, data: data)
    }

    /// Video at 25 fps with a key frame every two seconds and audio of 1024 samples at 48 kHz, in order of decode time.
    static func programme(from start: Int64, seconds: Int64, origin: Int64, keyEvery: Int64 = 50) -> [Frame] {
        let from = start * 90_000
        let to = (start + seconds) * 90_000
        let pictures = stride(from: from, to: to, by: 3600).map {
            frame(video, origin + $0, key: ($0 / 3600) % keyEvery == 0)
        }
        let sounds = stride(from: (from + 1919) / 1920 * 1920, to: to, by: 1920).map {
            frame(audio, origin + $0, key: true)
        }
        return (pictures + sounds).sorted { ($0.decodeTime, $0.track) < ($1.decodeTime, $1.track) }
    }
}
