// What an archive must remember of a stream beside its segments: gaps, deletions, protected ranges.
package import Media

/// A range of an archive that retention and deletion must leave alone.
package struct ProtectedRange: Hashable, Sendable {
    /// Unique within its stream.
    package var id: Int64
    package var range: TimeRange
    /// Why, for people. One line.
    package var note: String

    package init(id: Int64, range: TimeRange, note: String = "") {
        self.id = id
        self.range = range
        self.note = note
    }
}

/// Gaps and locks of one stream, as the sum of entries that are also written to a journal beside the run files.
package struct StreamLedger: Hashable, Sendable {
    package enum Entry: Hashable, Sendable {
        case gap(Gap)
        /// The range is no gap any more.
        case clear(TimeRange)
        case lock(ProtectedRange)
        case unlock(Int64)
        /// Retention by bytes or disk has removed what was before: replication must not bring it back.
        case horizon(MediaTime)
        /// Gaps that end at or before this are not remembered any more.
        case forget(MediaTime)
    }

    package private(set) var gaps = GapList()
    /// By id.
    package private(set) var locks: [ProtectedRange] = []
    package private(set) var horizon: MediaTime?

    package init() {}

    package mutating func apply(_ entry: Entry) {
        switch entry {
        case .gap(let gap): gaps.insert(gap)
        case .clear(let range): gaps.clear(range)
        case .lock(let lock):
            locks.removeAll { $0.id == lock.id }
            locks.append(lock)
            locks.sort { $0.id < $1.id }
        case .unlock(let id): locks.removeAll { $0.id == id }
        case .horizon(let time): horizon = max(horizon ?? time, time)
        case .forget(let time): gaps.forget(before: time)
        }
    }

    /// The fewest entries that give this ledger.
    package var entries: [Entry] {
        (horizon.map { [.horizon($0)] } ?? []) + gaps.gaps.map { .gap($0) } + locks.map { .lock($0) }
    }

    package var protected: RangeSet { RangeSet(locks.map(\.range)) }

    package var nextLockID: Int64 { (locks.last?.id ?? 0) + 1 }
}
