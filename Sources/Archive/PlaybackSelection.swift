// Which segments of an archive answer a request for a range, and where a player must reset.
package import Media

/// The segments of an answer, one for each instant, with the places where the media do not continue.
package struct PlaybackSelection: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var segment: ArchivedSegment
        /// Where the next entry takes over: the segment's end, or before it where the segment is cut.
        package var end: MediaTime
        /// The segment does not continue the entry before it: a gap lies between them, the set of tracks is another, or
        /// the timeline was anchored anew. Never set on the first entry.
        package var isDiscontinuous: Bool

        package var duration: MediaSpan { end - segment.start }
        /// Only the chunks that end by `end` play.
        package var isCut: Bool { end < segment.end }
    }

    /// Less than this is passed over where segments overlap: a cut segment might be without a chunk.
    static let shortest = MediaSpan.milliseconds(500)

    package private(set) var entries: [Entry] = []

    /// - Parameters:
    ///   - segments: in the order of their starts; ranges of different origin may overlap.
    ///   - range: the first segment is not earlier than its start and the last does not start after its end, as users of
    ///     such URLs know it.
    ///
    /// Segments overlap where two servers captured at once with different cuts. No instant plays twice, and none that somebody
    /// recorded is passed over: as long as a segment begins where one ends, those in between are left out; where none does, the
    /// one that covers that instant takes over, and the one before is cut where that begins. A segment can be cut after any of its
    /// chunks, but only begun at its start, where its key frame is.
    package init(_ segments: some Sequence<ArchivedSegment>, in range: TimeRange) {
        let segments = segments.filter { range.contains($0.start) }
        var index = 0
        var passedFrom: MediaTime?
        while index < segments.count {
            let segment = segments[index]
            let next = Self.successor(of: index, in: segments)
            defer { index = next }
            let end = next < segments.count ? min(segment.end, segments[next].start) : segment.end
            let begin = passedFrom ?? segment.start
            if end < segment.end, end - begin < Self.shortest {
                passedFrom = begin
                continue
            }
            passedFrom = nil
            let last = entries.last
            entries.append(
                Entry(
                    segment: segment, end: end,
                    isDiscontinuous: last.map { $0.isCut || !segment.continues($0.segment) } ?? false))
        }
    }

    /// The index of the segment that begins where this one ends, else of the last that covers that instant, else of the next.
    private static func successor(of index: Int, in segments: [ArchivedSegment]) -> Int {
        let end = segments[index].end
        var covering: Int?
        var next = index + 1
        while next < segments.count, segments[next].start < end {
            if segments[next].end > end { covering = next }
            next += 1
        }
        if next < segments.count, segments[next].start == end { return next }
        return covering ?? next
    }

    /// The sum of the entries, without the gaps.
    package var duration: MediaSpan { entries.reduce(.zero) { $0 + $1.duration } }
}

extension ArchivedSegment {
    /// Whether a player may go from `other` to this one without a reset of its decoder and clock.
    package func continues(_ other: ArchivedSegment) -> Bool {
        !isDiscontinuous && other.end == start && other.run.tracksFingerprint == run.tracksFingerprint
    }
}
