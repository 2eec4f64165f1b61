// Reads bits, Exp-Golomb numbers and escaped payloads from bytes that came from outside; never traps.

/// Reads bits most significant first. Reading past the end gives zeros and sets `isExhausted`: a parser reads a whole
/// structure and asks once whether it was all there.
///
/// Holds an unsafe view: valid only inside the closure that gave the bytes.
package struct BitReader {
    private let bytes: UnsafeRawBufferPointer
    private let skipsEmulationPrevention: Bool
    private var next = 0
    private var current: UInt8 = 0
    private var bitsLeft = 0
    private var zeros = 0
    /// More bits were asked for than there are.
    package private(set) var isExhausted = false
    /// Bits handed out so far, zeros past the end included.
    package private(set) var bitsRead = 0

    /// - Parameter escaped: the bytes are a NAL unit: 00 00 03 stands for 00 00 (ITU-T H.264 §7.4.1).
    package init(_ bytes: UnsafeRawBufferPointer, escaped: Bool = false) {
        self.bytes = bytes
        skipsEmulationPrevention = escaped
    }

    private mutating func load() {
        guard next < bytes.count else {
            isExhausted = true
            current = 0
            bitsLeft = 8
            return
        }
        var byte = bytes[next]
        next += 1
        if skipsEmulationPrevention {
            if zeros >= 2, byte == 3 {
                zeros = 0
                guard next < bytes.count else {
                    isExhausted = true
                    current = 0
                    bitsLeft = 8
                    return
                }
                byte = bytes[next]
                next += 1
            }
            zeros = byte == 0 ? zeros + 1 : 0
        }
        current = byte
        bitsLeft = 8
    }

    /// Up to 32 bits as an unsigned number. `count` above 32 reads 32.
    package mutating func read(_ count: Int) -> UInt32 {
        var result: UInt32 = 0
        var left = min(max(count, 0), 32)
        bitsRead += left
        while left > 0 {
            if bitsLeft == 0 { load() }
            let take = min(left, bitsLeft)
            let part = (current >> UInt8(bitsLeft - take)) & UInt8(truncatingIfNeeded: (1 << take) - 1)
            result = (result << UInt32(take)) | UInt32(part)
            bitsLeft -= take
            left -= take
        }
        return result
    }

    package mutating func flag() -> Bool { read(1) == 1 }

    package mutating func skip(_ count: Int) {
        var left = count
        while left > 0, !isExhausted {
            _ = read(min(left, 32))
            left -= 32
        }
    }

    /// ue(v) of H.264 §9.1. A code longer than 32 bits is not a number and counts as exhaustion.
    package mutating func unsigned() -> Int {
        var leading = 0
        while !flag() {
            leading += 1
            if leading > 31 || isExhausted {
                isExhausted = true
                return 0
            }
        }
        guard leading > 0 else { return 0 }
        return (1 << leading) - 1 + Int(read(leading))
    }

    /// se(v) of H.264 §9.1.1.
    package mutating func signed() -> Int {
        let value = unsigned()
        return value & 1 == 1 ? (value + 1) / 2 : -(value / 2)
    }

    /// Copies `count` bytes that need not begin on a byte border (LATM payloads); nil when there are not so many.
    package mutating func bytes(_ count: Int) -> [UInt8]? {
        guard count >= 0, count <= bytes.count - next + 1 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(count)
        for _ in 0..<count { result.append(UInt8(truncatingIfNeeded: read(8))) }
        return isExhausted ? nil : result
    }
}

extension BitReader {
    /// Passes over what the VUI of H.264 (§E.1.1) and of H.265 (§E.2.1) begin with: aspect ratio, overscan, video signal, place of
    /// the chroma samples.
    mutating func skipVideoSignal() {
        if flag(), read(8) == 255 { skip(32) }
        if flag() { skip(1) }
        if flag() {
            skip(4)
            if flag() { skip(24) }
        }
        if flag() {
            _ = unsigned()
            _ = unsigned()
        }
    }
}
