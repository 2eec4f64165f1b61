// Reads the H.265 sequence parameter set: picture size, frame rate, profile, tier and level.

/// What Weir needs of an H.265 sequence parameter set (ITU-T H.265 §7.3.2.2, VUI: §E.2.1). The profile fields are those
/// that the `hvcC` box repeats.
package struct H265SequenceParameters: Hashable, Sendable {
    package var profileSpace: UInt8 = 0
    package var isHighTier = false
    package var profile: UInt8 = 0
    package var compatibility: UInt32 = 0
    /// The 48 bits of constraint flags, in the low bits.
    package var constraints: UInt64 = 0
    package var level: UInt8 = 0
    package var temporalLayers = 1
    package var isTemporalIDNested = false
    package var chromaFormat = 1
    package var bitDepthLuma = 8
    package var bitDepthChroma = 8
    /// In luma samples, conformance window applied.
    package var width = 0
    package var height = 0
    package var unitsInTick: UInt32 = 0
    package var timeScale: UInt32 = 0

    /// Pictures per second as the VUI says; nil when absent or absurd (above 1000).
    package var frameRate: Double? {
        guard timeScale > 0, unitsInTick > 0 else { return nil }
        let rate = Double(timeScale) / Double(unitsInTick)
        return rate > 0.01 && rate <= 1000 ? rate : nil
    }

    /// - Parameter nal: the whole NAL unit, its two header bytes first. Nil when it is not an SPS of the base layer, is cut
    ///   short before the picture size or says an impossible size.
    package init?(_ nal: [UInt8]) {
        let parsed = nal.withUnsafeBytes { H265SequenceParameters(bytes: $0) }
        guard let parsed else { return nil }
        self = parsed
    }

    /// - Parameter bytes: the whole NAL unit, as for `init(_:)`, without a copy. Nil in the same cases.
    package init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 4, H265NAL.type(bytes[0]) == H265NAL.sps, bytes[0] & 1 == 0, bytes[1] >> 3 == 0 else {
            return nil
        }
        var bits = BitReader(bytes, escaped: true)
        bits.skip(16 + 4)
        let subLayers = Int(bits.read(3))
        temporalLayers = subLayers + 1
        isTemporalIDNested = bits.flag()
        readProfile(&bits, subLayers: subLayers)
        guard bits.unsigned() < 16 else { return nil }
        chromaFormat = bits.unsigned()
        let hasSeparateColourPlanes = chromaFormat == 3 && bits.flag()
        width = bits.unsigned()
        height = bits.unsigned()
        guard !bits.isExhausted, chromaFormat < 4, 1...16384 ~= width, 1...16384 ~= height else { return nil }
        if bits.flag() { crop(&bits, hasSeparateColourPlanes: hasSeparateColourPlanes) }
        bitDepthLuma = 8 + bits.unsigned()
        bitDepthChroma = 8 + bits.unsigned()
        guard !bits.isExhausted, bitDepthLuma <= 16, bitDepthChroma <= 16 else { return nil }
        if !skipToTiming(&bits, subLayers: subLayers) || bits.isExhausted { (unitsInTick, timeScale) = (0, 0) }
    }

    private mutating func readProfile(_ bits: inout BitReader, subLayers: Int) {
        profileSpace = UInt8(bits.read(2))
        isHighTier = bits.flag()
        profile = UInt8(bits.read(5))
        compatibility = bits.read(32)
        constraints = UInt64(bits.read(16)) << 32 | UInt64(bits.read(32))
        level = UInt8(bits.read(8))
        var present: [(profile: Bool, level: Bool)] = []
        for _ in 0..<subLayers { present.append((bits.flag(), bits.flag())) }
        if subLayers > 0 { bits.skip(2 * (8 - subLayers)) }
        for layer in present {
            if layer.profile { bits.skip(88) }
            if layer.level { bits.skip(8) }
        }
    }

    private mutating func crop(_ bits: inout BitReader, hasSeparateColourPlanes: Bool) {
        let left = bits.unsigned()
        let right = bits.unsigned()
        let top = bits.unsigned()
        let bottom = bits.unsigned()
        let isSubsampled = chromaFormat != 0 && !hasSeparateColourPlanes
        let unitX = isSubsampled && chromaFormat != 3 ? 2 : 1
        let unitY = isSubsampled && chromaFormat == 1 ? 2 : 1
        let (cutX, cutY) = ((left + right) * unitX, (top + bottom) * unitY)
        guard !bits.isExhausted, cutX < width, cutY < height else { return }
        width -= cutX
        height -= cutY
    }

    /// Walks over all that stands between the bit depths and the VUI. False when it cannot be read.
    private mutating func skipToTiming(_ bits: inout BitReader, subLayers: Int) -> Bool {
        let orderBits = bits.unsigned() + 4
        guard orderBits <= 16 else { return false }
        for _ in (bits.flag() ? 0 : subLayers)...subLayers {
            for _ in 0..<3 { _ = bits.unsigned() }
        }
        for _ in 0..<6 { _ = bits.unsigned() }
        if bits.flag(), bits.flag() { Self.skipScalingLists(&bits) }
        bits.skip(2)
        if bits.flag() {
            bits.skip(8)
            _ = bits.unsigned()
            _ = bits.unsigned()
            bits.skip(1)
        }
        guard Self.skipReferencePictureSets(&bits) else { return false }
        if bits.flag() {
            let count = bits.unsigned()
            guard count <= 32 else { return false }
            bits.skip(count * (orderBits + 1))
        }
        bits.skip(2)
        if bits.flag() { readTiming(&bits) }
        return true
    }

    private mutating func readTiming(_ bits: inout BitReader) {
        bits.skipVideoSignal()
        bits.skip(3)
        if bits.flag() {
            for _ in 0..<4 { _ = bits.unsigned() }
        }
        if bits.flag() {
            unitsInTick = bits.read(32)
            timeScale = bits.read(32)
        }
    }

    /// §7.3.4.
    private static func skipScalingLists(_ bits: inout BitReader) {
        for size in 0..<4 {
            for _ in stride(from: 0, to: 6, by: size == 3 ? 3 : 1) {
                if !bits.flag() {
                    _ = bits.unsigned()
                } else {
                    if size > 1 { _ = bits.signed() }
                    for _ in 0..<min(64, 1 << (4 + (size << 1))) { _ = bits.signed() }
                }
                if bits.isExhausted { return }
            }
        }
    }

    /// §7.3.7. Only the number of pictures in each set is needed to walk on.
    private static func skipReferencePictureSets(_ bits: inout BitReader) -> Bool {
        let count = bits.unsigned()
        guard count <= 64 else { return false }
        var previous = 0
        for index in 0..<count {
            if index > 0, bits.flag() {
                bits.skip(1)
                _ = bits.unsigned()
                var kept = 0
                for _ in 0...previous {
                    let isUsed = bits.flag()
                    if isUsed || bits.flag() { kept += 1 }
                }
                previous = kept
            } else {
                let negative = bits.unsigned()
                let positive = bits.unsigned()
                guard negative <= 16, positive <= 16 else { return false }
                for _ in 0..<(negative + positive) {
                    _ = bits.unsigned()
                    bits.skip(1)
                }
                previous = negative + positive
            }
            if bits.isExhausted { return false }
        }
        return true
    }
}
