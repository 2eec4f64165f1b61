// The group's own 64-bit hash: the same in every process, on every machine and in every version.

/// FNV-1a over bytes (http://www.isthe.com/chongo/tech/comp/fnv/), finished by the mixer of SplitMix64.
///
/// Swift's `Hasher` is seeded per process; two servers would place the same stream differently. Changing this function
/// moves every stream of every group at an upgrade: don't.
package struct StableHash: Sendable {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    /// Adds a text and a terminator, so that ("ab", "c") and ("a", "bc") differ.
    package mutating func combine(_ text: String) {
        var hash = state
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        state = (hash ^ 0xFF) &* 0x100_0000_01b3
    }

    package mutating func combine(_ number: UInt64) {
        state = StableHash.mix(state ^ StableHash.mix(number &+ 0x9e37_79b9_7f4a_7c15))
    }

    package var value: UInt64 { StableHash.mix(state) }

    package static func of(_ text: String) -> UInt64 {
        var hash = StableHash()
        hash.combine(text)
        return hash.value
    }

    /// A bijection of 64 bits in which each input bit changes about half of the output bits.
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// How far a stream is from a peer: smaller is better. Weighted rendezvous hashing: `-ln(u) / weight` with a uniform `u`
/// drawn from the pair; the smallest of such numbers falls to a peer with a probability in proportion to its weight
/// (Schindelhauer, Schomaker: "Weighted distributed hash tables", 2005).
///
/// The logarithm is made of IEEE additions, multiplications and divisions alone, so that every processor and C library
/// gets the same bits. Infinite for weight 0.
package func rendezvousDistance(stream: UInt64, peer: UInt64, weight: Int) -> Double {
    guard weight > 0 else { return .infinity }
    let hash = StableHash.mix(stream ^ StableHash.mix(peer &+ 0x9e37_79b9_7f4a_7c15))
    let uniform = Double((hash >> 11) | 1)  // in 1 ..< 2⁵³; ln(2⁵³) is taken off below
    let exponent = Double(uniform.exponent)
    let z = (uniform.significand - 1) / (uniform.significand + 1)
    let square = z * z
    let series =
        1 + square * (1 / 3.0 + square * (1 / 5.0 + square * (1 / 7.0 + square * (1 / 9.0 + square * (1 / 11.0)))))
    let logarithm = exponent * 0.693_147_180_559_945_3 + 2 * z * series
    return (53 * 0.693_147_180_559_945_3 - logarithm) / Double(weight)
}
