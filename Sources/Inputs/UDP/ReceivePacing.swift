// How long a receiving thread rests between two rounds, so that one wake-up serves many datagrams.

/// The rest between rounds. Pure: the loop measures, this decides.
struct ReceivePacing {
    /// Datagrams that one socket may bring in one round; what is left waits in its buffer while the others get their turn.
    static let budget = 128
    /// The longest rest in milliseconds: all the latency that resting ever adds.
    static let longest: Int32 = 20

    /// Milliseconds to rest after a round.
    ///
    /// - `fullestSocket`: datagrams taken from the socket that had the most. A socket that used up its share has more
    ///   waiting: no rest. One that filled a whole batch is fast, and its buffer should not get half full: a short rest.
    /// - `elapsedMilliseconds`: what the round itself took; the others have waited for that already.
    func rest(fullestSocket: Int, elapsedMilliseconds: Int32) -> Int32 {
        if fullestSocket == 0 || fullestSocket >= Self.budget { return 0 }
        let rest: Int32 = fullestSocket >= 32 ? 2 : Self.longest
        return max(0, rest - max(0, elapsedMilliseconds))
    }
}
