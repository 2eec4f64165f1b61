// Makes what was written durable: files, directories, journals, and only then the rows that speak of them.
import Archive
import Media
import NIOCore

extension ArchiveWriter {
    /// When `sync` is due by itself; nil when nothing waits for it.
    func syncIfDue(at now: ArchiveInstant) {
        let period: Duration =
            switch settings.durability {
            case .every(let period): period
            // Journals and rows are still to be written.
            case .system: .seconds(1)
            }
        guard let next = nextSync else {
            nextSync = now.uptime + period
            return
        }
        guard now.uptime >= next else { return }
        nextSync = now.uptime + period
        sync(at: now)
    }

    /// Commits all closed segments. A stream whose file or journal cannot be synced becomes faulty and waits.
    func sync(at now: ArchiveInstant) {
        let began = stopwatch()
        defer {
            let time = stopwatch() - began
            view.count { $0.syncTime += time }
        }
        let kept = settings.memory / Int64(max(1, streams.values.count { !$0.runs.isEmpty }))
        for stream in sortedStreams where stream.fault == nil {
            do throws(FileSystemError) {
                try syncFiles(of: stream, keeping: kept)
            } catch {
                fail(stream, error, now)
            }
        }
        do throws(FileSystemError) {
            try syncDirectories()
        } catch {
            // Rows of files whose entries a power cut could take wait for the next sync.
            return tellIndexFailure(error)
        }
        var changes = IndexChanges()
        changes.streams = newStreams
        for stream in sortedStreams where stream.fault == nil {
            do throws(FileSystemError) {
                try writeJournal(of: stream)
            } catch {
                fail(stream, error, now)
                continue
            }
            collect(stream, &changes)
        }
        commit(changes)
    }

    var sortedStreams: [StreamWriting] { streams.values.sorted { $0.id < $1.id } }

    /// What is on the disk goes from memory but for `kept` bytes a stream. Else an archive fills all memory with what few will
    /// read, and each byte is written to memory that others used last: twice the time (docs/performance.md).
    private func syncFiles(of stream: StreamWriting, keeping kept: Int64) throws(FileSystemError) {
        for run in stream.runs where run.isDirty {
            if settings.durability != .system {
                try fileSystem.sync([run.file])
                run.releaseMemory(keeping: run.isFinished ? 0 : kept)
            }
            guard try run.file.isLinked() else {
                knownDirectories.removeAll()
                throw FileSystemError(
                    .notFound, operation: "write to", path: run.run.path, reason: "somebody removed the file")
            }
        }
    }

    /// Makes the entries of new files and directories durable.
    func syncDirectories() throws(FileSystemError) {
        guard settings.durability != .system else { return newDirectories.removeAll() }
        for directory in newDirectories.sorted() {
            do throws(FileSystemError) {
                try fileSystem.syncDirectory(directory)
            } catch {
                // Somebody removed it: its files tell that themselves.
                guard error.kind == .notFound else { throw error }
            }
            newDirectories.remove(directory)
        }
    }

    /// The entries of a file and of the directories above it are to be made durable.
    func noteDirectories(of path: String) {
        var directory = path
        repeat {
            directory = parent(directory)
            newDirectories.insert(directory)
        } while !directory.isEmpty
    }

    private func collect(_ stream: StreamWriting, _ changes: inout IndexChanges) {
        for run in stream.runs where run.isDirty {
            guard !run.unindexed.isEmpty || run.isFinished else { continue }
            changes.runs.append(run.row(isOpen: !run.isFinished))
            changes.added += run.unindexed.map { (stream.id, $0) }
        }
        let gone = stream.superseded + stream.doomed
        changes.removed += gone.map { (stream.id, $0) }
        changes.toFree += Self.parts(gone)
        if let touched = stream.touched {
            changes.ledgers[stream.id] = .init(ledger: stream.ledger, touched: touched, journal: stream.journal)
        }
    }

    /// Commits, and forgets what the index has now. What cannot be committed stays and comes with the next sync.
    func commit(_ changes: IndexChanges) {
        do {
            try index.commit(changes)
        } catch {
            return tellIndexFailure(error)
        }
        indexFailure = nil
        newStreams.removeAll()
        view.count { $0.syncs += 1 }
        for stream in streams.values where stream.fault == nil {
            let added = stream.runs.flatMap(\.unindexed)
            for run in stream.runs {
                run.unindexed = []
                run.isDirty = !run.staged.isEmpty
            }
            stream.finished.removeAll { $0.staged.isEmpty }
            stream.touched = nil
            let gone = stream.superseded + stream.doomed
            stream.superseded = []
            stream.doomed = []
            guard !added.isEmpty || !gone.isEmpty else { continue }
            stream.indexed(added)
            view.update(stream.name) {
                let known = Set(added.map(\.start))
                $0.unindexed.removeAll { known.contains($0.start) }
                $0.bytes += added.reduce(Int64(0)) { $0 + Int64($1.length) }
                $0.bytes -= gone.reduce(Int64(0)) { $0 + Int64($1.length) }
                $0.segments += Int64(added.count - gone.count)
            }
            view.changed(stream.name, gone)
        }
        let areSomeLeft = areFreedPartsLeft
        areFreedPartsLeft = false
        do {
            if areSomeLeft { try finishDeletions() } else { try free(changes.toFree) }
        } catch {
            // They are noted in the index: the next commit or start frees them.
            areFreedPartsLeft = true
            tellIndexFailure(error)
        }
    }

    // MARK: Journals

    /// The journal is written anew when it is longer than this and much longer than it need be.
    static let journalLimit: Int64 = 64 << 10

    /// - Parameter durably: a power cut must not lose it; else a killed process does not.
    func writeJournal(of stream: StreamWriting, durably: Bool = true) throws(FileSystemError) {
        guard
            !stream.journalLines.isEmpty || stream.isJournalLost || stream.isJournalTorn
                || durably && stream.isJournalDirty
        else { return }
        let path = stream.name + "/" + RunPath.journalName
        if stream.isJournalLost || stream.journal.generation == 0
            || stream.journal.offset > Self.journalLimit
        {
            return try rewriteJournal(of: stream, path)
        }
        let file: any ArchiveFile
        do throws(FileSystemError) {
            file = try fileSystem.open(path, forWriting: true)
        } catch {
            guard error.kind == .notFound else { throw error }
            return try rewriteJournal(of: stream, path)
        }
        let text = ByteBuffer(string: stream.journalLines)
        // What a failed write left behind must not stand after the next line, and not be read by the next start: nothing of it
        // has happened.
        if try file.size() > stream.journal.offset { try file.truncate(to: stream.journal.offset) }
        stream.isJournalTorn = true
        try file.write([text], at: stream.journal.offset)
        if durably {
            if settings.durability != .system { try fileSystem.sync([file]) }
            stream.isJournalDirty = false
        } else {
            stream.isJournalDirty = true
        }
        stream.isJournalTorn = false
        stream.journal.offset += Int64(text.readableBytes)
        stream.journalLines = ""
    }

    /// All that the ledger has, under a new generation, put in the place of the old journal in one step.
    private func rewriteJournal(of stream: StreamWriting, _ path: String) throws(FileSystemError) {
        let generation = stream.journal.generation + 1
        let text = ByteBuffer(
            string: JournalText.header(generation: generation)
                + stream.ledger.entries.map { JournalText.line($0) }.joined())
        try fileSystem.createDirectory(stream.name)
        let temporary = path + ".new"
        do throws(FileSystemError) { try fileSystem.remove(temporary) } catch {
            guard error.kind == .notFound else { throw error }
        }
        let file = try fileSystem.create(temporary)
        try file.write([text], at: 0)
        try fileSystem.sync([file])
        try fileSystem.rename(temporary, to: path)
        stream.journal = .init(generation: generation, offset: Int64(text.readableBytes))
        stream.journalLines = ""
        // Until its entry is on the disk, the old one may come back.
        stream.isJournalLost = true
        try fileSystem.syncDirectory(stream.name)
        stream.isJournalLost = false
        stream.isJournalDirty = false
        stream.isJournalTorn = false
        stream.touch(stream.touched ?? TimeRange(MediaTime(ticks: 0), MediaTime(ticks: 0)))
    }
}
