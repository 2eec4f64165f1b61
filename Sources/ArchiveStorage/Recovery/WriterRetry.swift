// After a fault: the runs are recovered as after a crash, and recording resumes with the next segment.
import Archive
import Media

extension ArchiveWriter {
    /// Tries again what failed, where its time has come.
    func retryIfDue(at now: ArchiveInstant) {
        // Asked with every batch of chunks: sorting is for when something is wrong.
        guard streams.values.contains(where: { $0.fault != nil }) else { return }
        for stream in sortedStreams {
            guard let fault = stream.fault, now.uptime >= fault.retryAt else { continue }
            do throws(FileSystemError) {
                // First what there is gets into the index: only then can it be deleted to make room.
                try recoverDamaged(stream)
                if fault.error.kind == .full, try fileSystem.space().available < settings.resumeSpace {
                    throw fault.error
                }
                stream.fault = nil
                countFailing()
            } catch {
                fail(stream, error, now)
            }
        }
    }

    /// Closes the runs whose writing failed, and puts into the index what is whole of them.
    private func recoverDamaged(_ stream: StreamWriting) throws(FileSystemError) {
        while let run = stream.damaged.first {
            let found = try recoverFile(of: run)
            if found != nil { try syncDirectories() }
            // What the ledger says of these segments goes with their rows.
            try writeJournal(of: stream)
            let changes: IndexChanges
            do {
                changes = try rows(of: run, found, stream)
                try index.commit(changes)
            } catch {
                tellIndexFailure(error)
                throw FileSystemError(
                    .other, operation: "write", path: RunPath.indexName, reason: "\(error)")
            }
            if !changes.ledgers.isEmpty { stream.touched = nil }
            newStreams.removeAll()
            stream.damaged.removeFirst()
            publish(changes, of: run, stream)
            stream.end = try newestEnd(stream)
        }
    }

    /// What is whole of a run.
    private struct Remains {
        /// Those that the index lacks.
        var segments: [ArchivedSegment]
        /// Of the file, in bytes.
        var size: Int64
    }

    /// Nil when the file is gone, or when it had nothing in it and was removed.
    private func recoverFile(of run: OpenRun) throws(FileSystemError) -> Remains? {
        do throws(FileSystemError) {
            if let found = try RunRecovery.recover(
                run.run.path, on: fileSystem, indexed: run.closedSize, mayCut: true)
            {
                let segments = found.segments.map { ArchivedSegment($0, run: run.run) }
                return Remains(segments: run.unindexed + segments, size: found.size)
            }
            // Not even the header was written.
            try fileSystem.remove(run.run.path)
        } catch {
            guard error.kind == .notFound else { throw error }
            knownDirectories.removeAll()
        }
        return nil
    }

    /// What the index is to say of the run. A file of which it says nothing is removed.
    private func rows(of run: OpenRun, _ found: Remains?, _ stream: StreamWriting) throws -> IndexChanges {
        var changes = IndexChanges()
        changes.streams = newStreams
        if let found {
            try add(run, found, stream, &changes)
            try resolveOverlaps(of: stream, &changes)
        } else {
            try forget(run, stream, &changes)
        }
        if let touched = stream.touched, stream.journalLines.isEmpty {
            changes.ledgers[stream.id] = .init(ledger: stream.ledger, touched: touched, journal: stream.journal)
        }
        return changes
    }

    private func add(
        _ run: OpenRun, _ found: Remains, _ stream: StreamWriting, _ changes: inout IndexChanges
    ) throws {
        let known = try index.run(path: run.run.path)
        if found.segments.isEmpty, known?.segments == 0 {
            // All that it had was deleted while it could not be closed.
            changes.removedRuns = [run.run.id]
            return try fileSystem.remove(run.run.path)
        }
        guard !found.segments.isEmpty || known != nil else {
            // Not one chunk of it was written whole.
            return try fileSystem.remove(run.run.path)
        }
        // Of what it could not write a system may know nothing more at the next sync, which then succeeds (fsync on Linux). So the
        // run stays open in the index: the next start compares its file with its rows, however old it is by then.
        let row = RunRow(
            run: run.run, first: run.run.start, end: found.segments.last?.end ?? run.run.start, size: found.size,
            segments: 0, isOpen: true)
        changes.runs = [row.withEnd(max(row.end, known?.end ?? row.end))]
        changes.added = found.segments.map { (stream.id, $0) }
    }

    /// Readers see what the index has now, and what it lost is freed.
    private func publish(_ changes: IndexChanges, of run: OpenRun, _ stream: StreamWriting) {
        let added = changes.added.map(\.segment)
        let removed = changes.removed.map(\.segment)
        stream.indexed(added)
        view.update(stream.name) {
            $0.unindexed.removeAll { $0.run.path == run.run.path }
            $0.bytes += added.reduce(Int64(0)) { $0 + Int64($1.length) }
            $0.bytes -= removed.reduce(Int64(0)) { $0 + Int64($1.length) }
            $0.segments += Int64(added.count - removed.count)
            if let last = added.last { $0.end = max($0.end ?? last.end, last.end) }
        }
        view.changed(stream.name, added + removed)
        do { try free(changes.toFree) } catch {
            // They are noted in the index: the next start frees them.
            tellIndexFailure(error)
        }
    }

    /// The file is gone: so are its rows.
    private func forget(_ run: OpenRun, _ stream: StreamWriting, _ changes: inout IndexChanges) throws {
        let lost = try index.segments(ofRun: run.run)
        changes.removed = lost.map { (stream.id, $0) }
        changes.removedRuns = [run.run.id]
        for segment in lost + run.unindexed { stream.record(.gap(Gap(segment.range, .diskError))) }
        if !lost.isEmpty || !run.unindexed.isEmpty {
            report(.bytesMissing(path: run.run.path, segments: lost.count + run.unindexed.count))
        }
    }

    /// The end of what is recorded. A ledger's gap that reaches beyond it counts too: it is accounted for.
    func newestEnd(_ stream: StreamWriting) throws(FileSystemError) -> MediaTime? {
        do {
            let last = try index.segment(of: stream.name, startingBefore: TimeRange.always.end)?.end
            let pending = stream.runs.flatMap(\.pending).map(\.end).max()
            let gap = stream.ledger.gaps.gaps.last?.range.end
            return [last, pending, gap].compactMap { $0 }.max()
        } catch {
            throw FileSystemError(.other, operation: "read", path: RunPath.indexName, reason: "\(error)")
        }
    }
}

extension ArchivedSegment {
    /// A segment as its trailer in the file of `run` tells it.
    init(_ trailer: SegmentTrailer, run: ArchivedRun) {
        self.init(
            start: trailer.start, duration: trailer.duration, run: run, offset: trailer.offset,
            length: trailer.length, digest: trailer.digest, isDiscontinuous: trailer.isDiscontinuous,
            isInterrupted: trailer.isInterrupted)
    }
}

extension RunRow {
    func withEnd(_ end: MediaTime) -> RunRow {
        var copy = self
        copy.end = end
        return copy
    }
}
