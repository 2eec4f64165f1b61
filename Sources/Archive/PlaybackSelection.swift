// Which segments of an archive answer a request for a range, and where a player must reset.
package import Media

/// The segments of an answer, one for each instant, with the places where the media do not continue.
package struct PlaybackSelection: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var segment: ArchivedSegment
        /// The segment does not continue the entry before it: a gap lies between them, the set of tracks is another, or
        /// the timeline was anchored anew. Never set on the first entry.
        package var isDiscontinuous: Bool
    }

    package private(set) var entries: [Entry] = []

    /// - Parameters:
    ///   - segments: in the order of their starts; ranges of different origin may overlap.
    ///   - range: the first segment is not earlier than its start and the last does not start after its end, as users of
    ///     such URLs know it.
    ///
    /// Of overlapping segments the one that starts first is taken and the others are passed over, so that no instant plays
    /// twice; what they have beyond its end is a discontinuity.
    package init(_ segments: some Sequence<ArchivedSegment>, in range: TimeRange) {
        var end: MediaTime?
        for segment in segments where range.contains(segment.start) {
            if let end, segment.start < end { continue }
            let last = entries.last?.segment
            entries.append(Entry(segment: segment, isDiscontinuous: last.map { !segment.continues($0) } ?? false))
            end = segment.end
        }
    }

    /// The sum of the entries, without the gaps.
    package var duration: MediaSpan { entries.reduce(.zero) { $0 + $1.segment.duration } }
}

extension ArchivedSegment {
    /// Whether a player may go from `other` to this one without a reset of its decoder and clock.
    package func continues(_ other: ArchivedSegment) -> Bool {
        !isDiscontinuous && other.end == start && other.run.tracksFingerprint == run.tracksFingerprint
    }
}
