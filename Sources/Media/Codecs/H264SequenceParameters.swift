// Reads the H.264 sequence parameter set: picture size, frame rate, profile, interlacing.

/// What Weir needs of an H.264 sequence parameter set (ITU-T H.264 §7.3.2.1.1, VUI: §E.1.1).
package struct H264SequenceParameters: Hashable, Sendable {
    package var profile: UInt8 = 0
    /// The byte of `constraint_set0_flag` … `reserved_zero_2bits`.
    package var constraints: UInt8 = 0
    package var level: UInt8 = 0
    package var id = 0
    package var chromaFormat = 1
    package var bitDepthLuma = 8
    package var bitDepthChroma = 8
    package var hasSeparateColourPlanes = false
    package var frameNumberBits = 4
    /// False: fields or macroblock-adaptive frames may occur (interlaced).
    package var isProgressive = true
    /// In luma samples, cropping applied.
    package var width = 0
    package var height = 0
    /// Ticks per second and ticks per field of the VUI; zero when absent.
    package var timeScale: UInt32 = 0
    package var unitsInTick: UInt32 = 0

    /// Frames per second as the VUI says; nil when absent or absurd (above 1000).
    package var frameRate: Double? {
        guard timeScale > 0, unitsInTick > 0 else { return nil }
        let rate = Double(timeScale) / (2 * Double(unitsInTick))
        return rate > 0.01 && rate <= 1000 ? rate : nil
    }

    /// - Parameter nal: the whole NAL unit, header byte first, emulation prevention as sent. Nil when it is not an SPS, is
    ///   cut short before the picture size or says an impossible size.
    package init?(_ nal: [UInt8]) {
        let parsed = nal.withUnsafeBytes { H264SequenceParameters(bytes: $0) }
        guard let parsed else { return nil }
        self = parsed
    }

    /// - Parameter bytes: the whole NAL unit, as for `init(_:)`, without a copy. Nil in the same cases.
    package init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 4, H264NAL.type(bytes[0]) == H264NAL.sps else { return nil }
        var bits = BitReader(bytes, escaped: true)
        bits.skip(8)
        profile = UInt8(bits.read(8))
        constraints = UInt8(bits.read(8))
        level = UInt8(bits.read(8))
        id = bits.unsigned()
        if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(profile) {
            chromaFormat = bits.unsigned()
            if chromaFormat == 3 { hasSeparateColourPlanes = bits.flag() }
            bitDepthLuma = 8 + bits.unsigned()
            bitDepthChroma = 8 + bits.unsigned()
            bits.skip(1)
            if bits.flag() {
                for index in 0..<(chromaFormat == 3 ? 12 : 8) where bits.flag() {
                    Self.skipScalingList(&bits, size: index < 6 ? 16 : 64)
                }
            }
        }
        let frameNumber = bits.unsigned()
        guard id < 32, chromaFormat < 4, frameNumber <= 12, bitDepthLuma <= 14, bitDepthChroma <= 14 else { return nil }
        frameNumberBits = frameNumber + 4
        switch bits.unsigned() {
        case 0: _ = bits.unsigned()
        case 1:
            bits.skip(1)
            _ = bits.signed()
            _ = bits.signed()
            let cycle = bits.unsigned()
            guard cycle <= 255 else { return nil }
            for _ in 0..<cycle { _ = bits.signed() }
        default: break
        }
        _ = bits.unsigned()
        bits.skip(1)
        let columns = bits.unsigned() + 1
        let rows = bits.unsigned() + 1
        isProgressive = bits.flag()
        if !isProgressive { bits.skip(1) }
        bits.skip(1)
        // 16384 samples a side is beyond level 6.2.
        guard !bits.isExhausted, columns <= 1024, rows <= 1024 else { return nil }
        width = columns * 16
        height = rows * (isProgressive ? 16 : 32)
        if bits.flag() { crop(&bits) }
        guard width > 0, height > 0 else { return nil }
        if bits.flag() { readTiming(&bits) }
        // A cut VUI leaves the size usable: some encoders write one that is too short.
        if bits.isExhausted { (timeScale, unitsInTick) = (0, 0) }
    }

    private mutating func crop(_ bits: inout BitReader) {
        let left = bits.unsigned()
        let right = bits.unsigned()
        let top = bits.unsigned()
        let bottom = bits.unsigned()
        let isSubsampled = chromaFormat != 0 && !hasSeparateColourPlanes
        let unitX = isSubsampled && chromaFormat < 3 ? 2 : 1
        let unitY = (isSubsampled && chromaFormat == 1 ? 2 : 1) * (isProgressive ? 1 : 2)
        let (cutX, cutY) = ((left + right) * unitX, (top + bottom) * unitY)
        guard !bits.isExhausted, cutX < width, cutY < height else { return }
        width -= cutX
        height -= cutY
    }

    private mutating func readTiming(_ bits: inout BitReader) {
        bits.skipVideoSignal()
        if bits.flag() {
            unitsInTick = bits.read(32)
            timeScale = bits.read(32)
        }
    }

    private static func skipScalingList(_ bits: inout BitReader, size: Int) {
        var last = 8
        var next = 8
        for _ in 0..<size {
            if next != 0 { next = (last + bits.signed() + 256) & 0xff }
            if next != 0 { last = next }
        }
    }
}
