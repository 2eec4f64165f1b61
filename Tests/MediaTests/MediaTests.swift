// Codec headers: vectors of other encoders, cut short at every byte, mutated.
import Media
import NIOCore
import Testing

@Suite struct CodecSyntaxTests {
    /// x264, high profile, 1920×1080 cropped from 1088, 25 fps.
    private let h264: [UInt8] = [
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04,
        0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x60, 0xc6, 0x58,
    ]
    /// x265, main profile, 1920×1080.
    private let h265: [UInt8] = [
        0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x78,
        0xa0, 0x03, 0xc0, 0x80, 0x10, 0xe5, 0x96, 0x66, 0x69, 0x24, 0xca, 0xe0, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10,
        0x00, 0x00, 0x03, 0x01, 0xe0, 0x80,
    ]

    @Test func h264SequenceParameters() throws {
        let sps = try #require(H264SequenceParameters(h264))
        #expect((sps.width, sps.height) == (1920, 1080))
        #expect(sps.profile == 100 && sps.level == 40 && sps.isProgressive)
        #expect(sps.frameRate == 25)
        let codec = Codec.h264(H264Parameters(sequenceParameterSets: [h264], pictureParameterSets: [[0x68]]))
        #expect(codec.rfc6381 == "avc1.640028")
        #expect(codec.displayName == "H.264 1920×1080")
    }

    @Test func h265SequenceParameters() throws {
        let sps = try #require(H265SequenceParameters(h265))
        #expect((sps.width, sps.height) == (1920, 1080))
        #expect(sps.frameRate == 30)
        let codec = Codec.h265(
            H265Parameters(videoParameterSets: [], sequenceParameterSets: [h265], pictureParameterSets: []))
        #expect(codec.rfc6381 == "hvc1.1.6.L120.90")
    }

    @Test func adtsHeaderThereAndBack() throws {
        let bytes: [UInt8] = [0xff, 0xf1, 0x4c, 0x80, 0x2e, 0x7f, 0xfc]
        let header = try #require(bytes.withUnsafeBytes { ADTSHeader($0) })
        #expect(header.frameLength == 371 && header.headerLength == 7 && header.blockCount == 1)
        #expect(header.parameters.sampleRate == 48000 && header.parameters.channelCount == 2)
        #expect(header.parameters.audioSpecificConfig == [0x11, 0x90])
        #expect(ADTSHeader.header(for: header.parameters, payloadLength: 364) == bytes)
        #expect(ADTSHeader.header(for: header.parameters, payloadLength: 8200) == nil)
        #expect(Codec.aac(header.parameters).displayName == "AAC 48 kHz stereo")
        #expect(Codec.aac(header.parameters).rfc6381 == "mp4a.40.2")
        #expect(Codec.aac(header.parameters).frameDuration == MediaSpan(ticks: 1920))
    }

    @Test func audioSpecificConfigWithSBR() throws {
        // HE-AAC, core 24 kHz, output 48 kHz, stereo.
        let bytes: [UInt8] = [0x2b, 0x11, 0x88, 0x00]
        let config = try #require(bytes.withUnsafeBytes { AudioSpecificConfig($0) })
        #expect(config.objectType == 5 && config.coreObjectType == 2)
        #expect(config.coreSampleRate == 24000 && config.sampleRate == 48000)
        #expect(config.samplesPerFrame == 2048)
    }

    @Test(
        arguments: [
            ([0xff, 0xfd, 0x84, 0x00], 2, 48000, 384), ([0xff, 0xfb, 0x90, 0x64], 3, 44100, 417),
            ([0xff, 0xf3, 0x84, 0xc4], 3, 24000, 192),
        ] as [([UInt8], Int, Int, Int)])
    func mpegAudioHeader(_ bytes: [UInt8], _ layer: Int, _ rate: Int, _ length: Int) throws {
        let header = try #require(bytes.withUnsafeBytes { MPEGAudioHeader($0) })
        #expect(header.parameters.layer == layer && header.parameters.sampleRate == rate)
        #expect(header.frameLength == length)
    }

    @Test func startCodesAreFoundAtEveryOffset() {
        for length in 3..<80 {
            for at in 0...(length - 3) {
                var bytes = [UInt8](repeating: 0x80, count: length)
                bytes.replaceSubrange(at..<at + 3, with: [0, 0, 1])
                #expect(bytes.withUnsafeBytes { NALUnits.nextStartCode(in: $0, from: 0) } == at)
                #expect(bytes.withUnsafeBytes { NALUnits.nextStartCode(in: $0, from: at + 1) } == length)
            }
        }
    }

    @Test func nothingTrapsOnBytesFromOutside() {
        var state: UInt64 = 1
        func random() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        var readable = 0
        for round in 0..<3000 {
            for vector in [h264, h265] {
                var bytes = Array(vector.prefix(round % (vector.count + 1)))
                if round >= 200 {
                    for _ in 0..<3 where !bytes.isEmpty { bytes[Int(random()) % bytes.count] = random() }
                }
                if let sps = H264SequenceParameters(bytes) { readable += sps.width > 0 ? 1 : 0 }
                if let sps = H265SequenceParameters(bytes) {
                    readable += sps.width > 0 ? 1 : 0
                    #expect(sps.rfc6381.hasPrefix("hvc1."))
                }
                var noise = bytes + (0..<16).map { _ in random() }
                noise.withUnsafeBytes { raw in
                    _ = AudioSpecificConfig(raw)
                    _ = H264SEI.hasRecoveryPoint(raw)
                    var latm = LATMParser()
                    _ = latm.parse(raw)
                }
                for head in [[0x0b, 0x77], [0xff, 0xf1], [0xff, 0xfb]] as [[UInt8]] {
                    noise.replaceSubrange(0..<2, with: head)
                    noise.withUnsafeBytes { raw in
                        #expect(AC3Header(raw)?.frameLength ?? 16 >= 16)
                        #expect(ADTSHeader(raw)?.frameLength ?? 8 > 7)
                        #expect(MPEGAudioHeader(raw)?.frameLength ?? 24 >= 24)
                    }
                }
            }
        }
        #expect(readable > 500)
    }
}
