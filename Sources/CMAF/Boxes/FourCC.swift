// The four-character codes that name boxes, brands, handlers and sample entries.

/// A four-character code (ISO/IEC 14496-12 §4.2).
package struct FourCC: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package var value: UInt32

    @inlinable package init(_ value: UInt32) { self.value = value }

    /// A code as written in the standard. `stringLiteral` must have four ASCII characters.
    @inlinable package init(stringLiteral: StaticString) {
        precondition(stringLiteral.utf8CodeUnitCount == 4, "a four-character code has four characters")
        let p = stringLiteral.utf8Start
        value = UInt32(p[0]) << 24 | UInt32(p[1]) << 16 | UInt32(p[2]) << 8 | UInt32(p[3])
    }

    package var description: String {
        var text = ""
        for shift in [24, 16, 8, 0] as [UInt32] {
            let byte = UInt8(truncatingIfNeeded: value >> shift)
            text.unicodeScalars.append((0x20...0x7E).contains(byte) ? Unicode.Scalar(byte) : "?")
        }
        return text
    }
}
