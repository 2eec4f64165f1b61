// A span of UTC between two instants: what ranges, gaps, locks and deletions are made of.
package import Media

/// From `start` up to and without `end`. Never negative; empty when both are equal.
package struct TimeRange: Hashable, Sendable {
    package let start: MediaTime
    package let end: MediaTime

    /// An `end` before `start` gives an empty range at `start`.
    package init(_ start: MediaTime, _ end: MediaTime) {
        self.start = start
        self.end = max(start, end)
    }

    package init(start: MediaTime, duration: MediaSpan) {
        self.init(start, start + max(.zero, duration))
    }

    /// All of time.
    package static let always = TimeRange(MediaTime(ticks: .min / 2), MediaTime(ticks: .max / 2))

    package var duration: MediaSpan { end - start }
    package var isEmpty: Bool { start == end }

    package func contains(_ time: MediaTime) -> Bool { start <= time && time < end }
    package func contains(_ other: TimeRange) -> Bool { start <= other.start && other.end <= end }
    package func overlaps(_ other: TimeRange) -> Bool {
        max(start, other.start) < min(end, other.end)
    }

    /// What both have; nil when that is nothing.
    package func intersection(_ other: TimeRange) -> TimeRange? {
        overlaps(other) ? TimeRange(max(start, other.start), min(end, other.end)) : nil
    }
}
