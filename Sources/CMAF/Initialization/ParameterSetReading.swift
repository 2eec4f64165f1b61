// What sample entries repeat from parameter sets: picture sizes, profiles, and the facts of an AudioSpecificConfig.
import Media

/// Bits of a raw byte sequence payload; zeros behind its end, so that no read can fail. `isExhausted` tells.
struct PayloadBits {
    private let bytes: [UInt8]
    private var position = 0
    private(set) var isExhausted = false

    /// - Parameter nal: with emulation prevention bytes, which are taken out (ISO/IEC 14496-10 §7.4.1).
    init(unescaping nal: [UInt8]) {
        var plain: [UInt8] = []
        plain.reserveCapacity(nal.count)
        var zeros = 0
        for byte in nal {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            plain.append(byte)
        }
        bytes = plain
    }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read(_ count: Int) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            let bit: UInt8
            if position >> 3 < bytes.count {
                bit = bytes[position >> 3] >> UInt8(7 - position & 7) & 1
            } else {
                bit = 0
                isExhausted = true
            }
            value = value << 1 | UInt32(bit)
            position += 1
        }
        return value
    }

    mutating func flag() -> Bool { read(1) == 1 }

    /// Exp-Golomb code ue(v); at most 2³¹.
    mutating func ue() -> Int {
        var zeros = 0
        while zeros < 31, !isExhausted, !flag() { zeros += 1 }
        return (1 << zeros) - 1 + Int(read(zeros))
    }

    mutating func skip(_ count: Int) {
        for _ in 0..<count { _ = read(1) }
    }
}

/// Picture size and sample format of a video track; the defaults when its parameter sets cannot be read.
struct PictureFormat {
    var width = 0
    var height = 0
    var chroma = 1
    var lumaDepth = 8
    var chromaDepth = 8

    /// Nil when the bytes end early or say an impossible size.
    private mutating func isPossible(_ bits: PayloadBits) -> Bool {
        !bits.isExhausted && chroma < 4 && 1...65535 ~= width && 1...65535 ~= height && 8...15 ~= lumaDepth
            && 8...15 ~= chromaDepth
    }

    private mutating func crop(_ bits: inout PayloadBits, unitX: Int, unitY: Int) {
        width -= (bits.ue() + bits.ue()) * unitX
        height -= (bits.ue() + bits.ue()) * unitY
    }

    /// ITU-T H.264 §7.3.2.1.1.
    init(h264 nal: [UInt8]) {
        var format = PictureFormat()
        var bits = PayloadBits(unescaping: nal)
        bits.skip(8)
        let profile = bits.read(8)
        bits.skip(16)
        _ = bits.ue()
        if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(profile) {
            format.chroma = bits.ue()
            if format.chroma == 3 { bits.skip(1) }
            format.lumaDepth = 8 + bits.ue()
            format.chromaDepth = 8 + bits.ue()
            bits.skip(1)
            if bits.flag() { Self.skipScalingLists(&bits, count: format.chroma == 3 ? 12 : 8) }
        }
        _ = bits.ue()
        switch bits.ue() {
        case 0: _ = bits.ue()
        case 1:
            bits.skip(1)
            _ = bits.ue()
            _ = bits.ue()
            let cycle = bits.ue()
            for _ in 0..<min(cycle, 255) { _ = bits.ue() }
        default: break
        }
        _ = bits.ue()
        bits.skip(1)
        format.width = (bits.ue() + 1) * 16
        let mapUnits = bits.ue() + 1
        let isFrameOnly = bits.flag()
        format.height = mapUnits * 16 * (isFrameOnly ? 1 : 2)
        if !isFrameOnly { bits.skip(1) }
        bits.skip(1)
        if bits.flag() {
            let unitX = format.chroma == 1 || format.chroma == 2 ? 2 : 1
            let unitY = (format.chroma == 1 ? 2 : 1) * (isFrameOnly ? 1 : 2)
            format.crop(&bits, unitX: unitX, unitY: unitY)
        }
        self = format.isPossible(bits) ? format : PictureFormat()
    }

    private static func skipScalingLists(_ bits: inout PayloadBits, count: Int) {
        for list in 0..<count where bits.flag() {
            var (last, next) = (8, 8)
            for _ in 0..<(list < 6 ? 16 : 64) where next != 0 && !bits.isExhausted {
                let code = bits.ue()
                next = (last + (code & 1 == 1 ? (code + 1) / 2 : -(code / 2)) + 256) & 255
                if next != 0 { last = next }
            }
        }
    }

    /// ITU-T H.265 §7.3.2.2.1.
    init(h265 nal: [UInt8]) {
        var format = PictureFormat()
        var bits = PayloadBits(unescaping: nal)
        bits.skip(20)
        let layers = Int(bits.read(3))
        bits.skip(1 + 96)
        var present: [Bool] = []
        for _ in 0..<(layers * 2) { present.append(bits.flag()) }
        if layers > 0 { bits.skip(2 * (8 - layers)) }
        for (index, isPresent) in present.enumerated() where isPresent { bits.skip(index & 1 == 0 ? 88 : 8) }
        _ = bits.ue()
        format.chroma = bits.ue()
        if format.chroma == 3 { bits.skip(1) }
        format.width = bits.ue()
        format.height = bits.ue()
        if bits.flag() {
            let unitX = format.chroma == 1 || format.chroma == 2 ? 2 : 1
            format.crop(&bits, unitX: unitX, unitY: format.chroma == 1 ? 2 : 1)
        }
        format.lumaDepth = 8 + bits.ue()
        format.chromaDepth = 8 + bits.ue()
        self = format.isPossible(bits) ? format : PictureFormat()
    }

    init() {}
}

/// Facts of an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1), as `AACParameters` has them; nil when it is cut short.
func aacParameters(config: [UInt8], channelCount: Int) -> AACParameters? {
    let rates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]
    let channels = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0]
    var bits = PayloadBits(config)
    func objectType() -> UInt8 {
        let type = bits.read(5)
        return UInt8(type == 31 ? 32 + bits.read(6) : type)
    }
    func rate() -> Int? {
        let index = Int(bits.read(4))
        if index == 15 { return Int(bits.read(24)) }
        return index < rates.count ? rates[index] : nil
    }
    let type = objectType()
    guard var sampleRate = rate() else { return nil }
    let configuration = Int(bits.read(4))
    if type == 5 || type == 29 {
        guard let extended = rate() else { return nil }
        sampleRate = extended
        _ = objectType()
    }
    let hasShortFrames = bits.flag()
    guard !bits.isExhausted else { return nil }
    let known = channels[configuration]
    return AACParameters(
        audioSpecificConfig: config, objectType: type, sampleRate: sampleRate,
        channelCount: known > 0 ? known : channelCount, samplesPerFrame: hasShortFrames ? 960 : 1024)
}
