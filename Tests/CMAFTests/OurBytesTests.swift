// Initialisation segments and fragments that Weir writes, read by ffprobe and decoded by ffmpeg without a complaint.
import CMAF
import Foundation
import Media
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(10))) struct OurBytesTests {
    @Test(arguments: [
        MP4FileTests.both + "-c:a aac",
        MP4FileTests.both + "-c:a mp2",
        MP4FileTests.both + "-c:a libmp3lame",
        MP4FileTests.both + "-c:a ac3",
        MP4FileTests.both + "-c:a eac3",
        MP4FileTests.video + "-c:v libx265 -x265-params log-level=none:keyint=20 -pix_fmt yuv420p -tag:v hvc1",
        MP4FileTests.video + "-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le -tag:v hvc1",
    ])
    func packetsAreThoseOfTheOriginal(_ options: String) throws {
        let scratch = try Scratch()
        let (original, ours) = (scratch.path + "/original.mp4", scratch.path + "/ours.mp4")
        _ = try run(
            "ffmpeg", ["-nostdin", "-v", "error", "-y"] + options.split(separator: " ").map(String.init) + [original])
        let content = try bytes(of: original)
        let file = try open(content)
        var out = InitializationSegment.write(file.tracks)
        for (index, track) in file.tracks.tracks.enumerated() {
            let table = file.tables[index]
            // 90 kHz has no negative tfdt: the clock starts where every track is above zero.
            let frames = (0..<table.count).compactMap { number -> TimedFrame? in
                let sample = table[number]
                let data = content.getSlice(at: Int(sample.offset), length: sample.size) ?? ByteBuffer()
                return file.frame(sample, track: index, data: data).map {
                    TimedFrame(
                        track: track.id, decodeTime: MediaTime(ticks: $0.decodeTime.ticks + 900_000),
                        presentationTime: MediaTime(ticks: $0.presentationTime.ticks + 900_000),
                        duration: sample.duration, isKey: $0.isKey, data: $0.data)
                }
            }
            #expect(frames.count == table.count)
            for begin in stride(from: 0, to: frames.count, by: 5) {
                _ = FragmentWriter.append(Array(frames[begin..<min(begin + 5, frames.count)]), to: &out)
            }
        }
        try Data(out.readableBytesView).write(to: URL(fileURLWithPath: ours))
        _ = try run("ffmpeg", ["-nostdin", "-v", "error", "-i", ours, "-map", "0", "-f", "null", "-"])
        for (index, track) in file.tracks.tracks.enumerated() {
            let packets = try probePackets(ours, track.kind == .video ? "v:0" : "a:0")
            let table = file.tables[index]
            #expect(packets.count == table.count)
            for (number, packet) in packets.enumerated() where number < table.count {
                let sample = table[number]
                let isSame =
                    abs(packet.decode * 90_000 - Double(sample.decodeTime.ticks + 900_000)) < 2
                    && abs(packet.presentation * 90_000 - Double(sample.presentationTime.ticks + 900_000)) < 2
                    && packet.isKey == (sample.isKey || track.kind == .audio)
                #expect(isSame, "\(track.codec.familyName) \(number): \(packet) is not \(sample)")
                if !isSame { return }
            }
        }
    }
}
