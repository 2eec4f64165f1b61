// A set of instants as sorted ranges that neither touch nor overlap.
package import Media

/// Instants of UTC, kept as the fewest ranges: recorded parts, protected parts, what is missing.
package struct RangeSet: Hashable, Sendable {
    /// In the order of time; none empty; between any two is a gap.
    package private(set) var ranges: [TimeRange] = []

    package init() {}

    package init(_ ranges: some Sequence<TimeRange>) {
        for range in ranges.sorted(by: { $0.start < $1.start }) { insert(range) }
    }

    package var isEmpty: Bool { ranges.isEmpty }

    /// The sum of all ranges.
    package var duration: MediaSpan { ranges.reduce(.zero) { $0 + $1.duration } }

    package func contains(_ time: MediaTime) -> Bool {
        let index = firstIndex(endingAfter: time)
        return index < ranges.count && ranges[index].contains(time)
    }

    package func overlaps(_ range: TimeRange) -> Bool {
        let index = firstIndex(endingAfter: range.start)
        return index < ranges.count && ranges[index].overlaps(range)
    }

    package mutating func insert(_ range: TimeRange) {
        guard !range.isEmpty else { return }
        // Ranges that touch the new one become one with it, so the first candidate may end where it starts.
        var first = firstIndex(endingAfter: range.start)
        if first > 0, ranges[first - 1].end == range.start { first -= 1 }
        var last = first
        var merged = range
        while last < ranges.count, ranges[last].start <= range.end {
            merged = TimeRange(min(merged.start, ranges[last].start), max(merged.end, ranges[last].end))
            last += 1
        }
        ranges.replaceSubrange(first..<last, with: [merged])
    }

    package mutating func remove(_ range: TimeRange) {
        guard !range.isEmpty else { return }
        let first = firstIndex(endingAfter: range.start)
        var last = first
        var kept: [TimeRange] = []
        while last < ranges.count, ranges[last].start < range.end {
            let old = ranges[last]
            if old.start < range.start { kept.append(TimeRange(old.start, range.start)) }
            if range.end < old.end { kept.append(TimeRange(range.end, old.end)) }
            last += 1
        }
        ranges.replaceSubrange(first..<last, with: kept)
    }

    package func union(_ other: RangeSet) -> RangeSet {
        var result = self
        for range in other.ranges { result.insert(range) }
        return result
    }

    package func subtracting(_ other: RangeSet) -> RangeSet {
        var result = self
        for range in other.ranges { result.remove(range) }
        return result
    }

    package func intersection(_ range: TimeRange) -> RangeSet {
        var result = RangeSet()
        result.ranges = ranges.compactMap { $0.intersection(range) }
        return result
    }

    /// The index of the first range that ends after `time`, or the number of ranges.
    private func firstIndex(endingAfter time: MediaTime) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].end > time { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
