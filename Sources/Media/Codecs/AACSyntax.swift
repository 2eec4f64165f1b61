// Reads AAC headers: ADTS frames and the AudioSpecificConfig.

/// Sampling frequencies by `samplingFrequencyIndex` (ISO/IEC 14496-3 table 1.18).
private let aacSampleRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]

/// Channels by `channelConfiguration` (ISO/IEC 14496-3 table 1.19); 0 where the table leaves it open.
private let aacChannels = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0]

/// The header of one ADTS frame (ISO/IEC 14496-3 §1.A.2.2).
package struct ADTSHeader: Hashable, Sendable {
    /// 7, or 9 with a CRC.
    package var headerLength: Int
    /// Header and payload, in bytes.
    package var frameLength: Int
    package var objectType: UInt8
    package var sampleRateIndex: UInt8
    package var channelConfiguration: UInt8
    /// Raw data blocks in the frame: 1 to 4. Weir takes frames with one.
    package var blockCount: Int

    /// Bytes that must be there for a decision.
    package static let minimumLength = 7

    /// Nil when the bytes do not begin with a header that can be true.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.minimumLength, bytes[0] == 0xff, bytes[1] & 0xf6 == 0xf0 else { return nil }
        headerLength = bytes[1] & 1 == 1 ? 7 : 9
        objectType = (bytes[2] >> 6) + 1
        sampleRateIndex = (bytes[2] >> 2) & 0x0f
        channelConfiguration = (bytes[2] & 1) << 2 | bytes[3] >> 6
        frameLength = Int(bytes[3] & 3) << 11 | Int(bytes[4]) << 3 | Int(bytes[5]) >> 5
        blockCount = Int(bytes[6] & 3) + 1
        guard Int(sampleRateIndex) < aacSampleRates.count, frameLength > headerLength else { return nil }
    }

    package var parameters: AACParameters {
        let index = sampleRateIndex
        return AACParameters(
            audioSpecificConfig: [objectType << 3 | index >> 1, (index & 1) << 7 | channelConfiguration << 3],
            objectType: objectType, sampleRate: aacSampleRates[Int(index)],
            channelCount: aacChannels[Int(channelConfiguration)])
    }

    /// The seven bytes before a raw data block of `length` bytes. Nil when `parameters` cannot be said in ADTS (an object
    /// type above 4 is sent as the LC core that it extends, as all senders do) or the frame is too long for the field.
    package static func header(for parameters: AACParameters, payloadLength length: Int) -> [UInt8]? {
        guard length >= 0, length + 7 < 1 << 13,
            let core = parameters.audioSpecificConfig.withUnsafeBytes({ AudioSpecificConfig($0) }),
            let index = aacSampleRates.firstIndex(of: core.coreSampleRate), core.channelConfiguration < 8
        else { return nil }
        let profile = (1...4).contains(core.coreObjectType) ? core.coreObjectType - 1 : 1
        let channels = core.channelConfiguration
        let total = length + 7
        return [
            0xff, 0xf1, profile << 6 | UInt8(index) << 2 | channels >> 2,
            (channels & 3) << 6 | UInt8(total >> 11), UInt8(truncatingIfNeeded: total >> 3),
            UInt8(total & 7) << 5 | 0x1f, 0xfc,
        ]
    }
}

/// AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).
package struct AudioSpecificConfig: Hashable, Sendable {
    /// 2 = LC, 5 = SBR, 29 = PS.
    package var objectType: UInt8
    /// The object type below SBR or PS.
    package var coreObjectType: UInt8
    /// The rate of the core decoder, in Hz; `sampleRate` is what comes out (twice that with SBR).
    package var coreSampleRate: Int
    /// In Hz.
    package var sampleRate: Int
    package var channelConfiguration: UInt8
    package var channelCount: Int
    /// 960 samples in a frame instead of 1024.
    package var hasShortFrames: Bool
    package var bitLength: Int

    package init?(_ bytes: UnsafeRawBufferPointer) {
        var bits = BitReader(bytes)
        self.init(&bits)
    }

    /// Reads from where `bits` stands (a LATM configuration has it in the middle of a byte). Nil when it is cut short or of an
    /// object type without GASpecificConfig.
    package init?(_ bits: inout BitReader) {
        let begin = bits.bitsRead
        objectType = Self.readObjectType(&bits)
        guard let rate = Self.readRate(&bits) else { return nil }
        coreSampleRate = rate
        sampleRate = rate
        channelConfiguration = UInt8(bits.read(4))
        coreObjectType = objectType
        if objectType == 5 || objectType == 29 {
            guard let extended = Self.readRate(&bits) else { return nil }
            sampleRate = extended
            coreObjectType = Self.readObjectType(&bits)
        }
        guard [1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23].contains(coreObjectType) else { return nil }
        hasShortFrames = bits.flag()
        if bits.flag() { bits.skip(14) }
        let hasExtension = bits.flag()
        channelCount = aacChannels[Int(channelConfiguration)]
        if channelConfiguration == 0 { channelCount = Self.readProgramConfig(&bits, begin: begin) }
        if hasExtension {
            if coreObjectType == 22 { bits.skip(16) }
            if [17, 19, 20, 23].contains(coreObjectType) { bits.skip(3) }
            bits.skip(1)
        }
        bitLength = bits.bitsRead - begin
        guard !bits.isExhausted, channelCount > 0 else { return nil }
    }

    /// Of a whole AudioSpecificConfig, also one whose rest cannot be read.
    package static func objectType(of config: [UInt8]) -> UInt8 {
        config.withUnsafeBytes {
            var bits = BitReader($0)
            return readObjectType(&bits)
        }
    }

    /// What comes out of the decoder, with `bytes` as the configuration.
    package func parameters(_ bytes: [UInt8]) -> AACParameters {
        AACParameters(
            audioSpecificConfig: bytes, objectType: objectType, sampleRate: sampleRate, channelCount: channelCount,
            samplesPerFrame: samplesPerFrame)
    }

    /// Samples in a frame at the rate that comes out: doubled where SBR doubles the rate.
    package var samplesPerFrame: Int { (hasShortFrames ? 960 : 1024) * sampleRate / max(coreSampleRate, 1) }

    private static func readObjectType(_ bits: inout BitReader) -> UInt8 {
        let type = bits.read(5)
        return UInt8(type == 31 ? 32 + bits.read(6) : type)
    }

    private static func readRate(_ bits: inout BitReader) -> Int? {
        let index = Int(bits.read(4))
        if index == 15 {
            let rate = Int(bits.read(24))
            return (4000...192_000).contains(rate) ? rate : nil
        }
        return index < aacSampleRates.count ? aacSampleRates[index] : nil
    }

    /// program_config_element (§4.4.1.1): the number of channels.
    private static func readProgramConfig(_ bits: inout BitReader, begin: Int) -> Int {
        bits.skip(4 + 2 + 4)
        let elements = (0..<3).map { _ in Int(bits.read(4)) }
        let lfe = Int(bits.read(2))
        let associated = Int(bits.read(3))
        let coupling = Int(bits.read(4))
        if bits.flag() { bits.skip(4) }
        if bits.flag() { bits.skip(4) }
        if bits.flag() { bits.skip(3) }
        var channels = lfe
        for _ in 0..<elements.reduce(0, +) {
            channels += bits.flag() ? 2 : 1
            bits.skip(4)
        }
        bits.skip(lfe * 4 + associated * 4 + coupling * 5)
        bits.skip((8 - (bits.bitsRead - begin) % 8) % 8)
        bits.skip(Int(bits.read(8)) * 8)
        return channels
    }
}

extension AACParameters {
    /// Nil when the configuration cannot be read (`AudioSpecificConfig`).
    package init?(audioSpecificConfig bytes: [UInt8]) {
        guard let config = bytes.withUnsafeBytes({ AudioSpecificConfig($0) }) else { return nil }
        self = config.parameters(bytes)
    }
}
