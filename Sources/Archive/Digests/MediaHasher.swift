// MurmurHash3 x64 128 in pieces: what makes media digests.
package import NIOCore

/// Computes a `MediaDigest` from bytes that come in pieces; how they are cut does not matter.
///
/// The algorithm is MurmurHash3_x64_128 by Austin Appleby (public domain); the test checks it with the verification
/// value of the SMHasher suite.
package struct MediaHasher: Sendable {
    private var h1: UInt64
    private var h2: UInt64
    private var length: UInt64 = 0
    /// The bytes after the last whole block, little-endian; `length % 16` of them count.
    private var tail: (UInt64, UInt64) = (0, 0)

    private static let c1: UInt64 = 0x87c3_7b91_1142_53d5
    private static let c2: UInt64 = 0x4cf5_ad43_2745_937f

    /// Digests use seed 0; others are for the test against the published verification value.
    package init(seed: UInt32 = 0) {
        h1 = UInt64(seed)
        h2 = UInt64(seed)
    }

    package mutating func update(_ bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { update($0) }
    }

    package mutating func update(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { update($0) }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset < bytes.count, length & 15 != 0 {
            push(bytes[offset])
            offset += 1
        }
        let blocks = (bytes.count - offset) / 16
        if blocks > 0 {
            var (a, b) = (h1, h2)
            for block in 0..<blocks {
                let at = offset + block * 16
                let k1 = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                let k2 = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self))
                Self.mix(&a, &b, k1, k2)
            }
            (h1, h2) = (a, b)
            length &+= UInt64(blocks * 16)
            offset += blocks * 16
        }
        while offset < bytes.count {
            push(bytes[offset])
            offset += 1
        }
    }

    /// The digest of all bytes so far; more may follow.
    package func finalize() -> MediaDigest {
        var (a, b) = (h1, h2)
        if length & 15 > 8 { b ^= Self.scramble2(tail.1) }
        if length & 15 > 0 { a ^= Self.scramble1(tail.0) }
        a ^= length
        b ^= length
        a &+= b
        b &+= a
        a = Self.avalanche(a)
        b = Self.avalanche(b)
        a &+= b
        b &+= a
        return MediaDigest(high: a, low: b)
    }

    private mutating func push(_ byte: UInt8) {
        let index = length & 15
        if index < 8 { tail.0 |= UInt64(byte) << (8 * index) } else { tail.1 |= UInt64(byte) << (8 * (index - 8)) }
        length &+= 1
        if length & 15 == 0 {
            Self.mix(&h1, &h2, tail.0, tail.1)
            tail = (0, 0)
        }
    }

    @inline(__always) private static func mix(_ a: inout UInt64, _ b: inout UInt64, _ k1: UInt64, _ k2: UInt64) {
        a ^= scramble1(k1)
        a = (rotated(a, 27) &+ b) &* 5 &+ 0x52dc_e729
        b ^= scramble2(k2)
        b = (rotated(b, 31) &+ a) &* 5 &+ 0x3849_5ab5
    }

    @inline(__always) private static func scramble1(_ k: UInt64) -> UInt64 { rotated(k &* c1, 31) &* c2 }
    @inline(__always) private static func scramble2(_ k: UInt64) -> UInt64 { rotated(k &* c2, 33) &* c1 }
    @inline(__always) private static func rotated(_ x: UInt64, _ n: UInt64) -> UInt64 { x &<< n | x &>> (64 &- n) }

    private static func avalanche(_ key: UInt64) -> UInt64 {
        var k = key
        k ^= k >> 33
        k = k &* 0xff51_afd7_ed55_8ccd
        k ^= k >> 33
        k = k &* 0xc4ce_b9fe_1a85_ec53
        k ^= k >> 33
        return k
    }
}
