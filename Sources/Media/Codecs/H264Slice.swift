// Reads the begin of H.264 slice headers and the recovery point SEI: where pictures start and where decoding can start.

/// The first fields of an H.264 slice header (ITU-T H.264 §7.3.3).
package struct H264SliceHeader: Hashable, Sendable {
    package var firstMacroblock: Int
    /// 0…4: P, B, I, SP, SI (the values 5…9 say the same of all slices of the picture).
    package var sliceType: Int
    package var frameNumber: Int
    package var isField: Bool
    package var isBottomField: Bool
    package var isIDR: Bool
    package var isReference: Bool

    package var isIntra: Bool { sliceType == 2 || sliceType == 4 }

    /// - Parameter bytes: the NAL unit from its header byte on; 32 bytes are always enough.
    package init?(_ bytes: UnsafeRawBufferPointer, parameters: H264SequenceParameters) {
        guard bytes.count >= 3 else { return nil }
        var bits = BitReader(UnsafeRawBufferPointer(rebasing: bytes.prefix(32)), escaped: true)
        bits.skip(8)
        firstMacroblock = bits.unsigned()
        let type = bits.unsigned()
        sliceType = type % 5
        _ = bits.unsigned()
        if parameters.hasSeparateColourPlanes { bits.skip(2) }
        frameNumber = Int(bits.read(parameters.frameNumberBits))
        isField = !parameters.isProgressive && bits.flag()
        isBottomField = isField && bits.flag()
        isIDR = H264NAL.type(bytes[0]) == H264NAL.idr
        isReference = bytes[0] & 0x60 != 0
        guard !bits.isExhausted, type < 10 else { return nil }
    }

    /// `second` is the other field of the same frame (complementary field pair, §3.30): together they are one sample of
    /// a track (ISO/IEC 14496-15 §5.2).
    package func isPair(with second: H264SliceHeader) -> Bool {
        isField && second.isField && isBottomField != second.isBottomField && frameNumber == second.frameNumber
            && !second.isIDR && (isReference || !second.isReference)
    }
}

/// Supplemental enhancement information of H.264 (ITU-T H.264 §7.3.2.3, annex D).
package enum H264SEI {
    /// Whether the SEI NAL unit holds a recovery point message (payload type 6, §D.1.8).
    package static func hasRecoveryPoint(_ nal: UnsafeRawBufferPointer) -> Bool {
        var bits = BitReader(nal, escaped: true)
        bits.skip(8)
        while bits.bitsRead / 8 + 2 < nal.count, !bits.isExhausted {
            var type = 0
            var size = 0
            var byte = bits.read(8)
            while byte == 255, !bits.isExhausted {
                type += 255
                byte = bits.read(8)
            }
            type += Int(byte)
            byte = bits.read(8)
            while byte == 255, !bits.isExhausted {
                size += 255
                byte = bits.read(8)
            }
            size += Int(byte)
            if type == 6 { return !bits.isExhausted }
            guard size <= nal.count else { return false }
            bits.skip(size * 8)
        }
        return false
    }
}
