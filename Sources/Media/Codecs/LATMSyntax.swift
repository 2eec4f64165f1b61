// Reads AAC in LATM/LOAS, as DVB carries it: AudioSyncStream, AudioMuxElement, StreamMuxConfig.

/// The LOAS header (ISO/IEC 14496-3 §1.7.2).
package enum LOASHeader {
    package static let length = 3

    /// Length of the whole frame, header included; nil when the bytes do not begin with the sync word 0x2B7.
    package static func frameLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= length, bytes[0] == 0x56, bytes[1] & 0xe0 == 0xe0 else { return nil }
        let payload = Int(bytes[1] & 0x1f) << 8 | Int(bytes[2])
        return payload > 0 ? length + payload : nil
    }
}

/// Takes AudioMuxElements apart (ISO/IEC 14496-3 §1.7.3), remembering the configuration between them.
///
/// One program with one layer whose frames tell their length (`frameLengthType` 0): what DVB allows (ETSI TS 101 154
/// annex C). Everything else is refused.
package struct LATMParser: Sendable {
    package private(set) var parameters: AACParameters?
    private var subFrames = 1
    private var otherDataBits = 0

    package init() {}

    package enum Outcome: Hashable, Sendable {
        /// Raw data blocks in order.
        case frames([[UInt8]])
        /// No configuration has been seen yet.
        case waiting
        case damaged
    }

    /// - Parameter bytes: one AudioMuxElement: a LOAS frame without its header.
    package mutating func parse(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        var bits = BitReader(bytes)
        if !bits.flag() {
            guard readConfig(&bits, bytes) else { return .damaged }
        } else if parameters == nil {
            return .waiting
        }
        var frames: [[UInt8]] = []
        for _ in 0..<subFrames {
            var length = 0
            var byte = bits.read(8)
            while byte == 255, !bits.isExhausted {
                length += 255
                byte = bits.read(8)
            }
            length += Int(byte)
            guard length <= bytes.count, let frame = bits.bytes(length) else { return .damaged }
            if !frame.isEmpty { frames.append(frame) }
        }
        return bits.isExhausted ? .damaged : .frames(frames)
    }

    /// StreamMuxConfig (§1.7.3.1).
    private mutating func readConfig(_ bits: inout BitReader, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let version = bits.read(1)
        if version == 1 {
            guard bits.read(1) == 0 else { return false }
            _ = Self.readValue(&bits)
        }
        guard bits.flag() else { return false }
        let frames = Int(bits.read(6)) + 1
        guard bits.read(4) == 0, bits.read(3) == 0 else { return false }
        let declared = version == 1 ? Self.readValue(&bits) : nil
        let begin = bits.bitsRead
        guard let config = AudioSpecificConfig(&bits) else { return false }
        if let declared {
            guard declared >= config.bitLength, declared <= bytes.count * 8 else { return false }
            bits.skip(declared - config.bitLength)
        }
        guard bits.read(3) == 0 else { return false }
        bits.skip(8)
        otherDataBits = 0
        if bits.flag() {
            if version == 1 {
                otherDataBits = Self.readValue(&bits)
            } else {
                var isContinued = true
                while isContinued, !bits.isExhausted, otherDataBits < 1 << 20 {
                    isContinued = bits.flag()
                    otherDataBits = (otherDataBits << 8) + Int(bits.read(8))
                }
            }
        }
        if bits.flag() { bits.skip(8) }
        guard !bits.isExhausted else { return false }
        subFrames = frames
        var copy = BitReader(bytes)
        copy.skip(begin)
        let length = declared ?? config.bitLength
        var audioSpecificConfig: [UInt8] = []
        for offset in stride(from: 0, to: length, by: 8) {
            let width = min(8, length - offset)
            audioSpecificConfig.append(UInt8(truncatingIfNeeded: copy.read(width) << UInt32(8 - width)))
        }
        parameters = config.parameters(audioSpecificConfig)
        return true
    }

    /// LatmGetValue (§1.7.3.1).
    private static func readValue(_ bits: inout BitReader) -> Int {
        let count = Int(bits.read(2)) + 1
        var value = 0
        for _ in 0..<count { value = value << 8 | Int(bits.read(8)) }
        return value
    }
}
