// A short name for bytes, the same on every server and in every process.
package import NIOCore

/// The 64-bit FNV-1a hash of bytes: names an initialisation segment in URLs. It guards against nothing but mix-ups.
package struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    package var value: UInt64

    package init(value: UInt64) { self.value = value }

    package init(of bytes: ByteBuffer) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        bytes.withUnsafeReadableBytes { pointer in
            for byte in pointer { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        value = hash
    }

    /// Sixteen lower-case hexadecimal digits.
    package var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
