// Reads the header of AC-3 and E-AC-3 sync frames.

/// The header of one AC-3 or E-AC-3 sync frame (ETSI TS 102 366 §4.3, §E.1.2).
package struct AC3Header: Hashable, Sendable {
    /// Header and payload, in bytes.
    package var frameLength: Int
    package var codec: Codec
    /// True for what belongs to the frame before it: a dependent substream, or one of a further programme (§E.1.3.1).
    package var continuesFrame: Bool

    package static let minimumLength = 8

    /// Nominal bit rates in kbit/s by `frmsizecod` / 2 (table 4.13).
    package static let bitRates = [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
    ]
    private static let channels = [2, 1, 2, 3, 3, 4, 4, 5]

    /// Nil when the bytes do not begin with a header that can be true.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.minimumLength, bytes[0] == 0x0b, bytes[1] == 0x77 else { return nil }
        let bitStreamID = bytes[5] >> 3
        if bitStreamID <= 10 {
            self.init(ac3: bytes, bitStreamID: bitStreamID)
        } else if bitStreamID <= 16 {
            self.init(eac3: bytes, bitStreamID: bitStreamID)
        } else {
            return nil
        }
    }

    private init?(ac3 bytes: UnsafeRawBufferPointer, bitStreamID: UInt8) {
        let rateCode = bytes[4] >> 6
        let sizeCode = Int(bytes[4] & 0x3f)
        guard rateCode < 3, sizeCode / 2 < Self.bitRates.count else { return nil }
        let kilobits = Self.bitRates[sizeCode / 2]
        switch rateCode {
        case 0: frameLength = kilobits * 4
        case 1: frameLength = (kilobits * 320 / 147 + sizeCode & 1) * 2
        default: frameLength = kilobits * 6
        }
        let mode = bytes[6] >> 5
        var bits = BitReader(UnsafeRawBufferPointer(rebasing: bytes[6..<8]))
        bits.skip(3)
        if mode & 1 == 1, mode != 1 { bits.skip(2) }
        if mode & 4 == 4 { bits.skip(2) }
        if mode == 2 { bits.skip(2) }
        let hasLFE = bits.flag()
        // bsid 9 and 10 halve and quarter the rate.
        let shift = max(0, Int(bitStreamID) - 8)
        codec = .ac3(
            AC3Parameters(
                sampleRateCode: rateCode, bitStreamID: bitStreamID, bitStreamMode: bytes[5] & 7,
                audioCodingMode: mode, hasLFE: hasLFE, bitRateCode: UInt8(sizeCode / 2),
                sampleRate: [48000, 44100, 32000][Int(rateCode)] >> shift,
                channelCount: Self.channels[Int(mode)] + (hasLFE ? 1 : 0)))
        continuesFrame = false
    }

    private init?(eac3 bytes: UnsafeRawBufferPointer, bitStreamID: UInt8) {
        var bits = BitReader(UnsafeRawBufferPointer(rebasing: bytes[2..<8]))
        let type = bits.read(2)
        let substream = bits.read(3)
        frameLength = (Int(bits.read(11)) + 1) * 2
        let rateCode = UInt8(bits.read(2))
        var blocks = 6
        var sampleRate = [48000, 44100, 32000, 0][Int(rateCode)]
        if rateCode == 3 {
            let half = Int(bits.read(2))
            guard half < 3 else { return nil }
            sampleRate = [24000, 22050, 16000][half]
        } else {
            blocks = [1, 2, 3, 6][Int(bits.read(2))]
        }
        let mode = UInt8(bits.read(3))
        let hasLFE = bits.flag()
        guard type < 3, frameLength >= 16 else { return nil }
        let samples = blocks * 256
        codec = .eac3(
            EAC3Parameters(
                sampleRateCode: rateCode, bitStreamID: bitStreamID,
                bitStreamMode: 0, audioCodingMode: mode, hasLFE: hasLFE,
                dataRate: frameLength * 8 * sampleRate / samples / 1000, sampleRate: sampleRate,
                channelCount: Self.channels[Int(mode)] + (hasLFE ? 1 : 0), samplesPerFrame: samples))
        continuesFrame = type == 1 || substream > 0
    }
}
