// The row of the picture that machines read: the frame's number and a check.

/// The strip: 48 cells from left to right, bright for one and dark for zero. First the frame number (frames since the
/// epoch, `FakeClock`) as 40 bits, most significant first, then the CRC-8 of those five bytes (polynomial x⁸+x²+x+1,
/// begun with 0, as in ATM's header check, ITU-T I.432.1 §4.3.2, without its final addition).
enum FakeStrip {
    static func cells(_ frame: Int64) -> [Bool] {
        let number = UInt64(bitPattern: frame) & (1 << 40 - 1)
        let word = number << 8 | UInt64(check(number))
        return (0..<FakePicture.columns).map { word >> UInt64(FakePicture.columns - 1 - $0) & 1 == 1 }
    }

    private static func check(_ number: UInt64) -> UInt8 {
        var register: UInt8 = 0
        for shift in stride(from: UInt64(32), through: 0, by: -8) {
            register ^= UInt8(truncatingIfNeeded: number >> shift)
            for _ in 0..<8 { register = register & 0x80 != 0 ? register << 1 ^ 0x07 : register << 1 }
        }
        return register
    }
}
