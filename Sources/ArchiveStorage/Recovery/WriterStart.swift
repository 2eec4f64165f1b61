// Start of a store: what a crash left is made whole, from the last indexed byte on; without an index, from all files.
import Archive
import Media
import NIOCore

extension ArchiveWriter {
    /// Reads the index and looks at the files that it may not know: those of each stream's last day, and open ones.
    ///
    /// An empty index makes this a rebuild: then all days are after the last one.
    func start() throws {
        nextRunID = try index.lastRunID() + 1
        for row in try index.streams() {
            try adopt(row)
        }
        let directories = try streamDirectories(below: "")
        for name in directories where streams[name] == nil { _ = stream(name) }
        var seen: Set<String> = []
        for stream in sortedStreams {
            var changes = IndexChanges()
            changes.streams = newStreams
            try replayJournal(of: stream)
            try recoverRuns(of: stream, &seen, &changes)
            try settle(stream, &changes)
            try commit(changes, of: stream)
            newStreams.removeAll()
        }
        for row in try index.openRuns() where !seen.contains(row.run.path) {
            guard let stream = streams[row.run.stream] else { continue }
            var changes = IndexChanges()
            try recover(row.run.path, row, of: stream, isNewest: false, &changes)
            try settle(stream, &changes)
            try commit(changes, of: stream)
        }
        try finishDeletions()
        for row in try index.streams() {
            guard let stream = streams[row.name] else { continue }
            view.update(row.name) {
                $0.bytes = row.bytes
                $0.segments = row.segments
                $0.ledger = stream.ledger
                $0.end = stream.end
                $0.pause = stream.pause
            }
        }
    }

    /// What the ledger has learnt goes to the journal before it goes to the index: a crash in between would else leave an
    /// index that says what no file tells.
    private func commit(_ found: IndexChanges, of stream: StreamWriting) throws {
        var changes = found
        do throws(FileSystemError) {
            try writeJournal(of: stream)
        } catch {
            // The lines wait for the next sync, which tells the error if it is still there.
        }
        if let touched = stream.touched {
            changes.ledgers[stream.id] = .init(ledger: stream.ledger, touched: touched, journal: stream.journal)
        }
        try syncDirectories()
        try index.commit(changes)
        if stream.journalLines.isEmpty { stream.touched = nil }
        stream.end = try newestEnd(stream)
    }

    /// Makes what was found in files agree with the ledger and with itself.
    private func settle(_ stream: StreamWriting, _ changes: inout IndexChanges) throws {
        let noted = try takeNoted(of: stream, &changes)
        try resolveOverlaps(of: stream, &changes)
        changes.toFree += Self.parts(noted)
        try yieldGaps(of: stream, changes)
    }

    /// Where a file lost its bytes, another run may still hold that time: what is there is no gap. A deletion stays noted; what
    /// it left undone is finished after this.
    private func yieldGaps(of stream: StreamWriting, _ changes: IndexChanges) throws {
        let leaving = Set(changes.removed.filter { $0.0 == stream.id }.map(\.1.start))
        for gap in stream.ledger.gaps.gaps where gap.cause != .deleted {
            let held = try index.segments(of: stream.name, touching: gap.range).filter { !leaving.contains($0.start) }
            for segment in held { stream.record(.clear(segment.range)) }
        }
    }

    private func adopt(_ row: StreamRow) throws {
        let stream = StreamWriting(
            id: row.id, name: row.name, ledger: try index.ledger(of: row.id),
            journal: .init(generation: row.journalGeneration, offset: row.journalOffset))
        streams[row.name] = stream
        nextStreamID = max(nextStreamID, row.id + 1)
    }

    /// Directories that hold days or a journal: the streams.
    private func streamDirectories(below path: String) throws(FileSystemError) -> [String] {
        var found: [String] = []
        let entries = try fileSystem.list(path)
        if !path.isEmpty,
            entries.contains(where: { $0.isDirectory ? RunPath.isDate($0.name) : $0.name == RunPath.journalName })
        {
            found.append(path)
        }
        for entry in entries {
            let child = path.isEmpty ? entry.name : path + "/" + entry.name
            if entry.isDirectory {
                guard !RunPath.isDate(entry.name), RunPath.objection(toStream: child) == nil else { continue }
                found += try streamDirectories(below: child)
            } else if !isOurs(entry.name, in: path) {
                report(.foreignFile(path: child))
            }
        }
        return found
    }

    private func isOurs(_ name: String, in directory: String) -> Bool {
        directory.isEmpty ? name.hasPrefix(RunPath.indexName) : name.hasPrefix(RunPath.journalName)
    }

    private func recoverRuns(
        of stream: StreamWriting, _ seen: inout Set<String>, _ changes: inout IndexChanges
    ) throws {
        let rows = try index.runs(of: stream.name)
        let byPath = Dictionary(uniqueKeysWithValues: rows.map { ($0.run.path, $0) })
        let lastDay = rows.last.map { RunPath.date(of: $0.run.start) } ?? ""
        let entries: [DirectoryEntry]
        do throws(FileSystemError) { entries = try fileSystem.list(stream.name) } catch {
            guard error.kind == .notFound else { throw error }
            entries = []
        }
        var paths: [String] = []
        for day in entries where day.isDirectory && RunPath.isDate(day.name) && day.name >= lastDay {
            let directory = stream.name + "/" + day.name
            for entry in try fileSystem.list(directory) {
                let path = directory + "/" + entry.name
                if !entry.isDirectory, RunPath.isRun(entry.name) {
                    paths.append(path)
                } else {
                    report(.foreignFile(path: path))
                }
            }
        }
        // What the index does not know was being written when the server died. Without an index, only the last files can be that:
        // tracks that change and sources that come and go begin a few within one sync.
        let newest = Set(rows.isEmpty ? paths.suffix(4) : paths[...])
        for path in paths {
            seen.insert(path)
            try recover(path, byPath[path], of: stream, isNewest: newest.contains(path), &changes)
        }
        // Rows of that day whose file is gone.
        for row in rows.suffix(64)
        where !seen.contains(row.run.path) && RunPath.date(of: row.run.start) >= lastDay {
            seen.insert(row.run.path)
            try recover(row.run.path, row, of: stream, isNewest: false, &changes)
        }
    }

    /// Compares one file with its row, and makes them agree.
    private func recover(
        _ path: String, _ row: RunRow?, of stream: StreamWriting, isNewest: Bool, _ changes: inout IndexChanges
    ) throws {
        lookedAt?(path)
        let size: Int64?
        do throws(FileSystemError) {
            size = try fileSystem.open(path, forWriting: false).size()
        } catch {
            guard error.kind == .notFound else { throw error }
            size = nil
        }
        if let row, size ?? 0 < row.size { return try drop(row, beyond: size, of: stream, &changes) }
        guard let size else { return }
        if let row, row.size == size {
            if row.isOpen, row.segments == 0 {
                // All that it had was deleted while it was open.
                changes.removedRuns.append(row.run.id)
                try fileSystem.remove(path)
            } else if row.isOpen {
                changes.runs.append(row.closed())
            }
            return
        }
        guard
            let found = try RunRecovery.recover(
                path, on: fileSystem, indexed: row?.size, mayCut: isNewest || row != nil)
        else { return try leave(path, size, isNewest: isNewest) }
        if let damage = found.damage { report(.damagedFile(path: path, reason: damage)) }
        guard found.header.stream == stream.name else { return report(.foreignFile(path: path)) }
        let run =
            row?.run
            ?? ArchivedRun(
                id: nextRunID, stream: stream.name, path: path, start: found.header.start,
                origin: found.header.origin, tracksFingerprint: found.header.tracksFingerprint,
                initializationLength: found.header.initializationLength)
        if row == nil { nextRunID += 1 }
        let segments = found.segments.map { ArchivedSegment($0, run: run) }
        if row == nil, segments.isEmpty, found.damage == nil {
            // A run of which not one chunk was written whole.
            return try fileSystem.remove(path)
        }
        changes.runs.append(
            RunRow(
                run: run, first: row?.first ?? segments.first?.start ?? run.start,
                end: segments.last?.end ?? row?.end ?? run.start, size: found.size, segments: 0, isOpen: false))
        changes.added += segments.map { (stream.id, $0) }
        noteDirectories(of: path)
        if row != nil || found.cut > 0 || segments.last?.isInterrupted == true {
            report(.recovered(path: path, segments: segments.count, bytesCut: found.cut))
        }
    }

    /// A file without Weir's header: an own one that was torn right at its start goes, any other stays as it is.
    private func leave(_ path: String, _ size: Int64, isNewest: Bool) throws(FileSystemError) {
        let start = try fileSystem.open(path, forWriting: false).read(at: 0, count: 8)
        let isTorn = size < 64 << 10 && (size < 8 || start.getString(at: start.readerIndex + 4, length: 4) == "ftyp")
        if isNewest, isTorn, try RunScanner.isStartOnly(fileSystem.open(path, forWriting: false)) {
            try fileSystem.remove(path)
        } else {
            report(.foreignFile(path: path))
        }
    }

    /// The file is shorter than the index says, or gone: the disk did not keep what it promised.
    private func drop(
        _ row: RunRow, beyond size: Int64?, of stream: StreamWriting, _ changes: inout IndexChanges
    ) throws {
        let segments = try index.segments(ofRun: row.run)
        let lost = segments.filter {
            $0.offset + Int64($0.length + SegmentTrailer.boxLength) > size ?? 0
        }
        for segment in lost { stream.record(.gap(Gap(segment.range, .diskError))) }
        changes.removed += lost.map { (stream.id, $0) }
        if !lost.isEmpty { report(.bytesMissing(path: row.run.path, segments: lost.count)) }
        guard size != nil, lost.count < segments.count, let last = segments.dropLast(lost.count).last else {
            changes.removedRuns.append(row.run.id)
            if size != nil { try fileSystem.remove(row.run.path) }
            return
        }
        let end = last.offset + Int64(last.length + SegmentTrailer.boxLength)
        let file = try fileSystem.open(row.run.path, forWriting: true)
        try file.truncate(to: end)
        // The row closes the file: what a power cut brought back behind it, nobody would look at again.
        try fileSystem.sync([file])
        var shorter = row
        shorter.end = last.end
        shorter.size = end
        shorter.isOpen = false
        changes.runs.append(shorter)
    }

    /// Takes in the lines of the journal that the index does not have.
    private func replayJournal(of stream: StreamWriting) throws {
        let path = stream.name + "/" + RunPath.journalName
        let file: any ArchiveFile
        let bytes: ByteBuffer
        do throws(FileSystemError) {
            file = try fileSystem.open(path, forWriting: false)
            bytes = try file.read(at: 0, count: Int(try file.size()))
        } catch {
            guard error.kind == .notFound else { throw error }
            stream.isJournalLost = !stream.ledger.entries.isEmpty
            return
        }
        let known =
            stream.journal.generation == 0 ? nil : (stream.journal.generation, stream.journal.offset)
        guard let found = JournalText.read(bytes, known: known) else {
            report(.journalDamaged(stream: stream.name, lines: 1))
            stream.isJournalLost = true
            return
        }
        if found.damagedLines > 0 { report(.journalDamaged(stream: stream.name, lines: found.damagedLines)) }
        if found.isNew { stream.ledger = StreamLedger() }
        for entry in found.entries { stream.ledger.apply(entry) }
        stream.journal = .init(generation: found.generation, offset: found.end)
        guard found.isNew || !found.entries.isEmpty else { return }
        stream.touched = .always
        // Perhaps they are not on the disk yet: the index may speak of them only after this, else it knows more than a journal
        // which the power then cuts short, and which would be believed.
        try fileSystem.sync([file])
    }
}

extension RunRow {
    func closed() -> RunRow {
        var copy = self
        copy.isOpen = false
        return copy
    }
}
