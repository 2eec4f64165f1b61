// MP4 files of many shapes against ffprobe's list of their packets; damaged ones never trap.
import CMAF
import Media
import NIOCore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct MP4FileTests {
    @Test func bunny() throws {
        let file = try open(bytes(of: CMAFTests.bunny))
        #expect(file.tracks.tracks.map(\.codec.displayName) == ["H.264 1280×720", "AAC 48 kHz 5.1"])
        #expect(file.tables.map(\.count) == [132, 249])
        #expect((0..<132).filter { file.tables[0][$0].isKey } == [0])
        try expectPackets(of: file, asIn: CMAFTests.bunny)
    }

    static let video = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 "
    static let sound = "-f lavfi -i sine=frequency=440:sample_rate=44100:duration=2 "
    static let both = video + sound + "-c:v libx264 -preset ultrafast -g 20 -bf 2 -pix_fmt yuv420p "

    @Test(arguments: [
        both + "-c:a aac",
        both + "-c:a aac -movflags +faststart",
        both + "-c:a aac -movflags +negative_cts_offsets",
        both + "-c:a aac -movflags frag_keyframe+empty_moov",
        both + "-c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 300000",
        both + "-c:a aac -movflags frag_keyframe",
        both + "-c:a libmp3lame -tag:v avc3",
        both + "-c:a mp2",
        both + "-c:a ac3 -video_track_timescale 90000",
        both + "-c:a eac3 -output_ts_offset 0.7",
        video + sound + "-c:v libx265 -x265-params log-level=none:keyint=20 -pix_fmt yuv420p -tag:v hvc1 -c:a aac",
        video + sound + "-c:v libx265 -x265-params log-level=none:keyint=20 -pix_fmt yuv420p -tag:v hev1 -c:a aac",
        sound + "-c:a aac",
    ])
    func filesOfFFmpeg(_ options: String) throws {
        let scratch = try Scratch()
        let path = scratch.path + "/x.mp4"
        _ = try run(
            "ffmpeg", ["-nostdin", "-v", "error", "-y"] + options.split(separator: " ").map(String.init) + [path])
        try expectPackets(of: open(bytes(of: path)), asIn: path)
    }

    /// Every packet of ffprobe is a sample with the same place, size, key flag and, to rounding, times.
    private func expectPackets(of file: MP4File, asIn path: String) throws {
        let content = try bytes(of: path)
        for (index, track) in file.tracks.tracks.enumerated() {
            let packets = try probePackets(path, track.kind == .video ? "v:0" : "a:0")
            let table = file.tables[index]
            #expect(packets.count == table.count && !packets.isEmpty)
            for (number, packet) in packets.enumerated() where number < table.count {
                let sample = table[number]
                let isSame =
                    packet.size == sample.size && packet.position == sample.offset
                    && packet.isKey == (sample.isKey || track.kind == .audio)
                    && abs(packet.decode * 90_000 - Double(sample.decodeTime.ticks)) < 2
                    && abs(packet.presentation * 90_000 - Double(sample.presentationTime.ticks)) < 2
                #expect(isSame, "\(track.codec.familyName) \(number): \(packet) is not \(sample)")
                let data = content.getSlice(at: Int(sample.offset), length: sample.size) ?? ByteBuffer()
                #expect(file.frame(sample, track: index, data: data) != nil)
                if !isSame { return }
            }
        }
    }

    @Test func fragmentsOfOurOwnAreAFile() throws {
        var random = SeededGenerator(seed: 4)
        var content = InitializationSegment.write(allTracks)
        let start: Int64 = 1_790_000_000 * 90_000
        var expected: [FrameFacts] = []
        for chunk in 0..<5 {
            let written = frames(4, track: 3, start: start + Int64(chunk) * 90_000, using: &random)
            _ = FragmentWriter.append(written, to: &content)
            expected += written.map(FrameFacts.init)
        }
        let whole = content.readableBytes
        content.writeBytes([0, 0, 1, 0, 0x6D, 0x6F, 0x6F, 0x66, 1, 2, 3])
        for length in [whole, content.readableBytes] {
            let file = try open(content.getSlice(at: 0, length: length) ?? ByteBuffer())
            #expect(file.tracks.tracks == [allTracks.tracks[2]])
            let samples = (0..<file.tables[0].count).map { file.tables[0][$0] }
            #expect(samples.map(\.presentationTime.ticks) == expected.map(\.presentation.ticks))
            #expect(samples.allSatisfy { $0.decodeTime <= $0.presentationTime })
            #expect(samples.map(\.size) == expected.map(\.data.readableBytes))
        }
    }

    @Test func cutFilesSayThatTheyAreCut() throws {
        let content = try bytes(of: CMAFTests.bunny)
        for length in [0, 7, 40, 500_000, content.readableBytes - 10] {
            let error = #expect(throws: CMAFError.self) {
                try open(content.getSlice(at: 0, length: length) ?? ByteBuffer())
            }
            #expect(error?.reason.contains("cut short") == true, "\(String(describing: error))")
        }
    }

    @Test func damagedFilesNeverTrap() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/f.mp4"
        let options = Self.both + "-c:a aac -movflags frag_keyframe -frag_duration 300000 " + path
        _ = try run(
            "ffmpeg", ["-nostdin", "-v", "error", "-y"] + options.split(separator: " ").map(String.init))
        var random = SeededGenerator(seed: 5)
        var errors = 0
        // The boxes without the media: damage shall meet what is parsed.
        let whole = try bytes(of: CMAFTests.bunny)
        let header = whole.getSlice(at: 1_051_515, length: whole.readableBytes - 1_051_515) ?? ByteBuffer()
        let fragments = try bytes(of: path)
        for round in 0..<3000 {
            var content = round % 2 == 0 ? header : fragments
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 0..<min(content.readableBytes, 4200), using: &random)
                let value = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)].randomElement(
                    using: &random)
                content.setInteger(value ?? 0, at: content.readerIndex + at)
            }
            do throws(CMAFError) {
                // The header is read as that of a file large enough for its samples.
                let size = round % 2 == 0 ? Int64(2 << 20) : Int64(content.readableBytes)
                let file = try MP4File(size: size) { offset, length in
                    let begin = min(max(0, Int(offset)), content.readableBytes)
                    let end = min(begin + length, content.readableBytes)
                    return content.getSlice(at: content.readerIndex + begin, length: end - begin) ?? ByteBuffer()
                }
                for (track, table) in file.tables.enumerated() {
                    for index in stride(from: 0, to: table.count, by: 17) {
                        let sample = table[index]
                        #expect(sample.offset >= 0 && sample.offset + Int64(sample.size) <= size)
                        #expect(sample.duration >= .zero)
                        let data = content.getSlice(at: content.readerIndex, length: min(sample.size, 64))
                        _ = file.frame(sample, track: track, data: data ?? ByteBuffer())
                    }
                }
            } catch {
                errors += 1
                #expect(error.offset >= 0 && !error.reason.isEmpty)
            }
        }
        #expect(errors > 300)
    }
}
