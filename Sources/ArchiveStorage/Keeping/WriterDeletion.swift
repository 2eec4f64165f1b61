// Takes segments out of the index, and then their bytes off the disk.
import Archive
import Glibc
import Media
import NIOCore

extension ArchiveWriter {
    /// Removes segments that the index has. In this order, so that a crash at any point leaves neither a row without its
    /// bytes nor bytes that nobody will free: journal, rows together with a note of the parts to free, bytes, note.
    ///
    /// - Parameter notes: what the ledger is to say of it. When they cannot be written, nothing has happened; when the index
    ///   refuses after that, the deletion is done with the next commit, or by the next start, which reads the journal.
    func delete(
        _ segments: [ArchivedSegment], of stream: StreamWriting, noting notes: [StreamLedger.Entry]
    ) throws {
        let before = (stream.ledger, stream.journalLines, stream.touched)
        for note in notes { stream.record(note) }
        do {
            try writeJournal(of: stream)
        } catch {
            (stream.ledger, stream.journalLines, stream.touched) = before
            throw error
        }
        let gone = Set(segments.map(\.start))
        stream.doomed.removeAll { gone.contains($0.start) }
        do {
            try remove(segments, of: stream)
        } catch {
            if !notes.isEmpty { stream.doomed += segments }
            throw error
        }
    }

    private func remove(_ segments: [ArchivedSegment], of stream: StreamWriting) throws {
        var changes = IndexChanges()
        changes.removed = segments.map { (stream.id, $0) }
        changes.toFree = Self.parts(segments)
        if let touched = stream.touched {
            changes.ledgers[stream.id] = .init(ledger: stream.ledger, touched: touched, journal: stream.journal)
        }
        try index.commit(changes)
        stream.touched = nil
        let bytes = segments.reduce(Int64(0)) { $0 + Int64($1.length) }
        defer { view.changed(stream.name, segments) }
        view.update(stream.name) {
            $0.ledger = stream.ledger
            $0.bytes -= bytes
            $0.segments -= Int64(segments.count)
        }
        view.count {
            $0.segmentsDeleted += Int64(segments.count)
            $0.bytesDeleted += bytes
        }
        do { try free(changes.toFree) } catch {
            // Noted in the index: the next commit or start frees them.
            areFreedPartsLeft = true
            tellIndexFailure(error)
        }
    }

    /// Takes the segments out of what a start has found whose deletion was noted, but not done when the server died.
    /// - Returns: those of them that the index does not have yet.
    func takeNoted(of stream: StreamWriting, _ changes: inout IndexChanges) throws -> [ArchivedSegment] {
        let deleted = stream.ledger.gaps.deleted
        guard !deleted.isEmpty else { return [] }
        let (added, removed) = (changes.added, Set(changes.removed.map(\.segment)))
        // Where timelines overlap, the hole that was noted is only what nothing else holds of a deleted segment's time.
        func isNoted(_ segment: ArchivedSegment) throws -> Bool {
            var rest = RangeSet([segment.range]).subtracting(deleted)
            guard !rest.isEmpty else { return true }
            guard deleted.overlaps(segment.range), !stream.ledger.protected.overlaps(segment.range) else {
                return false
            }
            let others =
                try index.segments(of: stream.name, touching: segment.range).filter { !removed.contains($0) }
                + added.filter { $0.stream == stream.id }.map(\.segment)
            for other in others where other != segment { rest.remove(other.range) }
            return rest.isEmpty
        }
        let found = try added.filter { try $0.stream == stream.id && isNoted($0.segment) }.map(\.segment)
        let gone = Set(found)
        changes.added.removeAll { $0.stream == stream.id && gone.contains($0.segment) }
        // Without new lines in the journal, all that it says was done.
        guard stream.touched != nil else { return found }
        let known = Set(changes.removed.map(\.segment.start))
        for range in deleted.ranges {
            let rows = try index.segments(of: stream.name, touching: range).filter {
                try isNoted($0) && !known.contains($0.start)
            }
            changes.removed += rows.map { (stream.id, $0) }
            changes.toFree += Self.parts(rows)
        }
        return found
    }

    /// What a crash left of deletions.
    func finishDeletions() throws {
        try free(try index.partsToFree())
    }

    /// Parts of files, neighbours joined.
    static func parts(_ segments: [ArchivedSegment]) -> [FreedPart] {
        var parts: [FreedPart] = []
        for segment in segments.sorted(by: { ($0.run.id, $0.offset) < ($1.run.id, $1.offset) }) {
            let length = Int64(segment.length + SegmentTrailer.boxLength)
            if let last = parts.last, last.run == segment.run, last.offset + last.length == segment.offset,
                last.length + length < Int64(UInt32.max)
            {
                parts[parts.count - 1].length += length
            } else {
                parts.append(FreedPart(run: segment.run, offset: segment.offset, length: length))
            }
        }
        return parts
    }

    func free(_ parts: [FreedPart]) throws {
        var changes = IndexChanges()
        let open = Set(streams.values.flatMap { $0.runs + $0.damaged }.map(\.run.path))
        var emptied: Set<String> = []
        let isFound = !parts.isEmpty && isFoundByReaders()
        for part in parts where !emptied.contains(part.run.path) {
            let path = part.run.path
            // Its rows are gone, so that no new reader finds them; who found them before keeps the bytes. The index notes the
            // part: a later commit frees it.
            if isFound || view.isLeased(path) {
                areFreedPartsLeft = true
                continue
            }
            do throws(FileSystemError) {
                if !open.contains(path), try isEmpty(part.run) {
                    emptied.insert(path)
                    changes.removedRuns.append(part.run.id)
                    try fileSystem.remove(path)
                    removeDirectoryIfEmpty(parent(path))
                } else {
                    try RunRecovery.free(
                        part.offset..<part.offset + part.length, of: fileSystem.open(path, forWriting: true))
                    changes.freed.append(part)
                }
            } catch {
                guard error.kind == .notFound else { throw error }
                changes.freed.append(part)
            }
        }
        try index.commit(changes)
    }

    /// Waits a moment for those who began to look something up before its rows were gone.
    /// - Returns: whether one of them may yet lease it.
    private func isFoundByReaders() -> Bool {
        let generation = view.beginGeneration()
        // A look-up takes a fraction of a millisecond, that of a day's export some tens: it is not waited for here.
        for _ in 0..<5 where view.isLookedUp(before: generation) { usleep(1000) }
        return view.isLookedUp(before: generation)
    }

    private func isEmpty(_ run: ArchivedRun) throws(FileSystemError) -> Bool {
        do { return try index.run(path: run.path)?.segments == 0 } catch {
            throw FileSystemError(.other, operation: "read", path: RunPath.indexName, reason: "\(error)")
        }
    }

    private func removeDirectoryIfEmpty(_ directory: String) {
        do throws(FileSystemError) {
            try fileSystem.removeDirectory(directory)
            knownDirectories.remove(directory)
        } catch {
            // Something is in it: other runs, or somebody's file. An empty directory left behind does no harm.
        }
    }
}
