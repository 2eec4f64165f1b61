// What a server wants of another's archive: its own depth, and what it has deleted.
package import Media

/// The bounds of one archive at one moment.
package struct ReplicationBounds: Hashable, Sendable {
    /// Segments that start in it are compared and fetched. It begins where retention by age and bytes has cut, and ends
    /// where recording is: what is newer comes live.
    package var range: TimeRange
    /// What was deleted on purpose and does not come back.
    package var deleted: RangeSet

    package init(range: TimeRange, deleted: RangeSet = RangeSet()) {
        self.range = range
        self.deleted = deleted
    }

    /// - Parameters:
    ///   - age: of the stream's retention; nil keeps all.
    ///   - recordedTo: end of the newest closed segment while the stream is being recorded, else nil: then nothing that
    ///     is fetched can get in the way of what is recorded.
    ///   - now: UTC.
    package init(
        age: MediaSpan?, ledger: StreamLedger, recordedTo: MediaTime?, at now: MediaTime
    ) {
        let oldest = age.map { now - $0 } ?? TimeRange.always.start
        let start = max(oldest, ledger.horizon ?? oldest)
        self.init(range: TimeRange(start, recordedTo ?? TimeRange.always.end), deleted: ledger.gaps.deleted)
    }

    /// Whether a segment of another server may be kept here.
    package func allow(_ segment: OfferedSegment) -> Bool {
        range.contains(segment.start) && segment.end <= range.end && !deleted.overlaps(segment.range)
    }

    /// What of `theirs` is to be fetched: allowed, and not covered by what we have.
    ///
    /// - Parameters:
    ///   - theirs: one hour of the other server, in the order of time.
    ///   - ours: all of our segments that touch one of `theirs`, in the order of time.
    package func wanted(of theirs: [OfferedSegment], having ours: [OfferedSegment]) -> [OfferedSegment] {
        var first = 0
        return theirs.filter { segment in
            guard segment.duration > .zero, allow(segment) else { return false }
            // Ends are in the order of starts: what ends before this one begins is not looked at again.
            while first < ours.count, ours[first].end <= segment.start { first += 1 }
            var index = first
            while index < ours.count, ours[index].start <= segment.start {
                if ours[index].covers(segment) { return false }
                index += 1
            }
            return true
        }
    }
}
