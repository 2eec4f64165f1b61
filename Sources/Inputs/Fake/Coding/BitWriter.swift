// Writes bits and Exp-Golomb numbers, and wraps them into NAL units: what the fake source needs to write H.264.

/// Writes bits most significant first.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var pending: UInt64 = 0
    private var pendingCount = 0

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    var bitCount: Int { bytes.count * 8 + pendingCount }

    /// The low `count` bits of `value`; `count` is at most 56, and `value` has no higher bits.
    mutating func write(_ value: UInt64, _ count: Int) {
        pending = pending << UInt64(count) | value
        pendingCount += count
        while pendingCount >= 8 {
            pendingCount -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> UInt64(pendingCount)))
        }
    }

    /// ue(v), ITU-T H.264 §9.1.
    mutating func writeUnsigned(_ value: Int) {
        let code = UInt64(value) + 1
        write(code, 2 * (64 - code.leadingZeroBitCount) - 1)
    }

    /// se(v), ITU-T H.264 §9.1.1.
    mutating func writeSigned(_ value: Int) {
        writeUnsigned(value > 0 ? 2 * value - 1 : -2 * value)
    }

    mutating func write(_ code: BitCode) {
        write(code.head, code.headCount)
        if code.tailCount > 0 { write(code.tail, code.tailCount) }
    }

    /// rbsp_trailing_bits(), ITU-T H.264 §7.3.2.11: a one, and zeros up to the next byte.
    mutating func writeTrailing() {
        write(1, 1)
        if pendingCount > 0 { write(0, 8 - pendingCount) }
    }

    /// The NAL unit with this header byte: 00 00 0x becomes 00 00 03 0x for x up to 3 (ITU-T H.264 §7.4.1).
    func nalUnit(header: UInt8) -> [UInt8] {
        var unit: [UInt8] = []
        unit.reserveCapacity(bytes.count + bytes.count / 64 + 1)
        unit.append(header)
        var zeros = 0
        for byte in bytes {
            if zeros >= 2, byte <= 3 {
                unit.append(3)
                zeros = 0
            }
            unit.append(byte)
            zeros = byte == 0 ? zeros + 1 : 0
        }
        return unit
    }
}

/// Up to 112 bits that are written again and again, such as a macroblock.
struct BitCode: Hashable, Sendable {
    private(set) var head: UInt64 = 0
    private(set) var headCount = 0
    private(set) var tail: UInt64 = 0
    private(set) var tailCount = 0

    /// The bits that `write` writes; more than 112 do not fit and stop the program.
    init(_ write: (inout BitWriter) -> Void) {
        var writer = BitWriter()
        write(&writer)
        let count = writer.bitCount
        precondition(count <= 112, "a code of \(count) bits does not fit into two words")
        if count % 8 != 0 { writer.write(0, 8 - count % 8) }
        for index in 0..<count {
            let bit = UInt64(writer.bytes[index / 8] >> UInt8(7 - index % 8) & 1)
            if index < 56 {
                head = head << 1 | bit
                headCount += 1
            } else {
                tail = tail << 1 | bit
                tailCount += 1
            }
        }
    }
}
