// Says which frames of a fake source are due at an instant of UTC.
internal import Ingest
internal import Media
internal import NIOCore

/// The player of one fake source. Pure: the instant is handed in.
///
/// It enters at the IDR picture at or before now, so the first batch holds up to two seconds of frames whose times are
/// true: the first segment is the same on every server and shows a picture at once. Then each frame comes when its time
/// has come, video and sound in the order of their times. After a pause of more than `longestCatchUp` (the machine slept,
/// its clock was set) it enters anew and leaves a hole. When the clock is set back it waits, or enters anew if
/// `backwardStep` is not enough to wait for.
struct FakePlayer {
    static let longestCatchUp = MediaSpan.seconds(10)
    static let backwardStep = MediaSpan.seconds(5)
    static let videoTrack = TrackID(1)
    static let audioTrack = TrackID(2)
    static let tracks = TrackSet([
        Track(id: videoTrack, codec: .h264(FakeVideoCoding.parameters)),
        Track(id: audioTrack, codec: .aac(FakeAudio.parameters)),
    ])

    private var video: FakeVideo
    /// The next frames; nil before the first entry.
    private var next: (video: Int64, audio: Int64)?

    init(name: String, bitRate: Int64) {
        video = FakeVideo(name: name, bitRate: bitRate)
    }

    /// The events due at `now`: every frame whose time is not after it and that was not given out yet.
    mutating func advance(to now: MediaTime) -> [InputEvent] {
        var events: [InputEvent] = []
        var (picture, sound) = next ?? (0, 0)
        if next == nil {
            events.append(.tracks(Self.tracks, clock: .utc))
            (picture, sound) = Self.entry(at: now)
        } else {
            let ahead = Self.time(picture) - now
            if ahead > Self.backwardStep || -ahead > Self.longestCatchUp {
                events.append(.clockJump)
                (picture, sound) = Self.entry(at: now)
            }
        }
        var frames: [Frame] = []
        while true {
            let pictureTime = Self.time(picture)
            let soundTime = MediaTime(ticks: sound * FakeAudio.frameDuration.ticks)
            guard min(pictureTime, soundTime) <= now else { break }
            if pictureTime <= soundTime {
                frames.append(
                    Self.frame(
                        Self.videoTrack, at: pictureTime, isKey: picture % FakeClock.framesPerGroup == 0,
                        duration: nil, data: video.accessUnit(picture)))
                picture += 1
            } else {
                frames.append(
                    Self.frame(
                        Self.audioTrack, at: soundTime, isKey: true, duration: FakeAudio.frameDuration,
                        data: FakeAudio.frame))
                sound += 1
            }
        }
        next = (picture, sound)
        if !frames.isEmpty { events.append(.frames(frames)) }
        return events
    }

    /// The IDR picture at or before `now`, and the first frame of sound that begins with it or after.
    private static func entry(at now: MediaTime) -> (video: Int64, audio: Int64) {
        let group = FakeClock.frameDuration * FakeClock.framesPerGroup
        let begin = max(0, now.index(of: group)) * FakeClock.framesPerGroup
        return (begin, -(-time(begin).ticks).flooredDivided(by: FakeAudio.frameDuration.ticks))
    }

    private static func time(_ frame: Int64) -> MediaTime {
        MediaTime(ticks: frame * FakeClock.frameDuration.ticks)
    }

    private static func frame(
        _ track: TrackID, at time: MediaTime, isKey: Bool, duration: MediaSpan?, data: ByteBuffer
    ) -> Frame {
        let time = SourceTime(ticks: time.ticks)
        return Frame(
            track: track, decodeTime: time, presentationTime: time, isKey: isKey, duration: duration, data: data)
    }
}
