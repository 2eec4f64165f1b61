// What a real decoder sees of fake://.
import Ingest
import Media
import TestSupport
import Testing

@testable import Inputs

/// 2026-09-21 14:13:20 UTC: a whole even second, where a group starts.
private let wholeSecond = MediaTime(unixMilliseconds: 1_790_000_000_000)

@Suite(.timeLimit(.minutes(10)))
struct FakeDecodingTests {
    @Test func stripsAreReadBackInOrder() throws {
        let recording = try FakeRecording(fakeFrames("camera-1", from: wholeSecond, to: wholeSecond + .seconds(11)))
        let (pixels, complaints) = try recording.grayFrames()
        #expect(complaints == "")
        var reader = GrayFrames()
        var tally = StripTally()
        for number in reader.read(pixels) { tally.saw(number) }
        #expect(reader.leftOver == 0)
        #expect(tally.isPerfect, "\(tally)")
        #expect(tally.frames == 276)
        #expect(tally.first == wholeSecond.ticks / 3600)
        #expect(tally.last == (wholeSecond + .seconds(11)).ticks / 3600)
    }

    /// Every pixel of the first and last frame of a group is what the picture says: nothing drifts over the P pictures.
    @Test func pixelsAreExact() throws {
        // Over midnight, so that the date changes in a P picture as well.
        let midnight = MediaTime(unixMilliseconds: 1_790_035_200_000)
        let begin = MediaTime(ticks: (midnight - .seconds(1)).index(of: .seconds(2)) * 180_000)
        let frames = fakeFrames("studio b/камера", from: begin, to: begin + .milliseconds(3960))
        // As decoded: `-pix_fmt gray` would stretch the luma to full range.
        let (pixels, complaints) = try FakeRecording(frames).decode(
            "-map 0:v -fps_mode passthrough -vf extractplanes=y -f rawvideo")
        #expect(complaints == "")
        let size = FrameStrip.width * FrameStrip.height
        try #require(pixels.count == 100 * size)
        let background = FakePicture(name: "studio b/камера")
        for index in [0, 1, 24, 25, 49, 50, 99] {
            let picture = background.showing(frame: begin.ticks / 3600 + Int64(index))
            var wrong = 0
            for y in 0..<FrameStrip.height {
                for x in 0..<FrameStrip.width {
                    let isLamp = x % 16 < 12 && y % 16 < 12
                    let cell = picture.cells[y / 16 * FakePicture.columns + x / 16]
                    let luma: UInt8 = !isLamp || cell == .blank ? 128 : cell == .bright ? 240 : 16
                    if pixels[index * size + y * FrameStrip.width + x] != luma { wrong += 1 }
                }
            }
            #expect(wrong == 0, "frame \(index)")
        }
    }

    @Test(arguments: [50, 100])
    func decodingStartsAtAnyGroup(_ frame: Int64) throws {
        let frames = fakeFrames("camera-1", from: wholeSecond, to: wholeSecond + .seconds(6))
        let start = wholeSecond.ticks + frame * 3600
        let (pixels, complaints) = try FakeRecording(frames.filter { $0.decodeTime.ticks >= start }).grayFrames()
        #expect(complaints == "")
        var reader = GrayFrames()
        var tally = StripTally()
        for number in reader.read(pixels) { tally.saw(number) }
        #expect(tally.isPerfect && tally.first == start / 3600, "\(tally)")
    }

    @Test func soundIsDecoded() throws {
        let frames = fakeFrames("camera-1", from: wholeSecond, to: wholeSecond + .seconds(4))
        let (samples, complaints) = try FakeRecording(frames).decode("-map 0:a -f s16le")
        #expect(complaints == "")
        #expect(samples.count == frames.count { $0.track == FakePlayer.audioTrack } * 1024 * 2)
        #expect(samples.allSatisfy { $0 == 0 })
    }

    /// A loss, a repetition and a damage of the picture show in the tally as what they are.
    @Test func tallyCounts() throws {
        let frames = fakeFrames("camera-1", from: wholeSecond, to: wholeSecond + .milliseconds(1960))
        let (pixels, _) = try FakeRecording(frames).grayFrames()
        let size = FrameStrip.width * FrameStrip.height
        var pictures = (0..<50).map { Array(pixels[$0 * size..<($0 + 1) * size]) }
        pictures.swapAt(40, 41)
        for row in 0..<8 { for x in 0..<40 { pictures[30][row * FrameStrip.width + x] = 128 } }
        pictures.insert(pictures[20], at: 20)
        pictures.removeSubrange(10...12)
        var reader = GrayFrames()
        var tally = StripTally(lateLimit: .seconds(1))
        // Pieces that do not end where pictures do.
        let bytes = pictures.flatMap { $0 }
        var numbers: [Int64?] = []
        for start in stride(from: 0, to: bytes.count, by: 300_007) {
            numbers += reader.read(bytes[start..<min(bytes.count, start + 300_007)])
        }
        for number in numbers { tally.saw(number, at: wholeSecond + .milliseconds(2500)) }
        #expect(tally.frames == 48)
        #expect(tally.lost == 3 + 1)
        #expect(tally.repeated == 1)
        #expect(tally.backward == 1)
        #expect(tally.damaged == 1)
        #expect(tally.late > 0 && tally.late < tally.frames)
    }
}
