// A progressive file made of fragments that stay where they are, read back by the reader of such files.
import Media
import NIOCore
import Testing

@testable import CMAF

@Suite struct ProgressiveMP4Tests {
    private static let video = Track(id: TrackID(1), codec: .h264(sets(0x0A)))
    private static let audio = Track(
        id: TrackID(2),
        codec: .aac(
            AACParameters(audioSpecificConfig: [0x11, 0x90], objectType: 2, sampleRate: 48_000, channelCount: 2)),
        language: "deu")

    private static func sets(_ last: UInt8) -> H264Parameters {
        H264Parameters(
            sequenceParameterSets: [
                [
                    0x67, 0x42, 0xC0, last, 0xDD, 0x08, 0x8F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00,
                    0x03,
                    0x03, 0x20, 0xF1, 0x22, 0x6A,
                ]
            ], pictureParameterSets: [[0x68, 0xCE, 0x0F, 0xC8]])
    }

    /// Half a second of pictures (reordered) or sound, each frame told from all others by its bytes.
    private func frames(_ track: TrackID, at start: Int64, seed: Int) -> [TimedFrame] {
        (0..<12).map { index in
            let time = MediaTime(ticks: start + Int64(index) * 3750)
            let isPicture = track == TrackID(1)
            let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: seed &* 12 &+ index), count: 20 + index)
            var data = ByteBuffer()
            if isPicture { data.writeInteger(UInt32(payload.count)) }
            data.writeBytes(payload)
            let delay = isPicture ? [2, 4, 1][index % 3] * 3750 : 0
            return TimedFrame(
                track: track, decodeTime: time, presentationTime: time + MediaSpan(ticks: Int64(delay)),
                duration: MediaSpan(ticks: 3750), isKey: !isPicture || index == 0, data: data)
        }
    }

    private struct Made {
        var file: ByteBuffer
        var wanted: [TrackID: [ByteBuffer]] = [:]
        var layout: ProgressiveMP4Layout
    }

    /// Fragments with other boxes between them, as in an archive; `stretches` say where each begins and with which tracks.
    private func make(_ stretches: [(start: Int64, tracks: TrackSet)]) throws -> Made {
        var builder = ProgressiveMP4Builder()
        var body = ByteBuffer()
        var wanted: [TrackID: [ByteBuffer]] = [:]
        for (number, stretch) in stretches.enumerated() {
            _ = builder.begin(stretch.tracks, at: MediaTime(ticks: stretch.start))
            for chunk in 0..<3 {
                // In the file of the run it lies elsewhere.
                let fileOffset: Int64 = 1_000_000
                var bytes = ByteBuffer()
                for track in stretch.tracks.tracks {
                    // Sound begins a little before the pictures.
                    let start = stretch.start + Int64(chunk) * 45_000 - (track.kind == .audio ? 900 : 0)
                    let own = frames(track.id, at: start, seed: number * 8 + chunk)
                    _ = FragmentWriter.append(own, to: &bytes)
                    wanted[track.id, default: []] += own.map(\.data)
                }
                bytes.writeBox("free") { $0.writeZeros(30) }
                let displacement = builder.append(length: Int64(bytes.readableBytes)) - fileOffset
                try FragmentHead.each(
                    from: fileOffset, to: fileOffset + Int64(bytes.readableBytes),
                    read: { (offset, length) throws(CMAFError) in
                        let from = Int(offset - fileOffset)
                        return bytes.getSlice(at: from, length: min(length, bytes.readableBytes - from)) ?? ByteBuffer()
                    },
                    take: { builder.add($0, displacement: displacement) })
                body.writeImmutableBuffer(bytes)
            }
        }
        let layout = builder.finish()
        var file = layout.header
        file.writeImmutableBuffer(body)
        return Made(file: file, wanted: wanted, layout: layout)
    }

    private func read(_ file: ByteBuffer) throws -> MP4File {
        try MP4File(size: Int64(file.readableBytes)) { (offset, length) throws(CMAFError) in
            file.getSlice(at: Int(offset), length: min(length, file.readableBytes - Int(offset))) ?? ByteBuffer()
        }
    }

    private func bytes(_ sample: FileSample, in file: ByteBuffer) -> ByteBuffer? {
        file.getSlice(at: Int(sample.offset), length: sample.size)
    }

    @Test func everySampleIsFoundAtItsTime() throws {
        let tracks = TrackSet([Self.video, Self.audio])
        let made = try make([(90_000_000, tracks)])
        #expect(made.layout.length == Int64(made.file.readableBytes))
        let file = try read(made.file)
        #expect(file.tracks.tracks.map(\.codec) == tracks.tracks.map(\.codec))
        #expect(file.tracks.tracks.map(\.language) == [nil, "deu"])
        for (index, table) in file.tables.enumerated() {
            let samples = (0..<table.count).map { table[$0] }
            #expect(samples.compactMap { bytes($0, in: made.file) } == made.wanted[TrackID(UInt32(index + 1))])
            #expect(samples.filter(\.isKey).count == (index == 0 ? 3 : samples.count))
            for (before, after) in zip(samples, samples.dropFirst()) {
                #expect((after.decodeTime - before.decodeTime).ticks == 3750)
            }
        }
        // The first picture is shown 2 frames after its decode time, the sound began 900 ticks before that decode time.
        let pictures = try #require(file.tables.first)[0]
        let sound = try #require(file.tables.last)[0]
        #expect((pictures.presentationTime - sound.presentationTime).ticks == 2 * 3750 + 900)
    }

    @Test func gapsAreLeftOutAndOtherParametersAreAnotherDescription() throws {
        let other = Track(id: TrackID(1), codec: .h264(Self.sets(0x0B)))
        let made = try make([
            (90_000_000, TrackSet([Self.video, Self.audio])),
            (990_000_000, TrackSet([other, Self.audio])),
        ])
        // The reader of files takes one description; the tables of the sound have all.
        let moov = try BoxCursor(made.file).required("moov")
        var descriptions: [UInt32] = []
        var boxes = moov.body
        while let trak = try boxes.nextBox() {
            guard trak.type == "trak" else { continue }
            let table = try trak.body.required("mdia").body.required("minf").body.required("stbl")
            var (_, _, body) = try table.body.required("stsd").full()
            descriptions.append(try body.u32())
            var (_, _, chunks) = try table.body.required("stsc").full()
            let count = try chunks.u32()
            var last: UInt32 = 0
            for _ in 0..<count {
                try chunks.skip(8)
                last = try chunks.u32()
            }
            #expect(last == descriptions.last)
        }
        #expect(descriptions == [2, 1])
        let (_, _, header) = try moov.body.required("mvhd").full()
        var fields = header
        try fields.skip(20)
        // Twice a second and a half, without the ten thousand seconds between; the last pictures are shown later.
        let duration = try fields.u64()
        #expect((270_000...290_000).contains(duration), "\(duration)")
    }

    @Test func damagedHeadsAreNamed() throws {
        var bytes = ByteBuffer()
        _ = FragmentWriter.append(frames(TrackID(1), at: 0, seed: 0), to: &bytes)
        for length in 1..<bytes.readableBytes {
            #expect(throws: CMAFError.self) {
                try FragmentHead.each(
                    from: 0, to: Int64(length),
                    read: { (offset, count) throws(CMAFError) in
                        bytes.getSlice(at: Int(offset), length: min(count, length - Int(offset))) ?? ByteBuffer()
                    }, take: { _ in })
            }
        }
    }
}
