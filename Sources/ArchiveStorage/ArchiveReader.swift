// What a store tells of its streams: segments, ranges, gaps, protected ranges, digests.
package import Archive
package import Media

/// What is recorded of one stream.
package struct RecordedStream: Hashable, Sendable {
    package var name: String
    package var bytes: Int64
    package var segments: Int64
    /// Why nothing is recorded now; nil while a segment is being written.
    package var pause: GapCause?
    /// End of the newest closed segment.
    package var end: MediaTime?

    init(_ name: String, _ stream: ArchiveView.Stream) {
        self.name = name
        bytes = stream.bytes + stream.unindexed.reduce(0) { $0 + Int64($1.length) }
        segments = stream.segments + Int64(stream.unindexed.count)
        pause = stream.pause
        end = stream.end
    }
}

/// Reads a store: from the index, and from what the writer has published since. Any thread, no waiting for writes.
package struct ArchiveReader: Sendable {
    let index: ArchiveIndex
    let view: ArchiveView

    /// All streams of which something is or was recorded, by name.
    package func streams() -> [RecordedStream] {
        view.streams().map { RecordedStream($0, $1) }.sorted { $0.name < $1.name }
    }

    /// Nil when nothing was ever recorded of it.
    package func stream(_ name: String) -> RecordedStream? {
        view.stream(name).map { RecordedStream(name, $0) }
    }

    /// The closed segments that start in `range`, in the order of time; also those that are not synced yet.
    package func segments(of stream: String, startingIn range: TimeRange) throws -> [ArchivedSegment] {
        // The unindexed ones first: one that moves into the index in between is then seen twice, not missed.
        let unindexed = view.stream(stream)?.unindexed.filter { range.contains($0.start) } ?? []
        var segments = try index.segments(of: stream, startingIn: range)
        guard !unindexed.isEmpty else { return segments }
        let known = Set(segments.lazy.map(\.start))
        segments += unindexed.filter { !known.contains($0.start) }
        segments.sort { $0.start < $1.start }
        return segments
    }

    /// What a player gets for a range: see `PlaybackSelection`.
    package func selection(of stream: String, in range: TimeRange) throws -> PlaybackSelection {
        PlaybackSelection(try segments(of: stream, startingIn: range), in: range)
    }

    /// Whether something begins before `time`.
    package func has(_ stream: String, before time: MediaTime) throws -> Bool {
        if view.stream(stream)?.unindexed.contains(where: { $0.start < time }) ?? false { return true }
        return try index.segment(of: stream, startingBefore: time) != nil
    }

    /// The segment of a URL; nil when there is none (any more).
    package func segment(_ key: SegmentKey) throws -> ArchivedSegment? {
        if let found = view.stream(key.stream)?.unindexed.first(where: { $0.start == key.start }) { return found }
        return try index.segment(of: key.stream, start: key.start)
    }

    /// The first segment that starts at `time` or later; nil when there is none yet.
    package func segment(of stream: String, startingFrom time: MediaTime) throws -> ArchivedSegment? {
        let range = TimeRange(time, TimeRange.always.end)
        let unindexed = view.stream(stream)?.unindexed.filter { range.contains($0.start) } ?? []
        let indexed = try index.segments(of: stream, startingIn: range, limit: 1)
        return (indexed + unindexed).min { $0.start < $1.start }
    }

    /// One run for each set of tracks, the newest first.
    package func runsByTracks(of stream: String) throws -> [ArchivedRun] {
        let unindexed = view.stream(stream)?.unindexed.map(\.run) ?? []
        var seen: Set<UInt64> = []
        return (try index.runs(of: stream).map(\.run) + unindexed).reversed().filter {
            seen.insert($0.tracksFingerprint).inserted
        }
    }

    /// Where something is recorded, from runs alone: quick for years.
    package func ranges(of stream: String) throws -> RangeSet {
        let state = view.stream(stream)
        let rows = try index.runs(of: stream)
        var ranges = RangeSet(rows.lazy.filter { $0.segments > 0 }.map { TimeRange($0.first, $0.end) })
        for segment in state?.unindexed ?? [] { ranges.insert(segment.range) }
        return ranges.subtracting(state?.ledger.gaps.deleted ?? RangeSet())
    }

    /// Where nothing is, and why. With the gap that is open at `now`, when the stream is recorded but delivers nothing.
    package func gaps(of stream: String, in range: TimeRange, at now: MediaTime) -> [Gap] {
        guard let state = view.stream(stream) else { return [] }
        var gaps = state.ledger.gaps
        if let pause = state.pause, let end = state.end, end < now { gaps.insert(Gap(TimeRange(end, now), pause)) }
        return gaps.gaps(in: range)
    }

    package func locks(of stream: String) -> [ProtectedRange] { view.stream(stream)?.ledger.locks ?? [] }

    /// Retention by bytes or disk has deleted what was before: replication must not fetch it.
    package func horizon(of stream: String) -> MediaTime? { view.stream(stream)?.ledger.horizon }

    /// The digest of the media that starts in `range`: equal on two servers that have the same.
    package func digest(of stream: String, in range: TimeRange) throws -> MediaDigest {
        DigestPeriod.digest(of: try segments(of: stream, startingIn: range).map(\.named), in: range)
    }
}
