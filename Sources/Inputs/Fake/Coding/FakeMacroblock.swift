// The three macroblocks that the fake picture is made of, each a fixed string of bits.

/// What one macroblock of the picture shows. Its outer right and lower four pixels are always grey, like the gaps of a
/// board of lamps: 12 × 12 pixels are the lamp.
enum FakeCell: UInt8, Sendable {
    /// Grey, luma 128.
    case blank
    /// Luma 240.
    case bright
    /// Luma 16.
    case dark
}

/// The bits of a macroblock (ITU-T H.264 §7.3.5) in an I and in a P slice.
///
/// All are Intra_16x16 with DC prediction. Since every macroblock ends in grey at the right and below, the prediction is
/// 128 everywhere, also at the picture's edge (§8.3.3.3); and since no macroblock codes AC levels, the number of non-zero
/// levels around it counts as 0 (§9.2.1). So the bits do not depend on the neighbours.
///
/// At QP 45 a level pattern p of the 4 × 4 luma DC matrix comes out of the inverse transform as
/// ((H·p·H) · 14·16 << 1 + 32) >> 6 = 7 · (H·p·H) per 4 × 4 block (§8.5.10). A lamp u·uᵀ with u = (1, 1, 1, 0) has the
/// levels v·vᵀ with v = H·u = (3, 1, -1, 1); they come out as 16 · u·uᵀ, which is exactly ±112.
enum FakeMacroblock {
    static let quantiser = 45

    private static let intra = codes(mbType: 3)
    private static let inter = codes(mbType: 5 + 3)

    /// In an I slice.
    static func inIntraSlice(_ cell: FakeCell) -> BitCode { intra[Int(cell.rawValue)] }
    /// In a P slice, after mb_skip_run.
    static func inPredictedSlice(_ cell: FakeCell) -> BitCode { inter[Int(cell.rawValue)] }

    /// `mbType`: I_16x16_2_0_0, that is DC prediction, no chroma and no AC levels (table 7-11); 5 more in P slices.
    private static func codes(mbType: Int) -> [BitCode] {
        [nil, 1, -1].map { sign in
            BitCode { bits in
                bits.writeUnsigned(mbType)
                bits.writeUnsigned(0)  // intra_chroma_pred_mode: DC
                bits.writeSigned(0)  // mb_qp_delta
                if let sign { writeLamp(sign, to: &bits) } else { bits.write(1, 1) }  // coeff_token: no levels
            }
        }
    }

    /// residual_block_cavlc (§7.3.5.3.2) of the sixteen levels of a lamp.
    private static func writeLamp(_ sign: Int, to bits: inout BitWriter) {
        let v = [3, 1, -1, 1]
        // Zig-zag order (table 8-2).
        let columns = [0, 1, 0, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 3, 2, 3]
        let rows = [0, 0, 1, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 2, 3, 3]
        let levels = zip(rows, columns).map { sign * v[$0] * v[$1] }
        // coeff_token for 16 levels, three of them trailing ones, nC = 0 (table 9-5).
        bits.write(0b0000_0000_0000_1000, 16)
        for level in levels.suffix(3).reversed() { bits.write(level < 0 ? 1 : 0, 1) }
        // §9.2.2.1, from the highest frequency down; all fit below level_prefix 14.
        var suffixLength = 0
        for level in levels.dropLast(3).reversed() {
            let code = level > 0 ? 2 * level - 2 : -2 * level - 1
            let prefix = code >> suffixLength
            precondition(prefix < 14, "level \(level) needs an escape code")
            bits.write(1, prefix + 1)
            bits.write(UInt64(code & (1 << suffixLength - 1)), suffixLength)
            if suffixLength == 0 { suffixLength = 1 }
            if abs(level) > 3 << (suffixLength - 1) { suffixLength += 1 }
        }
        // Sixteen levels leave no room for zeros: no total_zeros.
    }
}
