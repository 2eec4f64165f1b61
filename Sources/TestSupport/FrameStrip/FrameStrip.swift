// Reads the strip of a fake:// picture: the frame's number, out of decoded pixels.

/// The strip that `fake://` draws along the upper edge: 48 cells from left to right, bright for one and dark for zero;
/// 40 bits of frame number (frames of 40 ms since the epoch, most significant bit first) and 8 bits of CRC.
///
/// Written apart from the source that draws it, so that a mistake of one does not hide in the other.
package enum FrameStrip {
    package static let cellCount = 48
    /// The picture's size as the source makes it; a scaled picture of the same shape can be read as well.
    package static let width = 768
    package static let height = 432

    /// The frame number in a picture of 8-bit luma, row by row without padding; nil when a cell is neither bright nor dark
    /// or the check fails: the picture is damaged.
    ///
    /// `pixels` holds at least the picture's upper `width / 48` rows; `width` is at least 192.
    package static func number(in pixels: some RandomAccessCollection<UInt8>, width: Int = width) -> Int64? {
        let size = Double(width) / Double(cellCount)
        guard size >= 4, pixels.count >= width * Int(size) else { return nil }
        var word: UInt64 = 0
        for cell in 0..<cellCount {
            // The lamp is the upper left three quarters of the cell; its middle is read.
            let columns = Int((Double(cell) + 0.2) * size)...Int((Double(cell) + 0.55) * size)
            let rows = Int(0.2 * size)...Int(0.55 * size)
            var sum = 0
            for row in rows {
                for column in columns {
                    sum += Int(pixels[pixels.index(pixels.startIndex, offsetBy: row * width + column)])
                }
            }
            switch sum / (rows.count * columns.count) {
            case 184...: word = word << 1 | 1
            case ..<72: word = word << 1
            default: return nil
            }
        }
        let number = word >> 8
        return remainder(number) == UInt8(truncatingIfNeeded: word) ? Int64(number) : nil
    }

    /// The remainder of the number's 40 bits times x⁸ by x⁸ + x² + x + 1, by long division.
    private static func remainder(_ number: UInt64) -> UInt8 {
        var rest = number << 8
        for bit in stride(from: 47, through: 8, by: -1) where rest >> UInt64(bit) & 1 == 1 {
            rest ^= 0x107 << UInt64(bit - 8)
        }
        return UInt8(rest)
    }
}
