// A name for the bytes of a text, to notice when somebody else has changed it.
import Crypto

package enum TextRevision {
    /// The first 64 bits of SHA-256 as hexadecimal digits.
    package static func of(_ bytes: some Sequence<UInt8>) -> String {
        SHA256.hash(data: Array(bytes)).prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }
}
