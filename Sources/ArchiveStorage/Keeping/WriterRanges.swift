// Deletes and protects ranges when an operator asks for it.
package import Archive
import Media

/// What a deletion of a range did.
package struct DeletionResult: Hashable, Sendable {
    package var segments = 0
    package var bytes: Int64 = 0
    /// Segments in the range that stay: protected, being read, being written, reaching beyond it, or lying in the time of
    /// such ones.
    package var kept: [TimeRange] = []
}

extension ArchiveWriter {
    /// Deletes what lies wholly in `range`, and remembers that it was on purpose.
    func delete(_ range: TimeRange, of name: String, at now: ArchiveInstant) throws -> DeletionResult {
        guard let stream = streams[name] else {
            throw ArchiveError(.unknownStream, "nothing was recorded of the stream `\(name)`")
        }
        sync(at: now)
        let protected = stream.ledger.protected
        var result = DeletionResult()
        var victims: [ArchivedSegment] = []
        var holes = RangeSet([TimeRange(range.start, min(range.end, stream.end ?? range.start))])
        var candidates = try index.segments(of: name, startingIn: range)
        if let before = try index.segment(of: name, startingBefore: range.start) { candidates.insert(before, at: 0) }
        for segment in candidates where segment.range.overlaps(range) {
            if range.contains(segment.range), !protected.overlaps(segment.range), !view.isLeased(segment.run.path) {
                victims.append(segment)
            } else {
                result.kept.append(segment.range)
                holes.remove(segment.range)
            }
        }
        // What a failing disk has not let into the index yet stays, and so does what is being written.
        for segment in (stream.runs + stream.damaged).flatMap(\.pending) where segment.range.overlaps(range) {
            result.kept.append(segment.range)
            holes.remove(segment.range)
        }
        for open in (stream.runs + stream.damaged).compactMap(\.open) {
            holes.remove(TimeRange(open.start, open.end))
        }
        // Where timelines overlap, a segment may lie wholly in the time of those that stay. No hole would tell that it was
        // deleted, and another server would give it back.
        result.kept += victims.filter { !holes.overlaps($0.range) }.map(\.range)
        victims.removeAll { !holes.overlaps($0.range) }
        result.segments = victims.count
        result.bytes = victims.reduce(0) { $0 + Int64($1.length) }
        try delete(victims, of: stream, noting: holes.ranges.map { .gap(Gap($0, .deleted)) })
        return result
    }

    /// Takes segments out whose bytes are lost. What nothing else covers becomes a gap of the disk's: another server may fill it.
    func takeOut(_ damaged: [ArchivedSegment], of stream: StreamWriting) throws {
        var holes = RangeSet(damaged.map(\.range))
        for segment in damaged {
            for other in try index.segments(of: stream.name, touching: segment.range) where !damaged.contains(other) {
                holes.remove(other.range)
            }
        }
        try delete(damaged, of: stream, noting: holes.ranges.map { .gap(Gap($0, .diskError)) })
    }

    /// Protects a range from retention and deletion.
    func lock(_ range: TimeRange, of name: String, note: String) throws -> ProtectedRange {
        let stream = stream(name)
        let lock = ProtectedRange(id: stream.ledger.nextLockID, range: range, note: note)
        // What is doomed is there yet: it is given back.
        for segment in stream.doomed where segment.range.overlaps(range) { stream.record(.clear(segment.range)) }
        stream.doomed.removeAll { $0.range.overlaps(range) }
        stream.record(.lock(lock))
        try commitLedger(stream)
        return lock
    }

    /// - Returns: false when there is no such lock.
    func unlock(_ id: Int64, of name: String) throws -> Bool {
        guard let stream = streams[name], stream.ledger.locks.contains(where: { $0.id == id }) else { return false }
        stream.record(.unlock(id))
        try commitLedger(stream)
        return true
    }

    private func commitLedger(_ stream: StreamWriting) throws {
        try fileSystem.createDirectory(stream.name)
        noteDirectories(of: stream.name)
        try writeJournal(of: stream)
        var changes = IndexChanges()
        changes.streams = newStreams
        changes.ledgers[stream.id] = .init(
            ledger: stream.ledger, touched: stream.touched ?? .always, journal: stream.journal)
        try index.commit(changes)
        newStreams.removeAll()
        stream.touched = nil
        view.update(stream.name) { $0.ledger = stream.ledger }
    }
}
