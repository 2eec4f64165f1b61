// The clock of looped files: the same frames at the same instants, whoever plays and since whenever.
import Ingest
import Media
import NIOCore
import Testing

@testable import Inputs

/// Frames at given positions, without a file: video every 3600 ticks, with key frames where told; sound every 1920.
private struct ScriptedMedia: LoopedMedia {
    static let tracks = TrackSet([
        Track(
            id: TrackID(1), codec: .h264(H264Parameters(sequenceParameterSets: [[1]], pictureParameterSets: [[2]]))),
        Track(
            id: TrackID(2),
            codec: .aac(
                AACParameters(audioSpecificConfig: [0x11, 0x90], objectType: 2, sampleRate: 48000, channelCount: 2))),
    ])

    var duration: MediaSpan
    var entries: [MediaSpan]
    var byteCount: Int64 = 100_000
    var soundUntil: MediaSpan
    private var position = MediaSpan.zero

    init(videoFrames: Int64, keyEvery: Int64, soundUntil: MediaSpan? = nil) {
        duration = MediaSpan(ticks: videoFrames * 3600)
        entries = stride(from: 0, to: videoFrames, by: Int64.Stride(keyEvery)).map { MediaSpan(ticks: $0 * 3600) }
        self.soundUntil = soundUntil ?? duration
    }

    mutating func seek(to entry: MediaSpan) { position = entry }

    mutating func read(until limit: MediaSpan) -> [InputEvent] {
        guard limit > position else { return [] }
        func frames(_ track: UInt32, every step: Int64, until end: Int64) -> [Frame] {
            let first = (position.ticks + step - 1) / step * step
            return stride(from: first, to: min(limit.ticks, end), by: Int64.Stride(step)).map { ticks in
                Frame(
                    track: TrackID(track), decodeTime: SourceTime(ticks: ticks),
                    presentationTime: SourceTime(ticks: ticks),
                    isKey: track == 2 || entries.contains(MediaSpan(ticks: ticks)),
                    duration: track == 2 ? MediaSpan(ticks: step) : nil,
                    data: ByteBuffer(integer: ticks))
            }
        }
        let found = frames(1, every: 3600, until: duration.ticks) + frames(2, every: 1920, until: soundUntil.ticks)
        position = limit
        return [.tracks(Self.tracks, clock: .free)]
            + (found.isEmpty ? [] : [.frames(found.sorted { $0.decodeTime < $1.decodeTime })])
    }
}

struct LoopPlayerTests {
    /// Some UTC instant, not a multiple of anything.
    static let start = MediaTime(unixMilliseconds: 1_790_000_000_123)

    @Test func twoPlayersAgree() throws {
        var early = LoopPlayer(ScriptedMedia(videoFrames: 130, keyEvery: 50))
        var late = LoopPlayer(ScriptedMedia(videoFrames: 130, keyEvery: 50))
        var seen: [Gathered] = [Gathered(), Gathered()]
        for step in 0..<400 {
            let now = Self.start + MediaSpan.milliseconds(Int64(step) * 80)
            seen[0].append(contentsOf: try early.advance(to: now))
            // The other starts later and wakes up at other instants.
            if step > 90, step % 3 == 0 {
                seen[1].append(contentsOf: try late.advance(to: now + .milliseconds(17)))
            }
        }
        seen[0].append(contentsOf: try early.advance(to: Self.start + .seconds(40)))
        seen[1].append(contentsOf: try late.advance(to: Self.start + .seconds(40)))
        let second = seen[1].frames
        let begin = try #require(second.first?.decodeTime)
        let first = seen[0].frames.filter { $0.decodeTime >= begin }
        for kind in [Track.Kind.video, .audio] {
            let track = kind == .video ? TrackID(1) : TrackID(2)
            let a = first.filter { $0.track == track }
            let b = second.filter { $0.track == track }
            #expect(a.count > 500)
            #expect(a.map(\.decodeTime) == b.map(\.decodeTime))
            #expect(a.map(\.data) == b.map(\.data))
        }
        #expect(seen.allSatisfy { $0.clockJumps == 0 && $0.trackSets.count == 1 && $0.clocks == [.utc] })
    }

    @Test func timesRunOverTheSeam() throws {
        var player = LoopPlayer(ScriptedMedia(videoFrames: 10, keyEvery: 10, soundUntil: .seconds(2)))
        var seen = Gathered()
        for step in 0..<100 {
            seen.append(contentsOf: try player.advance(to: Self.start + .milliseconds(Int64(step) * 80)))
        }
        let video = seen.frames(of: .video).map(\.decodeTime)
        #expect(video.count > 190)
        #expect(zip(video, video.dropFirst()).allSatisfy { ($1 - $0).ticks == 3600 })
        let sound = seen.frames(of: .audio).map(\.decodeTime)
        // 36000 ticks hold 18.75 frames of sound: the 19th is cut at three quarters, the rest is left out.
        #expect(zip(sound, sound.dropFirst()).allSatisfy { (1440...1920).contains(($1 - $0).ticks) })
        #expect(seen.frames(of: .video).filter(\.isKey).allSatisfy { $0.decodeTime.ticks % 36000 == 0 })
    }

    @Test func startsWithTheLastKeyFrameAtOnce() throws {
        var player = LoopPlayer(ScriptedMedia(videoFrames: 132, keyEvery: 132))
        var seen = Gathered()
        let loop = MediaTime(ticks: Self.start.index(of: MediaSpan(ticks: 132 * 3600)) * 132 * 3600)
        let now = loop + .milliseconds(4000)
        seen.append(contentsOf: try player.advance(to: now))
        let video = seen.frames(of: .video)
        #expect(video.count == 100)
        #expect(video.first?.isKey == true)
        #expect(video.first?.decodeTime.ticks == loop.ticks)
        #expect(seen.frames.allSatisfy { $0.decodeTime.ticks < now.ticks })
    }

    @Test func aDistantKeyFrameIsWaitedFor() throws {
        var player = LoopPlayer(ScriptedMedia(videoFrames: 25 * 120, keyEvery: 25 * 60))
        let duration = MediaSpan.seconds(120)
        let loop = MediaTime(ticks: Self.start.index(of: duration) * duration.ticks)
        let isQuiet = try player.advance(to: loop + .seconds(30)).isEmpty
        #expect(isQuiet)
        var seen = Gathered()
        seen.append(contentsOf: try player.advance(to: loop + .seconds(45)))
        seen.append(contentsOf: try player.advance(to: loop + .seconds(59)))
        #expect(seen.frames.isEmpty)
        seen.append(contentsOf: try player.advance(to: loop + .seconds(61)))
        #expect(seen.frames(of: .video).first?.decodeTime.ticks == (loop + .seconds(60)).ticks)
    }

    @Test func aLargeBurstIsWaitedFor() throws {
        var media = ScriptedMedia(videoFrames: 25 * 20, keyEvery: 25 * 10)
        media.byteCount = 200 << 20
        var player = LoopPlayer(media)
        let loop = MediaTime(ticks: Self.start.index(of: .seconds(20)) * 20 * 90_000)
        // Five seconds of 80 Mbit/s are more than 32 MB.
        let isQuiet = try player.advance(to: loop + .seconds(5)).isEmpty
        #expect(isQuiet)
        var seen = Gathered()
        seen.append(contentsOf: try player.advance(to: loop + .milliseconds(10_080)))
        #expect(seen.frames(of: .video).first?.decodeTime.ticks == (loop + .seconds(10)).ticks)
    }

    @Test func aSleepIsSkipped() throws {
        var player = LoopPlayer(ScriptedMedia(videoFrames: 50, keyEvery: 25))
        _ = try player.advance(to: Self.start)
        var seen = Gathered()
        seen.append(contentsOf: try player.advance(to: Self.start + .seconds(3600)))
        #expect(seen.clockJumps == 1)
        #expect(seen.frames(of: .video).count <= 25)
        seen = Gathered()
        // And a clock that is set back is followed.
        seen.append(contentsOf: try player.advance(to: Self.start))
        #expect(seen.clockJumps == 1)
        #expect(!seen.frames.isEmpty)
    }

    @Test func aSmallStepBackRepeatsNothing() throws {
        var player = LoopPlayer(ScriptedMedia(videoFrames: 50, keyEvery: 25))
        _ = try player.advance(to: Self.start)
        let isQuiet = try player.advance(to: Self.start - .seconds(2)).isEmpty
        #expect(isQuiet)
        let isStillQuiet = try player.advance(to: Self.start - .seconds(1)).isEmpty
        #expect(isStillQuiet)
    }
}
