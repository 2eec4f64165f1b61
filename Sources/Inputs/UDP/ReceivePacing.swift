// How long a receiving thread rests between two rounds, so that one wake-up serves many datagrams.

/// The rest between rounds. Pure: the loop measures, this decides.
struct ReceivePacing {
    /// Datagrams that one socket may bring in one round; what is left waits in its buffer while the others get their turn.
    static let budget = 128
    /// The longest rest in milliseconds: all the latency that resting ever adds. A fifth of a chunk.
    static let longest: Int32 = 40
    /// Datagrams that may gather in the buffer of the fastest socket: a third of what fits where the kernel caps it by default.
    static let gathered: Int32 = 64

    /// Milliseconds to rest after a round.
    ///
    /// - `fullestSocket`: datagrams taken from the socket that had the most. A socket that used up its share has more
    ///   waiting: no rest. A fast one shortens the rest, so that its buffer does not get full.
    /// - `interval`: milliseconds from the begin of the round before to the begin of this one, in which those came.
    /// - `elapsed`: milliseconds that the round itself took; the others have waited for that already.
    func rest(fullestSocket: Int, interval: Int32, elapsed: Int32) -> Int32 {
        guard fullestSocket > 0, fullestSocket < Self.budget else { return 0 }
        // After a silence the interval does not tell how fast they came.
        let counted = min(max(interval, 1), Self.longest)
        let rest = min(counted * Self.gathered / Int32(fullestSocket), Self.longest)
        return max(0, rest - max(0, elapsed))
    }
}
