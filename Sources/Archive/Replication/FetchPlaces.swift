// How many orders may be under way on a server: few that go as fast as they can, more that wait most of the time.

/// Counts orders that are under way. An order that keeps to a speed has a place of its own kind: with the few places of the
/// others, a dozen streams would get a fraction of the speed that each of them was given.
package struct FetchPlaces: Hashable, Sendable {
    /// A disk and a network are not faster with more.
    private static let mostUnlimited = 4
    /// Each holds a connection and a segment in memory, here and at the other server, which gives to 32 at a time.
    private static let mostLimited = 24

    private var unlimited = 0
    private var limited = 0

    package init() {}

    /// - Parameter isLimited: the order keeps to a `replication_speed`.
    /// - Returns: false when there is no place.
    package mutating func take(isLimited: Bool) -> Bool {
        if isLimited {
            guard limited < Self.mostLimited else { return false }
            limited += 1
        } else {
            guard unlimited < Self.mostUnlimited else { return false }
            unlimited += 1
        }
        return true
    }

    /// Gives back what `take` gave.
    package mutating func give(isLimited: Bool) {
        if isLimited { limited -= 1 } else { unlimited -= 1 }
    }
}
