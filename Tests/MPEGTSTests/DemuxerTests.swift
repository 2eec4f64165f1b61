// The demuxer against ffmpeg's own: frames, times, bytes, tracks.
import MPEGTS
import Media
import NIOCore
import TestSupport
import Testing

@Suite struct DemuxerTests {
    @Test(arguments: Vector.allCases)
    func framesAndTimesAreThoseOfFFprobe(_ vector: Vector) throws {
        let bytes = try vector.bytes()
        let result = demux(bytes)
        let scratch = try Scratch()
        let path = try scratch.write(bytes, to: "x.ts")
        let listed = try run(
            "ffprobe",
            ["-v", "error", "-show_entries", "packet=stream_index,pts,dts,flags", "-of", "compact=p=0:nk=1", path]
        ).text.split(separator: "\n").map { $0.split(separator: "|") }
        for stream in 0..<2 {
            let expected = listed.filter { Int($0[0]) == stream }
            let frames = result.frames(UInt32(stream + 1))
            #expect(frames.count == expected.count, "\(vector) stream \(stream)")
            for (frame, packet) in zip(frames, expected) {
                // ffprobe rounds times between two PES headers its own way.
                let slack: Int64 = stream == 0 ? 0 : 1
                #expect(abs(frame.presentation - (Int64(packet[1]) ?? .min)) <= slack)
                #expect(abs(frame.decode - (Int64(packet[2]) ?? .min)) <= slack)
            }
            if stream == 0 {
                // ffprobe marks recovery points as key frames too.
                #expect(frames.map(\.isKey) == expected.map { $0[3].hasPrefix("K") })
            }
        }
        #expect(result.counters.lost == 0 && result.counters.damagedFrames == 0 && result.counters.psiErrors == 0)
        #expect(result.trackSets.count == 1)
    }

    @Test(arguments: Vector.allCases)
    func videoBytesAreThoseOfTheElementaryStream(_ vector: Vector) throws {
        let bytes = try vector.bytes()
        let scratch = try Scratch()
        let path = try scratch.write(bytes, to: "x.ts")
        let format = vector.isH265 ? "hevc" : "h264"
        let stream = try run("ffmpeg", ["-v", "error", "-i", path, "-map", "0:v", "-c", "copy", "-f", format, "-"])
            .output
        let samples = demux(bytes).frames(1).map(\.data)
        #expect(pictureNALs(samples: samples) == pictureNALs(annexB: stream, isH265: vector.isH265))
    }

    @Test(arguments: [(Vector.mp2, "mp2"), (.mp3, "mp3"), (.ac3, "ac3"), (.eac3, "eac3"), (.plain, "adts")])
    func audioBytesAreThoseOfTheElementaryStream(_ vector: Vector, _ format: String) throws {
        let bytes = try vector.bytes()
        let scratch = try Scratch()
        let path = try scratch.write(bytes, to: "x.ts")
        let options = format == "mp3" ? ["-write_xing", "0", "-id3v2_version", "0"] : []
        let stream = try run(
            "ffmpeg", ["-v", "error", "-i", path, "-map", "0:a", "-c", "copy"] + options + ["-f", format, "-"]
        ).output
        let result = demux(bytes)
        guard case .aac(let parameters) = result.trackSets.first?[TrackID(2)]?.codec else {
            #expect(result.frames(2).flatMap { Array($0.data.readableBytesView) } == stream)
            return
        }
        let withHeaders = result.frames(2).flatMap { frame in
            (ADTSHeader.header(for: parameters, payloadLength: frame.data.readableBytes) ?? [])
                + Array(frame.data.readableBytesView)
        }
        #expect(withHeaders.count == stream.count)
    }

    @Test func aacIsTheSameFromLATMAndADTS() throws {
        let scratch = try Scratch()
        let source = try scratch.write(try Vector.plain.bytes(), to: "x.ts")
        // By way of MP4: only there ffmpeg knows the AudioSpecificConfig when it writes the header.
        let (middle, latmPath) = (scratch.file("x.mp4"), scratch.file("latm.ts"))
        _ = try run("ffmpeg", ["-v", "error", "-i", source, "-c", "copy", middle])
        _ = try run(
            "ffmpeg", ["-v", "error", "-i", middle, "-c", "copy", "-mpegts_flags", "latm", "-f", "mpegts", latmPath])
        let (adts, latm) = (demux(try Vector.plain.bytes()), demux(try read(latmPath)))
        #expect(adts.frames(2).count > 90)
        #expect(latm.frames(2).map(\.data) == adts.frames(2).map(\.data))
        #expect(latm.trackSets == adts.trackSets)
    }

    @Test func codecsAreDescribed() throws {
        func names(_ vector: Vector) throws -> [String] {
            try demux(vector.bytes()).trackSets.first?.tracks.map(\.codec.displayName) ?? []
        }
        #expect(try names(.plain) == ["H.264 176×144", "AAC 48 kHz mono"])
        #expect(try names(.h265) == ["H.265 176×144", "AAC 48 kHz mono"])
        #expect(try names(.mono441) == ["H.264 176×144", "AAC 44.1 kHz mono"])
        #expect(try names(.eac3) == ["H.264 176×144", "E-AC-3 48 kHz mono"])
        #expect(try names(.ac3) == ["H.264 176×144", "AC-3 48 kHz mono"])
        #expect(try names(.mp2) == ["H.264 176×144", "MP2 48 kHz mono"])
        // As playlists name them (RFC 6381; ETSI TS 102 366 annex F for AC-3).
        for (vector, name) in [(Vector.mp2, "mp4a.6B"), (.mp3, "mp4a.6B"), (.ac3, "ac-3"), (.eac3, "ec-3")] {
            #expect(try demux(vector.bytes()).trackSets.first?[TrackID(2)]?.codec.rfc6381 == name)
        }
        for vector in [Vector.plain, .h265, .interlaced] {
            let codec = try #require(demux(vector.bytes()).trackSets.first?.leading?.codec)
            #expect(codec.frameRate == 25)
        }
    }

    @Test(arguments: [Vector.bFrames, .h265, .latm, .eac3, .mp2])
    func everySplitGivesTheSameEvents(_ vector: Vector) throws {
        let bytes = try vector.bytes()
        let whole = demux(bytes) { bytes.count }
        #expect(demux(bytes) { 1316 } == whole)
        #expect(demux(bytes) { 1 } == whole)
        #expect(demux(bytes) { 187 } == whole)
        var random = SeededGenerator(seed: 7)
        #expect(demux(bytes) { Int.random(in: 1...700, using: &random) } == whole)
        // Garbage in front and in the middle, so that synchronisation is searched for at every split too.
        let broken = [1, 0x47, 3] + bytes[..<60_000] + [9, 9, 0x47] + bytes[60_000...]
        let wholeBroken = demux(broken) { broken.count }
        #expect(wholeBroken.counters.resyncs >= 1)
        #expect(demux(broken) { 1 } == wholeBroken)
        #expect(demux(broken) { Int.random(in: 1...700, using: &random) } == wholeBroken)
    }

    /// Frames are slices of shared blocks; two copies of a demuxer may not write into the same one.
    @Test func copiesOfADemuxerDoNotDisturbEachOthersFrames() throws {
        let bytes = try Vector.plain.bytes()
        let expected = demux(bytes)
        var first = TransportStreamDemuxer()
        var (output, ours, theirs) = (DemuxOutput(), Demuxed(), Demuxed())
        let half = bytes.count / 376 * 188
        bytes.withUnsafeBytes { all in
            first.receive(UnsafeRawBufferPointer(rebasing: all[..<half]), into: &output)
            ours.add(&output)
            theirs = ours
            var second = first
            // Both go on, packet by packet in turn.
            for at in stride(from: half, to: all.count - 187, by: 188) {
                let packet = UnsafeRawBufferPointer(rebasing: all[at..<at + 188])
                first.receive(packet, into: &output)
                ours.add(&output)
                second.receive(packet, into: &output)
                theirs.add(&output)
            }
            first.finish(into: &output)
            ours.add(&output)
            second.finish(into: &output)
            theirs.add(&output)
        }
        #expect(ours.events == expected.events)
        #expect(theirs.events == expected.events)
    }

    @Test func aProgramIsChosen() throws {
        let bytes = try transportStream(
            [
                "-map", "0:v", "-map", "1:a", "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast",
                "-s:v:1",
                "96x64", "-g", "25", "-c:a:0", "aac", "-c:a:1", "mp2",
                "-program", "program_num=7:st=0:st=1", "-program", "program_num=9:st=2:st=3",
            ], seconds: 1)
        func names(_ program: UInt16?) -> [String] {
            demux(bytes, program: program).trackSets.first?.tracks.map(\.codec.displayName) ?? []
        }
        #expect(names(nil) == ["H.264 176×144", "AAC 48 kHz mono"])
        #expect(names(7) == ["H.264 176×144", "AAC 48 kHz mono"])
        #expect(names(9) == ["H.264 96×64", "MP2 48 kHz mono"])
        #expect(names(3) == [])
    }

    @Test func theClockWrapsWithoutAStep() throws {
        // 2³³ ticks are 95443.7 s: the vector begins a second before.
        let bytes = try transportStream(
            Vector.bFrames.arguments + ["-output_ts_offset", "95442.2", "-muxdelay", "0", "-muxpreload", "0"])
        let result = demux(bytes)
        #expect(result.jumps == 0)
        for track: UInt32 in [1, 2] {
            let times = result.frames(track).map(\.decode)
            #expect(times.count > 40)
            #expect(zip(times, times.dropFirst()).allSatisfy { (1...3601).contains($1 - $0) })
        }
        let end = result.frames(1).last?.decode ?? 0
        #expect(end > 1 << 33)
        // Also of a picture that is decoded before the wrap and shown after it.
        func delays(_ result: Demuxed) -> [Int64] { result.frames(1).map { $0.presentation - $0.decode } }
        #expect(result.frames(1).contains { $0.decode < 1 << 33 && $0.presentation >= 1 << 33 })
        let plain = demux(try Vector.bFrames.bytes())
        #expect(delays(result) == delays(plain))
    }

    @Test func anotherProgrammeMapChangesTheTracks() throws {
        let bytes = try Vector.plain.bytes() + Vector.mp2.bytes() + Vector.h265.bytes()
        let result = demux(bytes)
        let names = result.trackSets.map { $0.tracks.map(\.codec.familyName) }
        #expect(names == [["H.264", "AAC"], ["H.264", "MP2"], ["H.265", "AAC"]])
        #expect(result.jumps == 2)
        #expect(result.frames(1).count == 150)
    }

    @Test func newParameterSetsAreNewTracks() throws {
        let small = try transportStream(Vector.plain.arguments + ["-s", "96x64"])
        let result = demux(try Vector.plain.bytes() + small)
        #expect(result.trackSets.compactMap { $0.leading?.codec.resolution?.width } == [176, 96])
    }
}
