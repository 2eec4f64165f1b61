// The one writer of a store: what it knows, how it writes what is staged, and its faults. Steps are called by one thread.
import Archive
import Media

/// Writes what recorders hand over. Not thread safe on purpose: the writer thread, or a test with its own clock, steps it.
///
///     chunk ─► stage ─► flush (bytes in files) ─► sync (files, directories, journals, then rows)
///                          │ error
///                          ▼
///     fault: drop chunks ─► back-off ─► recover the runs, as after a crash ─► next segment starts a new run
package final class ArchiveWriter {
    let fileSystem: any ArchiveFileSystem
    let index: ArchiveIndex
    var settings: ArchiveSettings
    let view: ArchiveView
    let report: @Sendable (ArchiveEvent) -> Void
    /// Measures how long the disk takes.
    let stopwatch: @Sendable () -> Duration
    /// When the slowest write was last forgotten.
    var slowestSince: Duration?
    var streams: [String: StreamWriting] = [:]
    /// Streams and runs that the index lacks.
    var newStreams: [StreamRow] = []
    var nextStreamID: Int64 = 1
    var nextRunID: Int64 = 1
    /// Streams with staged bytes.
    var staged: [StreamWriting] = []
    /// Directories with entries that are not on the disk yet.
    var newDirectories: Set<String> = []
    /// Directories that are known to exist.
    var knownDirectories: Set<String> = []
    var nextSync: Duration?
    var indexFailure: String?
    var keeping = KeepingState()
    /// Other stores, which may lie on the same disk, and the name of this one among them.
    var neighbours: (DiskNeighbours, root: String)?
    /// The index notes parts of files that could not be freed.
    var areFreedPartsLeft = false
    /// Told of each run file that the start looks at.
    var lookedAt: ((_ path: String) -> Void)?

    init(
        fileSystem: any ArchiveFileSystem, index: ArchiveIndex, settings: ArchiveSettings, view: ArchiveView,
        stopwatch: @escaping @Sendable () -> Duration = { .zero }, report: @escaping @Sendable (ArchiveEvent) -> Void
    ) {
        self.stopwatch = stopwatch
        self.fileSystem = fileSystem
        self.index = index
        self.settings = settings
        self.view = view
        self.report = report
    }

    /// The stream's state; made when it is new here.
    func stream(_ name: String) -> StreamWriting {
        if let stream = streams[name] { return stream }
        let stream = StreamWriting(
            id: nextStreamID, name: name, ledger: StreamLedger(), journal: .init(generation: 0, offset: 0))
        nextStreamID += 1
        streams[name] = stream
        newStreams.append(StreamRow(id: stream.id, name: name, bytes: 0, segments: 0))
        view.update(name) { $0.pause = .serverDown }
        return stream
    }

    // MARK: Writing

    /// Writes what is staged, one write per run. Errors become faults of their streams.
    func flush(at now: ArchiveInstant) {
        let waiting = staged
        staged.removeAll(keepingCapacity: true)
        for stream in waiting where stream.fault == nil {
            do throws(FileSystemError) {
                for run in stream.runs {
                    let chunks = run.staged.count
                    let began = stopwatch()
                    let (bytes, closed) = try run.flush()
                    guard bytes > 0 else { continue }
                    measure(stopwatch() - began, at: now)
                    let media = closed.reduce(Int64(0)) { $0 + Int64($1.length) }
                    view.count {
                        $0.bytesWritten += bytes
                        $0.mediaBytesWritten += media
                        $0.chunksWritten += Int64(chunks - closed.count)
                        $0.segmentsWritten += Int64(closed.count)
                    }
                    guard let last = closed.last else { continue }
                    // A retry may succeed and the next write fail again: only a segment is a resumption.
                    if stream.attempts > 0 { report(.recordingResumed(stream: stream.name)) }
                    stream.attempts = 0
                    view.update(stream.name) {
                        $0.unindexed += closed
                        $0.end = max($0.end ?? last.end, last.end)
                        $0.ledger = stream.ledger
                    }
                    view.changed(stream.name, closed)
                }
            } catch {
                fail(stream, error, now)
            }
        }
    }

    private func measure(_ time: Duration, at now: ArchiveInstant) {
        let isNewMinute = slowestSince.map { now.uptime - $0 >= .seconds(60) } ?? true
        if isNewMinute { slowestSince = now.uptime }
        view.count {
            $0.writes += 1
            $0.writeTime += time
            $0.slowestWrite = isNewMinute ? time : max($0.slowestWrite, time)
        }
    }

    /// The stream cannot be written now: its runs are left to recovery, chunks are dropped until a retry succeeds.
    func fail(_ stream: StreamWriting, _ error: FileSystemError, _ now: ArchiveInstant) {
        stream.damaged += stream.runs
        stream.finished = []
        stream.run = nil
        stream.fetched = []
        stream.superseded = []
        stream.attempts += 1
        let delay = min(30.0, 0.5 * Double(1 << min(stream.attempts, 6)))
        if stream.fault == nil, stream.attempts == 1 {
            report(.recordingFailed(stream: stream.name, error))
        }
        stream.fault = .init(error: error, retryAt: now.uptime + .seconds(delay), attempts: stream.attempts)
        stream.pause = error.gapCause
        view.count { $0.writeErrors += 1 }
        view.update(stream.name) { $0.pause = stream.pause }
        countFailing()
    }

    func countFailing() {
        let failing = streams.values.reduce(0) { $0 + ($1.fault == nil ? 0 : 1) }
        view.count { $0.failingStreams = failing }
    }

    func tellIndexFailure(_ error: any Error) {
        let reason = "\(error)"
        if indexFailure == nil { report(.indexFailed(reason: reason)) }
        indexFailure = reason
    }
}

/// The directory that a path lies in; empty for the root.
func parent(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
}
