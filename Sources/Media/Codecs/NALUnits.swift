// Finds NAL units in an Annex B byte stream and names the types that matter here.

/// NAL units of H.264 (ITU-T H.264 Annex B) and H.265 (ITU-T H.265 Annex B).
package enum NALUnits {
    /// Offset of the next start code 00 00 01 at or after `from`, or `bytes.count` when there is none.
    ///
    /// Looks at 32 bytes at once for a zero byte, then in each eight for two that are neighbours: in coded video one byte
    /// in 256 is zero, and this search is the dearest part of demultiplexing.
    package static func nextStartCode(in bytes: UnsafeRawBufferPointer, from: Int) -> Int {
        let count = bytes.count
        guard let base = bytes.baseAddress, from >= 0 else { return count }
        var at = from
        while at + 32 <= count {
            let first = zeros(base, at) | zeros(base, at + 8)
            let second = zeros(base, at + 16) | zeros(base, at + 24)
            if first | second == 0 {
                at += 32
                continue
            }
            let stop = at + 32
            while at < stop {
                let found = zeros(base, at)
                // A zero in the last of the eight has its neighbour in the next.
                if found & (found >> 8 | 1 << 63) != 0 {
                    for start in at..<min(at + 8, count - 2) where isStartCode(base, start) { return start }
                }
                at += 8
            }
        }
        while at + 2 < count {
            if isStartCode(base, at) { return at }
            at += 1
        }
        return count
    }

    /// The high bit of each of the eight bytes at `at` that is zero, little endian; those above a zero may be wrong.
    @inline(__always)
    private static func zeros(_ base: UnsafeRawPointer, _ at: Int) -> UInt64 {
        let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        return (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }

    @inline(__always)
    private static func isStartCode(_ base: UnsafeRawPointer, _ at: Int) -> Bool {
        base.load(fromByteOffset: at, as: UInt8.self) == 0 && base.load(fromByteOffset: at + 1, as: UInt8.self) == 0
            && base.load(fromByteOffset: at + 2, as: UInt8.self) == 1
    }
}

/// `nal_unit_type` of H.264 (table 7-1).
package enum H264NAL {
    package static let slice: UInt8 = 1
    package static let partitionA: UInt8 = 2
    package static let idr: UInt8 = 5
    package static let sei: UInt8 = 6
    package static let sps: UInt8 = 7
    package static let pps: UInt8 = 8
    package static let accessUnitDelimiter: UInt8 = 9
    package static let filler: UInt8 = 12

    @inlinable package static func type(_ header: UInt8) -> UInt8 { header & 0x1f }
}

/// `nal_unit_type` of H.265 (table 7-1).
package enum H265NAL {
    package static let vps: UInt8 = 32
    package static let sps: UInt8 = 33
    package static let pps: UInt8 = 34
    package static let accessUnitDelimiter: UInt8 = 35
    package static let filler: UInt8 = 38

    @inlinable package static func type(_ header: UInt8) -> UInt8 { (header >> 1) & 0x3f }
    @inlinable package static func isSlice(_ type: UInt8) -> Bool { type < 32 }
    /// Intra random access point: BLA, IDR, CRA (§3.69). A CRA may be followed by leading pictures that cannot be decoded
    /// when decoding starts there; decoders drop those, so it counts as a key frame.
    @inlinable package static func isRandomAccess(_ type: UInt8) -> Bool { (16...23).contains(type) }
}
