// Where an archive has nothing, and why.
package import Media

/// Why a range of an archive is empty.
package enum GapCause: String, Hashable, Sendable, CaseIterable, Codable {
    /// The stream ran, but no input delivered media.
    case sourceAway = "source-away"
    /// This server, or the stream on it, was not running.
    case serverDown = "server-down"
    /// The disk was full.
    case diskFull = "disk-full"
    /// The disk could not be written: read-only, input/output error, directory gone.
    case diskError = "disk-error"
    /// The disk was slower than the media and the queue to it was full.
    case writeDropped = "write-dropped"
    /// The media's time ran back into what is already recorded.
    case overlap = "overlap"
    /// Deleted on purpose: replication must not bring it back.
    case deleted = "deleted"
}

/// A range of the archive's depth with nothing in it.
package struct Gap: Hashable, Sendable {
    package var range: TimeRange
    package var cause: GapCause

    package init(_ range: TimeRange, _ cause: GapCause) {
        self.range = range
        self.cause = cause
    }
}

/// The gaps of one stream, in the order of time, without overlaps. A later word about a range replaces the earlier one.
package struct GapList: Hashable, Sendable {
    package private(set) var gaps: [Gap] = []

    package init() {}

    /// Neighbours that touch and have one cause become one gap.
    package mutating func insert(_ gap: Gap) {
        guard !gap.range.isEmpty else { return }
        clear(gap.range)
        var index = insertionIndex(gap.range.start)
        var merged = gap
        if index < gaps.count, gaps[index].range.start == merged.range.end, gaps[index].cause == gap.cause {
            merged.range = TimeRange(merged.range.start, gaps[index].range.end)
            gaps.remove(at: index)
        }
        if index > 0, gaps[index - 1].range.end == merged.range.start, gaps[index - 1].cause == gap.cause {
            index -= 1
            merged.range = TimeRange(gaps[index].range.start, merged.range.end)
            gaps.remove(at: index)
        }
        gaps.insert(merged, at: index)
    }

    /// The range is no gap any more: it was recorded or fetched after all.
    package mutating func clear(_ range: TimeRange) {
        guard !range.isEmpty else { return }
        var result: [Gap] = []
        result.reserveCapacity(gaps.count + 1)
        for gap in gaps {
            guard gap.range.overlaps(range) else {
                result.append(gap)
                continue
            }
            if gap.range.start < range.start {
                result.append(Gap(TimeRange(gap.range.start, range.start), gap.cause))
            }
            if range.end < gap.range.end { result.append(Gap(TimeRange(range.end, gap.range.end), gap.cause)) }
        }
        gaps = result
    }

    /// Forgets all that lies before `time`.
    package mutating func forget(before time: MediaTime) {
        clear(TimeRange(TimeRange.always.start, time))
    }

    /// The gaps within `range`, cut to it.
    package func gaps(in range: TimeRange) -> [Gap] {
        gaps.compactMap { gap in gap.range.intersection(range).map { Gap($0, gap.cause) } }
    }

    /// What was deleted on purpose.
    package var deleted: RangeSet {
        RangeSet(gaps.lazy.filter { $0.cause == .deleted }.map(\.range))
    }

    private func insertionIndex(_ start: MediaTime) -> Int {
        gaps.firstIndex { $0.range.start >= start } ?? gaps.count
    }
}
