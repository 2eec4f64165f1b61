// A segment as one server tells another of it, and which of two that share time is kept.
package import Media

/// All that must be known of a segment to decide whether to fetch it, and to keep it as it was.
package struct OfferedSegment: Hashable, Sendable {
    package var start: MediaTime
    package var duration: MediaSpan
    /// Of its chunks, in bytes.
    package var length: Int
    package var digest: MediaDigest
    package var isDiscontinuous: Bool
    package var isInterrupted: Bool
    /// The name of its track set.
    package var tracksFingerprint: UInt64
    /// The server that captured it.
    package var origin: String

    package init(
        start: MediaTime, duration: MediaSpan, length: Int, digest: MediaDigest, isDiscontinuous: Bool = false,
        isInterrupted: Bool = false, tracksFingerprint: UInt64 = 0, origin: String = ""
    ) {
        self.start = start
        self.duration = duration
        self.length = length
        self.digest = digest
        self.isDiscontinuous = isDiscontinuous
        self.isInterrupted = isInterrupted
        self.tracksFingerprint = tracksFingerprint
        self.origin = origin
    }

    package init(_ segment: ArchivedSegment) {
        self.init(
            start: segment.start, duration: segment.duration, length: segment.length, digest: segment.digest,
            isDiscontinuous: segment.isDiscontinuous, isInterrupted: segment.isInterrupted,
            tracksFingerprint: segment.run.tracksFingerprint, origin: segment.run.origin)
    }

    package var end: MediaTime { start + duration }
    package var range: TimeRange { TimeRange(start: start, duration: duration) }
    package var named: SegmentDigest { SegmentDigest(start: start, duration: duration, digest: digest) }
}

/// Where a segment lies in time and what its media are: what `supersedes` compares.
package protocol TimedSegment {
    var range: TimeRange { get }
    var length: Int { get }
    var digest: MediaDigest { get }
}

extension OfferedSegment: TimedSegment {}
extension ArchivedSegment: TimedSegment {}

extension TimedSegment {
    /// Whether an archive that has this segment does not keep `other`: this one holds all of its time and more, or all of
    /// its time in more bytes, or (so that all servers choose alike) in bytes of a greater digest.
    ///
    /// A partial order: transitive, and never true both ways. Servers that exchange segments and drop the superseded ones
    /// therefore end with the same set, whoever asks whom and in whatever order; `docs/decisions/0021-one-union.md`.
    package func supersedes(_ other: some TimedSegment) -> Bool {
        guard range.contains(other.range) else { return false }
        if range != other.range { return true }
        return length != other.length ? length > other.length : digest > other.digest
    }

    /// Whether an archive that has this segment has no use for `other`.
    package func covers(_ other: some TimedSegment) -> Bool {
        supersedes(other) || range == other.range && digest == other.digest && length == other.length
    }
}

package enum SegmentUnion {
    /// The segments that no other of them supersedes, in the order of time: of equal ones the first. The ends are in the
    /// same order as the starts, so a range is reached by a run of neighbours.
    package static func kept<Segment: TimedSegment>(_ segments: [Segment]) -> (kept: [Segment], dropped: [Segment]) {
        // In the order of starts, the longer first: what is covered is covered by one that was kept before, the last.
        let sorted = segments.enumerated().sorted { a, b in
            if a.element.range.start != b.element.range.start {
                return a.element.range.start < b.element.range.start
            }
            if a.element.range.end != b.element.range.end { return a.element.range.end > b.element.range.end }
            if a.element.length != b.element.length { return a.element.length > b.element.length }
            if a.element.digest != b.element.digest { return a.element.digest > b.element.digest }
            return a.offset < b.offset
        }
        var (kept, dropped): ([Segment], [Segment]) = ([], [])
        for (_, segment) in sorted {
            if let last = kept.last, last.covers(segment) { dropped.append(segment) } else { kept.append(segment) }
        }
        return (kept, dropped)
    }
}
