// A small generator of chance that is started from a seed, for jitter and for simulated lives.

/// SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same numbers everywhere.
package struct ChanceSource: RandomNumberGenerator, Sendable {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return StableHash.mix(state)
    }
}
