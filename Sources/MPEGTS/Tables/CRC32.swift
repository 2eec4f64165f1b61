// The CRC of PSI sections.

/// CRC-32/MPEG-2: polynomial 0x04C11DB7, not reflected, initial value all ones (ISO/IEC 13818-1 annex A).
enum SectionCRC {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index) << 24) { value, _ in
            value & 0x8000_0000 == 0 ? value << 1 : (value << 1) ^ 0x04c1_1db7
        }
    }

    /// Over a whole section, CRC included, the result is zero.
    static func compute(_ bytes: some Sequence<UInt8>) -> UInt32 {
        bytes.reduce(0xffff_ffff) { crc, byte in (crc << 8) ^ table[Int(UInt8(crc >> 24) ^ byte)] }
    }
}
