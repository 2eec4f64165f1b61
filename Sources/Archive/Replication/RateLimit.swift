// `replication_speed`: how long to wait so that bytes come no faster than they may.

/// A bucket that fills with `bytesPerSecond` and holds a quarter of a second of them.
package struct RateLimit: Hashable, Sendable {
    /// Nil is unlimited.
    package var bytesPerSecond: Int64?
    private var isFreeAt: Duration?

    package init(bytesPerSecond: Int64?) { self.bytesPerSecond = bytesPerSecond }

    /// - Parameter now: of a monotonic clock.
    /// - Returns: how long to wait after `bytes` came before more is asked for.
    package mutating func delay(after bytes: Int, at now: Duration) -> Duration {
        guard let speed = bytesPerSecond, speed > 0 else { return .zero }
        let cost = Duration.nanoseconds(Int64(Double(bytes) / Double(speed) * 1e9))
        let free = max(isFreeAt ?? now, now - .milliseconds(250)) + cost
        isFreeAt = free
        return max(.zero, free - now)
    }
}
