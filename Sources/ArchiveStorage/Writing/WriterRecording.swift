// Chunks into the runs of their streams: where a segment begins, where a run ends, and what is refused.
import Archive
import CMAF
import Media
import NIOCore

extension ArchiveWriter {
    /// Stages a chunk. Nothing is written before `flush`.
    func append(_ chunk: Chunk, to name: String, at now: ArchiveInstant) {
        let stream = stream(name)
        guard stream.fault == nil, chunk.duration > .zero else { return countDrop() }
        if chunk.startsSegment { return begin(chunk, stream, now) }
        guard let run = stream.run, let open = run.open else { return countDrop() }
        guard chunk.segmentStart == open.start, chunk.start == open.end, chunk.end <= stream.limit ?? chunk.end else {
            if chunk.end > stream.limit ?? chunk.end { refuse(stream, chunk) }
            finishRun(stream)
            return countDrop()
        }
        guard clearGap(chunk, stream, now) else { return }
        run.append(chunk)
        stream.end = max(stream.end ?? chunk.end, chunk.end)
        stage(stream)
    }

    /// A chunk is recorded where the ledger knows of a gap: the clock of the source has run back into it. The journal says so
    /// before the bytes are there: a deletion that is noted there would take them.
    /// - Returns: false when it cannot be said.
    private func clearGap(_ chunk: Chunk, _ stream: StreamWriting, _ now: ArchiveInstant) -> Bool {
        let range = TimeRange(chunk.start, chunk.end)
        guard let last = stream.ledger.gaps.gaps.last, last.range.end > chunk.start,
            !stream.ledger.gaps.gaps(in: range).isEmpty
        else { return true }
        let before = (stream.ledger, stream.journalLines, stream.touched)
        stream.record(.clear(range))
        do throws(FileSystemError) {
            try writeJournal(of: stream, durably: false)
            return true
        } catch {
            // The chunk is not recorded: the gap stays.
            (stream.ledger, stream.journalLines, stream.touched) = before
            fail(stream, error, now)
            return false
        }
    }

    /// The stream delivers nothing any more, or the recorder had to drop chunks: the open segment ends here.
    func pause(_ name: String, _ cause: GapCause) {
        guard let stream = streams[name] else { return }
        // A stop of the server says nothing new about a source that is away already.
        if stream.run != nil || cause != .serverDown { stream.pause = cause }
        finishRun(stream)
        view.update(name) { $0.pause = stream.pause }
    }

    private func begin(_ chunk: Chunk, _ stream: StreamWriting, _ now: ArchiveInstant) {
        closeSegment(stream, isInterrupted: stream.run?.open.map { $0.end != chunk.start } ?? false)
        switch room(for: chunk, stream) {
        case .taken:
            stream.pause = .overlap
            refuse(stream, chunk)
            finishRun(stream)
            return countDrop()
        case .free(let until): stream.limit = until
        }
        if let run = stream.run, !continues(chunk, run) { finishRun(stream) }
        do {
            if stream.run == nil { try openRun(chunk, stream) }
        } catch {
            return fail(stream, error, now)
        }
        guard let run = stream.run else { return }
        if let end = stream.end, chunk.start > end {
            stream.record(.gap(Gap(TimeRange(end, chunk.start), stream.pause)))
            // At once: its cause is nowhere else, and a killed process would take it along.
            do throws(FileSystemError) {
                try writeJournal(of: stream, durably: false)
            } catch {
                return fail(stream, error, now)
            }
        }
        guard clearGap(chunk, stream, now) else { return }
        stream.pause = .sourceAway
        stream.isRefusalTold = false
        run.append(chunk)
        stream.end = max(stream.end ?? chunk.end, chunk.end)
        view.update(stream.name) {
            $0.ledger = stream.ledger
            $0.pause = nil
            $0.recordedEnd = chunk.start
        }
        stage(stream)
    }

    private func continues(_ chunk: Chunk, _ run: OpenRun) -> Bool {
        run.end == chunk.start && !chunk.isDiscontinuous && run.tracks == chunk.tracks
            && run.run.start.index(of: DigestPeriod.hour) == chunk.start.index(of: DigestPeriod.hour)
    }

    /// Whether there is room for a chunk that starts a segment.
    private enum Room {
        /// Its time is recorded already, or nobody knows.
        case taken
        /// `until`: where what is recorded already begins again.
        case free(until: MediaTime?)
    }

    private func room(for chunk: Chunk, _ stream: StreamWriting) -> Room {
        guard let end = stream.end, chunk.start < end else { return .free(until: nil) }
        var neighbours = stream.runs.flatMap(\.pending)
        do {
            if let before = try index.segment(of: stream.name, startingBefore: chunk.end) { neighbours.append(before) }
            neighbours += try index.segments(
                of: stream.name, startingIn: TimeRange(chunk.start, TimeRange.always.end), limit: 1)
        } catch {
            tellIndexFailure(error)
            return .taken
        }
        if neighbours.contains(where: { $0.range.overlaps(TimeRange(chunk.start, chunk.end)) }) { return .taken }
        return .free(until: neighbours.lazy.map(\.start).filter { $0 >= chunk.end }.min())
    }

    private func openRun(_ chunk: Chunk, _ stream: StreamWriting) throws(FileSystemError) {
        let initialization = InitializationSegment.write(chunk.tracks)
        let (run, file) = try createRun(
            of: stream, start: chunk.start, origin: settings.origin, initialization: initialization, isFetched: false)
        stream.run = OpenRun(
            run, tracks: chunk.tracks, initialization: initialization, isDiscontinuous: chunk.isDiscontinuous,
            file: file)
    }

    /// Makes the file of a new run under a name that is free.
    func createRun(
        of stream: StreamWriting, start: MediaTime, origin: String, initialization: ByteBuffer, isFetched: Bool
    ) throws(FileSystemError) -> (ArchivedRun, any ArchiveFile) {
        var attempt = 0
        while true {
            let path = RunPath.path(stream: stream.name, start: start, isFetched: isFetched, attempt: attempt)
            try makeDirectory(of: path)
            do {
                let file = try fileSystem.create(path)
                let run = ArchivedRun(
                    id: nextRunID, stream: stream.name, path: path, start: start, origin: origin,
                    tracksFingerprint: Fingerprint(of: initialization).value,
                    initializationLength: initialization.readableBytes)
                nextRunID += 1
                return (run, file)
            } catch {
                guard error.kind == .exists || error.kind == .notFound, attempt < 99 else { throw error }
                // Not found: somebody removed the directory while we ran.
                if error.kind == .notFound { knownDirectories.removeAll() }
                attempt += 1
            }
        }
    }

    private func makeDirectory(of path: String) throws(FileSystemError) {
        let directory = parent(path)
        guard !knownDirectories.contains(directory) else {
            newDirectories.insert(directory)
            return
        }
        try fileSystem.createDirectory(directory)
        if knownDirectories.count > 10_000 { knownDirectories.removeAll() }
        knownDirectories.insert(directory)
        noteDirectories(of: path)
    }

    // MARK: Ends

    func closeSegment(_ stream: StreamWriting, isInterrupted: Bool) {
        guard stream.run?.closeSegment(isInterrupted: isInterrupted) != nil else { return }
        stage(stream)
    }

    /// Ends the run; its open segment becomes a short one.
    func finishRun(_ stream: StreamWriting) {
        closeSegment(stream, isInterrupted: true)
        guard let run = stream.run else { return }
        run.isFinished = true
        run.isDirty = true
        stream.finished.append(run)
        stream.run = nil
    }

    private func stage(_ stream: StreamWriting) {
        if staged.last !== stream { staged.append(stream) }
    }

    private func countDrop() {
        view.count { $0.chunksDropped += 1 }
    }

    private func refuse(_ stream: StreamWriting, _ chunk: Chunk) {
        guard !stream.isRefusalTold else { return }
        stream.isRefusalTold = true
        report(.overlapRefused(stream: stream.name, from: chunk.start))
    }
}
