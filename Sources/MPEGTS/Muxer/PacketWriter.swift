// Cuts PES packets and sections into 188-byte packets with adaptation fields, stuffing and continuity.
import NIOCore

/// Writes transport packets and keeps the continuity counter of each PID (ISO/IEC 13818-1 §2.4.3).
struct PacketWriter: Sendable {
    /// What the adaptation field of a first packet says.
    struct Adaptation: Sendable {
        /// PCR base in 90 kHz; the extension (27 MHz rest) is always zero.
        var clock: Int64?
        var isRandomAccess = false

        var length: Int { clock == nil && !isRandomAccess ? 0 : clock == nil ? 2 : 8 }
    }

    /// The counter that the next packet with payload on a PID gets.
    private var counters: [UInt16: UInt8] = [:]

    init() {}

    func counter(_ pid: UInt16) -> Int { Int(counters[pid] ?? 0) }

    /// How many packets `length` bytes take.
    static func packetCount(_ length: Int, _ adaptation: Adaptation) -> Int {
        let first = 184 - adaptation.length
        return length <= first ? 1 : 1 + (length - first + 183) / 184
    }

    /// Counts on as `write` does for a unit of `length` bytes.
    /// - Returns: the packets that it writes.
    mutating func skip(_ length: Int, pid: UInt16, adaptation: Adaptation = Adaptation(), extra: Int = 0) -> Int {
        // Each packet carries a byte at least.
        let count = min(Self.packetCount(length, adaptation) + extra, length)
        counters[pid] = UInt8(truncatingIfNeeded: (counter(pid) + count) & 15)
        return count
    }

    /// Writes one PES packet, or one section with its pointer field.
    /// - Parameter extra: packets more than needed: the last ones carry a byte each, so that the count fits.
    mutating func write(
        _ unit: UnsafeRawBufferPointer, pid: UInt16, adaptation: Adaptation = Adaptation(), extra: Int = 0,
        into out: inout ByteBuffer
    ) {
        let count = Self.packetCount(unit.count, adaptation) + extra
        var counter = counters[pid] ?? 0
        out.reserveCapacity(minimumWritableBytes: count * 188)
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: count * 188) { target in
            var at = 0
            var done = 0
            for index in 0..<count where done < unit.count {
                let reserved = index == 0 ? adaptation.length : 0
                // One byte stays for each packet after this.
                let length = min(184 - reserved, unit.count - done - min(count - 1 - index, unit.count - done - 1))
                target[at] = 0x47
                target[at + 1] = (index == 0 ? 0x40 : 0) | UInt8(pid >> 8)
                target[at + 2] = UInt8(truncatingIfNeeded: pid)
                let stuffed = 184 - length
                target[at + 3] = (stuffed > 0 ? 0x30 : 0x10) | counter
                counter = (counter + 1) & 15
                if stuffed > 0 {
                    Self.fillAdaptation(
                        UnsafeMutableRawBufferPointer(rebasing: target[at + 4..<at + 4 + stuffed]),
                        index == 0 ? adaptation : Adaptation())
                }
                UnsafeMutableRawBufferPointer(rebasing: target[at + 4 + stuffed..<at + 188])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: unit[done..<done + length]))
                done += length
                at += 188
            }
            return at
        }
        counters[pid] = counter
    }

    /// A packet that carries nothing but a PCR. Its counter is that of the packet before (§2.4.3.3).
    func writeClock(_ clock: Int64, pid: UInt16, into out: inout ByteBuffer) {
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: 188) { target in
            target[0] = 0x47
            target[1] = UInt8(pid >> 8)
            target[2] = UInt8(truncatingIfNeeded: pid)
            target[3] = 0x20 | ((counters[pid] ?? 0) &+ 15) & 15
            Self.fillAdaptation(
                UnsafeMutableRawBufferPointer(rebasing: target[4..<188]), Adaptation(clock: clock))
            return 188
        }
    }

    /// Fills `target` with an adaptation field of exactly its length (§2.4.3.4).
    private static func fillAdaptation(_ target: UnsafeMutableRawBufferPointer, _ adaptation: Adaptation) {
        target[0] = UInt8(target.count - 1)
        guard target.count > 1 else { return }
        target[1] = (adaptation.isRandomAccess ? 0x40 : 0) | (adaptation.clock == nil ? 0 : 0x10)
        var at = 2
        if let clock = adaptation.clock {
            let base = UInt64(bitPattern: clock) & (1 << 33 - 1)
            target[2] = UInt8(truncatingIfNeeded: base >> 25)
            target[3] = UInt8(truncatingIfNeeded: base >> 17)
            target[4] = UInt8(truncatingIfNeeded: base >> 9)
            target[5] = UInt8(truncatingIfNeeded: base >> 1)
            target[6] = UInt8(truncatingIfNeeded: (base & 1) << 7) | 0x7e
            target[7] = 0
            at = 8
        }
        while at < target.count {
            target[at] = 0xff
            at += 1
        }
    }
}
