// Reads the header of MPEG-1 and MPEG-2 audio frames, layers 1 to 3.

/// The header of one MPEG audio frame (ISO/IEC 11172-3 §2.4.1.3, ISO/IEC 13818-3 §2.4.1.3).
package struct MPEGAudioHeader: Hashable, Sendable {
    /// Header and payload, in bytes.
    package var frameLength: Int
    package var parameters: MPEGAudioParameters

    package static let minimumLength = 4

    private static let kilobits: [[Int]] = [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],  // MPEG-1 layer 1
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],  // MPEG-1 layer 2
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],  // MPEG-1 layer 3
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],  // MPEG-2 layer 1
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],  // MPEG-2 layers 2 and 3
    ]

    /// Nil when the bytes do not begin with a header that can be true. Free format (no bit rate in the header) is refused.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.minimumLength, bytes[0] == 0xff, bytes[1] & 0xe0 == 0xe0 else { return nil }
        let version = Int(bytes[1] >> 3) & 3  // 0 = MPEG-2.5, 2 = MPEG-2, 3 = MPEG-1
        let layer = 4 - Int(bytes[1] >> 1) & 3
        let rateIndex = Int(bytes[2] >> 4)
        let frequency = Int(bytes[2] >> 2) & 3
        guard version != 1, layer < 4, rateIndex > 0, rateIndex < 15, frequency < 3, bytes[3] & 3 != 2 else {
            return nil
        }
        let isFirst = version == 3
        let row = isFirst ? layer - 1 : (layer == 1 ? 3 : 4)
        let bitRate = Self.kilobits[row][rateIndex] * 1000
        let sampleRate = [44100, 48000, 32000][frequency] / (isFirst ? 1 : version == 2 ? 2 : 4)
        let padding = Int(bytes[2] >> 1) & 1
        let samples = layer == 1 ? 384 : layer == 3 && !isFirst ? 576 : 1152
        frameLength =
            layer == 1 ? (12 * bitRate / sampleRate + padding) * 4 : samples / 8 * bitRate / sampleRate + padding
        parameters = MPEGAudioParameters(
            layer: layer, sampleRate: sampleRate, channelCount: bytes[3] >> 6 == 3 ? 1 : 2, samplesPerFrame: samples)
        guard frameLength >= 24 else { return nil }
    }
}
