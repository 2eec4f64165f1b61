// A 128-bit name for media bytes: finds flipped bytes, and tells whether two servers have the same.
package import NIOCore

/// The MurmurHash3 x64 128-bit hash (seed 0) of media bytes.
///
/// It guards against damage and tells equal from different; it is no defence against somebody who forges media, which is
/// what the authentication of peers is for. A cryptographic hash was weighed: without processor support SHA-256 takes more
/// than a tenth of a core for 50 MB/s of recording, this takes about one per cent; see `DESIGN.md` of `ArchiveStorage`.
package struct MediaDigest: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The digest of all readable bytes.
    package init(of bytes: ByteBuffer) {
        var hasher = MediaHasher()
        hasher.update(bytes)
        self = hasher.finalize()
    }

    /// Reads sixteen bytes as `bytes` gives them; nil when there are not sixteen.
    package init?(bytes: some Sequence<UInt8>) {
        var words: (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in bytes {
            if count < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
            count += 1
        }
        guard count == 16 else { return nil }
        self.init(high: words.0, low: words.1)
    }

    /// Sixteen bytes, most significant first.
    package var bytes: [UInt8] {
        (0..<16).map { index in
            let word = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index % 8)))
        }
    }

    /// Thirty-two lower-case hexadecimal digits.
    package var description: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

    package static func < (a: MediaDigest, b: MediaDigest) -> Bool {
        a.high != b.high ? a.high < b.high : a.low < b.low
    }

    private static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
