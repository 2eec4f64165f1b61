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
            var changes = IndexChanges()
            changes.streams = newStreams
            var segments = run.unindexed
            var size = run.closedSize
            var isGone = false
            do throws(FileSystemError) {
                if let found = try RunRecovery.recover(
                    run.run.path, on: fileSystem, indexed: run.closedSize, mayCut: true)
                {
                    segments += found.segments.map { ArchivedSegment($0, run: run.run) }
                    size = found.size
                } else {
                    // Not even the header was written.
                    try fileSystem.remove(run.run.path)
                    isGone = true
                }
            } catch {
                guard error.kind == .notFound else { throw error }
                knownDirectories.removeAll()
                isGone = true
            }
            if !isGone { try syncDirectories() }
            // What the ledger says of these segments goes with their rows.
            try writeJournal(of: stream)
            do {
                if isGone {
                    try forget(run, stream, &changes)
                } else {
                    // Of what it could not write a system may know nothing more at the next sync, which then succeeds (fsync on
                    // Linux). So the run stays open in the index: the next start compares its file with its rows, however old
                    // it is by then.
                    let row = RunRow(
                        run: run.run, first: run.run.start, end: segments.last?.end ?? run.run.start, size: size,
                        segments: 0, isOpen: true)
                    let known = try index.run(path: run.run.path)
                    if segments.isEmpty, known?.segments == 0 {
                        // All that it had was deleted while it could not be closed.
                        changes.removedRuns = [run.run.id]
                        try fileSystem.remove(run.run.path)
                    } else if !segments.isEmpty || known != nil {
                        changes.runs = [row.withEnd(max(row.end, known?.end ?? row.end))]
                        changes.added = segments.map { (stream.id, $0) }
                    } else {
                        // Not one chunk of it was written whole.
                        try fileSystem.remove(run.run.path)
                    }
                    try resolveOverlaps(of: stream, &changes)
                }
                if let touched = stream.touched, stream.journalLines.isEmpty {
                    changes.ledgers[stream.id] = .init(
                        ledger: stream.ledger, touched: touched, journal: stream.journal)
                }
                try index.commit(changes)
                if !changes.ledgers.isEmpty { stream.touched = nil }
            } catch {
                tellIndexFailure(error)
                throw FileSystemError(
                    .other, operation: "write", path: RunPath.indexName, reason: "\(error)")
            }
            newStreams.removeAll()
            stream.damaged.removeFirst()
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
            stream.end = try newestEnd(stream)
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
