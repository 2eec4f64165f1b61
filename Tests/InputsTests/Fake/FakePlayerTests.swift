// The clock and the bytes of fake://: the same frames at the same instants, whoever plays and since whenever.
import Ingest
import Media
import NIOCore
import Testing

@testable import Inputs

private let wholeSecond = MediaTime(unixMilliseconds: 1_790_000_000_000)

struct FakePlayerTests {
    @Test func timesHaveNoHole() {
        var player = FakePlayer(name: "s", bitRate: 200_000)
        var gathered = Gathered()
        var now = wholeSecond + .milliseconds(1234)
        for step in 0..<100 {
            let events = player.advance(to: now)
            gathered.append(contentsOf: events)
            #expect(gathered.frames.allSatisfy { $0.decodeTime.ticks <= now.ticks })
            now += .milliseconds(step % 3 == 0 ? 7 : 113)
        }
        #expect(gathered.trackSets == [FakePlayer.tracks] && gathered.clocks == [.utc])
        #expect(!gathered.isOutOfOrder && gathered.clockJumps == 0)
        let pictures = gathered.frames(of: .video)
        #expect(pictures.first?.isKey == true && pictures.first?.decodeTime.ticks == wholeSecond.ticks)
        for (index, frame) in pictures.enumerated() {
            #expect(frame.decodeTime.ticks == wholeSecond.ticks + Int64(index) * 3600)
            #expect(frame.presentationTime == frame.decodeTime)
            #expect(frame.isKey == (frame.decodeTime.ticks % 180_000 == 0))
        }
        let sound = gathered.frames(of: .audio)
        let first = (wholeSecond.ticks + 1919) / 1920 * 1920
        for (index, frame) in sound.enumerated() {
            #expect(frame.decodeTime.ticks == first + Int64(index) * 1920)
            #expect(frame.duration == MediaSpan(ticks: 1920))
        }
        #expect(
            zip(gathered.frames, gathered.frames.dropFirst()).allSatisfy { $0.decodeTime.ticks <= $1.decodeTime.ticks })
        let last = now.ticks - 7 * 90
        #expect(pictures.count == Int((last - wholeSecond.ticks) / 3600 + 1))
        #expect(sound.count == Int((last - first) / 1920 + 1))
    }

    @Test func bytesDependOnNameAndInstantAlone() throws {
        let end = wholeSecond + .seconds(7)
        let early = fakeFrames("news", from: wholeSecond - .seconds(31), to: end, step: .milliseconds(40))
        let late = fakeFrames("news", from: wholeSecond + .milliseconds(2777), to: end, step: .milliseconds(333))
        let first = try #require(late.first)
        #expect(first.isKey && first.decodeTime.ticks == wholeSecond.ticks + 180_000)
        for track in FakePlayer.tracks.tracks.map(\.id) {
            let ofLate = late.filter { $0.track == track }
            let start = try #require(ofLate.first?.decodeTime)
            let ofEarly = early.filter { $0.track == track && $0.decodeTime >= start }
            #expect(ofLate.map(\.decodeTime) == ofEarly.map(\.decodeTime))
            #expect(ofLate.map(\.data) == ofEarly.map(\.data))
        }
        // Any frame, asked for alone.
        var video = FakeVideo(name: "news", bitRate: 200_000)
        for frame in late.filter({ $0.track == FakePlayer.videoTrack }).shuffled().prefix(40) {
            #expect(video.accessUnit(frame.decodeTime.ticks / 3600) == frame.data)
        }
    }

    /// Names that look alike, or differ only where the picture does not show it, still give different bytes.
    @Test(arguments: [
        ("news", "sport"), ("news", "NEWS"), ("a-name-longer-than-1-the-picture", "a-name-longer-than-2-the-picture"),
    ])
    func namesDiffer(_ one: String, _ other: String) {
        let start = wholeSecond.ticks / 3600
        var (first, second) = (FakeVideo(name: one, bitRate: 200_000), FakeVideo(name: other, bitRate: 200_000))
        for frame in start..<start + 50 { #expect(first.accessUnit(frame) != second.accessUnit(frame)) }
    }

    @Test(arguments: [Int64(100_000), 200_000, 2_000_000, 20_000_000])
    func bitRateIsReached(_ target: Int64) {
        let frames = fakeFrames(
            "camera-1", from: wholeSecond, to: wholeSecond + .milliseconds(5999), bitRate: target, step: .seconds(1))
        let bits = frames.reduce(0) { $0 + $1.data.readableBytes } * 8
        #expect(abs(Double(bits) / 6 - Double(target)) < 0.02 * Double(target))
    }

    /// A rate below what the pictures need leaves them whole.
    @Test func leastBitRate() {
        let frames = fakeFrames(
            "camera-1", from: wholeSecond, to: wholeSecond + .milliseconds(5999), bitRate: 1, step: .seconds(1))
        let bits = frames.reduce(0) { $0 + $1.data.readableBytes } * 8
        #expect(bits / 6 < 100_000)
        #expect(frames.count { $0.track == FakePlayer.videoTrack } == 150)
    }

    @Test func pausesAndSteps() {
        var player = FakePlayer(name: "s", bitRate: 200_000)
        func play(_ time: MediaTime) -> Gathered {
            var gathered = Gathered()
            gathered.append(contentsOf: player.advance(to: time))
            return gathered
        }
        _ = play(wholeSecond)
        // Nine seconds late: all is made up for.
        var gathered = play(wholeSecond + .seconds(9))
        #expect(gathered.clockJumps == 0 && gathered.frames.count { $0.track == FakePlayer.videoTrack } == 225)
        // A minute late: from the present group on.
        gathered = play(wholeSecond + .milliseconds(78_500))
        #expect(gathered.clockJumps == 1)
        #expect(gathered.frames.first?.decodeTime.ticks == (wholeSecond + .seconds(78)).ticks)
        // Two seconds back: nothing until the clock is there again.
        #expect(play(wholeSecond + .milliseconds(76_500)).frames.isEmpty)
        gathered = play(wholeSecond + .milliseconds(78_540))
        #expect(gathered.clockJumps == 0)
        let pictures = gathered.frames.filter { $0.track == FakePlayer.videoTrack }
        #expect(pictures.map(\.decodeTime.ticks) == [(wholeSecond + .milliseconds(78_520)).ticks])
        // An hour back: followed.
        gathered = play(wholeSecond - .seconds(3600))
        #expect(gathered.clockJumps == 1 && gathered.frames.first?.isKey == true)
    }

    @Test func textOfAFrame() {
        func text(_ milliseconds: Int64) -> String {
            let text = FakeClock.text(milliseconds / 40)
            return String(decoding: text.date + [UInt8(ascii: "T")] + text.clock, as: UTF8.self)
        }
        #expect(text(0) == "1970-01-01T00:00:00.00")
        #expect(text(951_782_400_000) == "2000-02-29T00:00:00.00")
        #expect(text(1_790_000_000_960) == "2026-09-21T14:13:20.96")
        #expect(text(4_107_542_399_960) == "2100-02-28T23:59:59.96")
        #expect(text(4_107_542_400_000) == "2100-03-01T00:00:00.00")
    }
}
