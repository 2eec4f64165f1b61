// What is written is read back, for all codecs and many shapes of fragments; damaged bytes never trap.
import CMAF
import Media
import NIOCore
import TestSupport
import Testing

@Suite struct RoundTripTests {
    @Test func everyCodecComesBackFromItsInitializationSegment() throws {
        let bytes = InitializationSegment.write(allTracks)
        #expect(try InitializationSegment.read(bytes) == allTracks)
        #expect(InitializationSegment.write(allTracks) == bytes)
        for track in allTracks.tracks {
            let one = try InitializationSegment.read(InitializationSegment.write(allTracks, only: [track.id]))
            #expect(one.tracks == [track])
        }
    }

    /// As other programs write it, without Weir's own box: the configuration alone says what comes out of the decoder.
    @Test(
        arguments: [
            // AAC-LC of 48 kHz in stereo; of 960 samples.
            ([0x11, 0x90], 2, 48000, 2, 1024), ([0x11, 0x94], 2, 48000, 2, 960),
            // SBR said explicitly: a core of 22.05 kHz, 44.1 kHz out of it.
            ([0x2B, 0x92, 0x08, 0x00], 5, 44100, 2, 2048),
            // xHE-AAC, whose configuration is not read: rate and channels are those of the sample entry.
            ([0xF9, 0x48, 0x00], 42, 44100, 6, 1024),
        ] as [([UInt8], UInt8, Int, Int, Int)])
    func whatAnAudioSpecificConfigSays(
        config: [UInt8], objectType: UInt8, rate: Int, channels: Int, samples: Int
    ) throws {
        let entry = AACParameters(audioSpecificConfig: config, objectType: 0, sampleRate: 44100, channelCount: 6)
        var bytes = InitializationSegment.write(TrackSet([Track(id: TrackID(1), codec: .aac(entry))]))
        let own = try #require(bytes.readableBytesView.firstRange(of: Array("wtrk".utf8)))
        bytes.setString("free", at: own.lowerBound)
        let found = try InitializationSegment.read(bytes)
        let expected = AACParameters(
            audioSpecificConfig: config, objectType: objectType, sampleRate: rate, channelCount: channels,
            samplesPerFrame: samples)
        #expect(found[TrackID(1)]?.codec == .aac(expected))
    }

    /// No decoder can begin without it: the track is passed over, and the others are read.
    @Test func anAACTrackWithoutConfigurationIsPassedOver() throws {
        let empty = AACParameters(audioSpecificConfig: [], objectType: 2, sampleRate: 48000, channelCount: 2)
        let video = Track(id: TrackID(1), codec: .h264(h264))
        let set = TrackSet([video, Track(id: TrackID(2), codec: .aac(empty))])
        #expect(try InitializationSegment.read(InitializationSegment.write(set)).tracks == [video])
    }

    @Test func fingerprintIsFNV1a() {
        #expect(Fingerprint(of: ByteBuffer()).description == "cbf29ce484222325")
        #expect(Fingerprint(of: ByteBuffer(string: "foobar")).description == "85944171f73967e8")
    }

    @Test func fragmentsComeBackAndArePartsOfTheirChunk() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<300 {
            var buffer = ByteBuffer(string: "behind the reader index")
            buffer.moveReaderIndex(to: buffer.writerIndex)
            var expected: [FrameFacts] = []
            var parts: [Chunk.Part] = []
            for track in 1...UInt32.random(in: 1...4, using: &random) {
                let start = Int64.random(in: -90_000...(1 << 50), using: &random)
                let count = Int.random(in: 1...12, using: &random)
                let written = frames(count, track: track, start: start, using: &random)
                parts.append(FragmentWriter.append(written, to: &buffer))
                expected += written.map(FrameFacts.init)
            }
            let read = try FragmentReader.frames(in: buffer).map(FrameFacts.init)
            #expect(read == expected)
            let scan = ChunkParser.scan(buffer)
            #expect(scan.parts == parts && scan.tear == nil && scan.wholeLength == buffer.readableBytes)
            let whole = Chunk(
                tracks: allTracks, segmentStart: parts[0].start, start: parts[0].start, duration: parts[0].duration,
                isDiscontinuous: false, parts: parts, bytes: buffer)
            let last = try #require(whole.bytes(of: parts[parts.count - 1].track))
            #expect(try FragmentReader.frames(in: last).count == parts[parts.count - 1].frameCount)
        }
    }

    @Test func theTornTailBeginsBehindTheLastWholeFragment() {
        var random = SeededGenerator(seed: 2)
        var bytes = InitializationSegment.write(allTracks)
        var ends = [bytes.readableBytes]
        for index in 0..<4 {
            FragmentWriter.append(frames(5, track: 1, start: Int64(index) * 18000, using: &random), to: &bytes)
                .verifyEnd(in: bytes)
            ends.append(bytes.readableBytes)
        }
        for length in ends[0]...bytes.readableBytes {
            let scan = ChunkParser.scan(bytes.getSlice(at: 0, length: length) ?? ByteBuffer())
            let whole = ends.lastIndex { $0 <= length } ?? 0
            #expect(scan.wholeLength == ends[whole] && scan.parts.count == whole)
            #expect((scan.tear == nil) == (length == ends[whole]))
            #expect(scan.otherBoxes.map(\.type) == ["ftyp", "moov"])
        }
    }

    @Test func damagedBytesNeverTrap() {
        var random = SeededGenerator(seed: 3)
        var fragments = ByteBuffer()
        for track in 1...3 as ClosedRange<UInt32> {
            _ = FragmentWriter.append(frames(6, track: track, start: 1 << 40, using: &random), to: &fragments)
        }
        let initialization = InitializationSegment.write(allTracks)
        var errors = 0
        for round in 0..<6000 {
            var bytes = round % 2 == 0 ? fragments : initialization
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0..<bytes.readableBytes, using: &random)
                let value = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)].randomElement(
                    using: &random)
                bytes.setInteger(value ?? 0, at: at)
            }
            do throws(CMAFError) {
                if round % 2 == 0 {
                    let scan = ChunkParser.scan(bytes)
                    #expect(scan.wholeLength <= bytes.readableBytes)
                    _ = try FragmentReader.frames(in: bytes)
                } else {
                    _ = try InitializationSegment.read(bytes)
                }
            } catch {
                errors += 1
                #expect(error.offset >= 0 && !error.reason.isEmpty)
            }
        }
        #expect(errors > 500)
    }
}

extension Chunk.Part {
    func verifyEnd(in bytes: ByteBuffer) { #expect(offset + length == bytes.readableBytes) }
}
