// Two clocks that never mix: the monotonic one measures silence and delays, the wall clock is shown and numbers epochs.

/// A span of monotonic time.
package struct TimeSpan: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var microseconds: Int64
    package init(microseconds: Int64) { self.microseconds = microseconds }
    package static func milliseconds(_ value: Int64) -> TimeSpan { TimeSpan(microseconds: value &* 1000) }
    package static func seconds(_ value: Int64) -> TimeSpan { TimeSpan(microseconds: value &* 1_000_000) }
    package static let zero = TimeSpan(microseconds: 0)
    package var milliseconds: Int64 { microseconds / 1000 }
    package static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.microseconds < b.microseconds }
    package static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan {
        TimeSpan(microseconds: a.microseconds &+ b.microseconds)
    }
    package static func - (a: TimeSpan, b: TimeSpan) -> TimeSpan {
        TimeSpan(microseconds: a.microseconds &- b.microseconds)
    }
    package static func * (a: TimeSpan, n: Int64) -> TimeSpan { TimeSpan(microseconds: a.microseconds &* n) }
    package static func / (a: TimeSpan, n: Int64) -> TimeSpan { TimeSpan(microseconds: a.microseconds / n) }
    /// Seconds with one decimal, for people: `3.1 s`.
    package var description: String {
        let tenths = (microseconds + 50_000) / 100_000
        return "\(tenths / 10).\(abs(tenths % 10)) s"
    }
}

/// An instant of a clock that only goes forward and is never set. Its origin means nothing to others.
package struct MonotonicTime: Hashable, Comparable, Sendable {
    package var microseconds: Int64
    package init(microseconds: Int64) { self.microseconds = microseconds }
    package static func < (a: MonotonicTime, b: MonotonicTime) -> Bool { a.microseconds < b.microseconds }
    package static func + (a: MonotonicTime, b: TimeSpan) -> MonotonicTime {
        MonotonicTime(microseconds: a.microseconds &+ b.microseconds)
    }
    package static func - (a: MonotonicTime, b: TimeSpan) -> MonotonicTime {
        MonotonicTime(microseconds: a.microseconds &- b.microseconds)
    }
    package static func - (a: MonotonicTime, b: MonotonicTime) -> TimeSpan {
        TimeSpan(microseconds: a.microseconds &- b.microseconds)
    }
}

/// UTC in milliseconds since the Unix epoch. Shown to people, sent for comparison, and what the epochs of a server begin with
/// (`Epoch.following`); no timeout of the group depends on it.
package struct WallTime: Hashable, Comparable, Sendable {
    package var milliseconds: Int64
    package init(milliseconds: Int64) { self.milliseconds = milliseconds }
    package static func < (a: WallTime, b: WallTime) -> Bool { a.milliseconds < b.milliseconds }
}

/// What both clocks say when something happens.
package struct Moment: Hashable, Sendable {
    package var monotonic: MonotonicTime
    package var wall: WallTime
    package init(monotonic: MonotonicTime, wall: WallTime) {
        self.monotonic = monotonic
        self.wall = wall
    }
}
