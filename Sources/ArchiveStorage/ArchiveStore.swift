// A store: a directory with the archives of many streams. What other rooms use of the archive.
package import Archive
import Dispatch
import Foundation
import Glibc
import Media
import Synchronization

/// One store on one disk. Reading members may be called from any thread and never wait for writing.
package final class ArchiveStore: Sendable {
    /// Segments, ranges, gaps, locks, digests.
    package let reader: ArchiveReader
    private let view: ArchiveView
    private let queue: CommandQueue
    /// Where the run files are: paths as in `ArchivedRun.path`.
    package let fileSystem: any ArchiveFileSystem
    private let report: @Sendable (ArchiveEvent) -> Void
    private let neighbours: DiskNeighbours
    private let finished = DispatchSemaphore(value: 0)
    private let lockDescriptor: Int32
    private let isClosed = Mutex(false)
    /// Absolute path of the store's directory.
    package let root: String

    /// Opens the store at `root`, and makes it when there is none. Takes up what a crash left; see docs/archive.md.
    ///
    /// Blocks while it looks at the tails of files: not to be called on an event loop. A missing or damaged index is
    /// rebuilt from the files here, which takes as long as reading a few bytes per chunk of the archive.
    /// - Throws: `ArchiveError` when another process has it open; what the disk says when it cannot be read.
    ///
    /// `neighbours`: the other stores of this server, of which some may lie on the same disk.
    package convenience init(
        root: String, settings: ArchiveSettings, neighbours: DiskNeighbours = DiskNeighbours(),
        report: @escaping @Sendable (ArchiveEvent) -> Void
    ) throws {
        try self.init(
            root: root, fileSystem: PosixFileSystem(root: root), settings: settings, neighbours: neighbours,
            clock: { .now() }, report: report)
    }

    init(
        root: String, fileSystem: any ArchiveFileSystem, settings: ArchiveSettings,
        neighbours: DiskNeighbours = DiskNeighbours(), clock: @escaping @Sendable () -> ArchiveInstant,
        report: @escaping @Sendable (ArchiveEvent) -> Void
    ) throws {
        try fileSystem.createDirectory("")
        self.root = root
        self.fileSystem = fileSystem
        self.report = report
        self.neighbours = neighbours
        lockDescriptor = try Self.takeLock(root)
        view = ArchiveView()
        queue = CommandQueue(limit: settings.queueLimit)
        do {
            let index = try Self.openIndex(root, report)
            reader = ArchiveReader(index: index, view: view)
            let writer = ArchiveWriter(
                fileSystem: fileSystem, index: index, settings: settings, view: view,
                stopwatch: { clock().uptime }, report: report)
            writer.neighbours = (neighbours, root)
            try writer.start()
            Self.startThread(writer, queue: queue, clock: clock, finished: finished)
        } catch {
            Glibc.close(lockDescriptor)
            throw error
        }
    }

    /// Writes what is queued, syncs, ends the writer thread. Blocks until then; harmless when called twice.
    package func close() {
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        queue.close()
        finished.wait()
        neighbours.forget(root)
        Glibc.close(lockDescriptor)
    }

    // MARK: Recording

    /// Sets how long the stream is kept and gives what records it. One recorder per stream at a time.
    /// - Throws: `ArchiveError.unsuitableName`, which says why.
    package func recorder(for stream: String, keeping policy: RetentionPolicy) throws(ArchiveError) -> ArchiveRecorder {
        if let objection = RunPath.objection(toStream: stream) {
            throw ArchiveError(.unsuitableName, "the stream `\(stream)` cannot be archived: \(objection)")
        }
        setPolicy(policy, of: stream)
        return ArchiveRecorder(stream: stream, queue: queue, view: view, report: report)
    }

    /// Changes how long a stream is kept. A stream without a policy (none was set since the start) keeps everything.
    package func setPolicy(_ policy: RetentionPolicy, of stream: String) {
        view.update(stream) { $0.policy = policy }
    }

    /// Changes how often what was written is forced to the disk.
    package func setDurability(_ durability: Durability) {
        // A closed store has written all there is.
        _ = queue.post(
            .perform { writer, _ in
                guard writer.settings.durability != durability else { return }
                writer.settings.durability = durability
                writer.nextSync = nil
            })
    }

    /// Takes the file of a segment for reading: until the lease is released, its bytes stay. The file may be sent as it
    /// is: `length` bytes from `offset` at `path`.
    package func lease(_ segment: ArchivedSegment) -> SegmentLease {
        SegmentLease(segment.run.path, absolutePath: root + "/" + segment.run.path, view: view)
    }

    /// The segment of a URL, and its file taken for reading; nil when there is none (any more).
    package func lease(_ key: SegmentKey) throws -> (segment: ArchivedSegment, lease: SegmentLease)? {
        try holding { try reader.segment(key).map { ($0, lease($0)) } }
    }

    /// Finds segments to lease them: what is found stays until `find` has returned, and with a lease from then on.
    package func holding<T>(_ find: () throws -> T) rethrows -> T { try view.holding(find) }

    /// Counters, for the API and for metrics.
    package func statistics() -> ArchiveStatistics {
        var statistics = view.statistics
        statistics.queuedBytes = queue.bytes
        return statistics
    }

    /// Chunks wait for the disk: what is not live should wait too.
    var isBusy: Bool { queue.bytes > queue.limit / 8 }

    /// Size of the store's disk and what is free on it for the server, in bytes; nil when the disk does not say.
    package func space() -> (total: Int64, available: Int64)? {
        // A disk that cannot even be asked has other events.
        (try? fileSystem.space()).map { ($0.total, $0.available) }
    }

    // MARK: Changes, done by the writer

    /// Deletes the segments that lie wholly in `range`, except those that are protected, being read or being written.
    /// They do not come back by replication.
    package func delete(_ range: TimeRange, of stream: String) async throws -> DeletionResult {
        try await perform { try $0.delete(range, of: stream, at: $1) }
    }

    /// Protects a range, of the past or the future, from retention and deletion.
    package func lock(_ range: TimeRange, of stream: String, note: String) async throws -> ProtectedRange {
        if let objection = RunPath.objection(toStream: stream) {
            throw ArchiveError(.unsuitableName, "the stream `\(stream)` cannot be archived: \(objection)")
        }
        return try await perform { writer, _ in try writer.lock(range, of: stream, note: note) }
    }

    /// - Returns: false when there is no such lock.
    package func unlock(_ id: Int64, of stream: String) async throws -> Bool {
        try await perform { writer, _ in try writer.unlock(id, of: stream) }
    }

    /// Returns when all that was handed over before is on the disk and in the index.
    package func sync() async throws {
        try await perform { $0.sync(at: $1) }
    }

    func perform<T: Sendable>(
        _ work: @escaping @Sendable (ArchiveWriter, ArchiveInstant) throws -> T
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = queue.post(
                .perform { writer, now in continuation.resume(with: Result { try work(writer, now) }) })
            if !isTaken { continuation.resume(throwing: ArchiveError(.closed, "the archive is closed")) }
        }
    }

    // MARK: Start

    private static func startThread(
        _ writer: sending ArchiveWriter, queue: CommandQueue, clock: @escaping @Sendable () -> ArchiveInstant,
        finished: DispatchSemaphore
    ) {
        let box = Mutex<ArchiveWriter?>(writer)
        let thread = Thread {
            guard let writer = box.withLock({ $0.take() }) else { return }
            while true {
                let (commands, isClosed) = queue.take()
                writer.step(commands, at: clock())
                queue.done(commands)
                if isClosed, commands.isEmpty { break }
            }
            writer.stop(at: clock())
            finished.signal()
        }
        thread.name = "archive-writer"
        thread.start()
    }

    static func takeLock(_ root: String) throws -> Int32 {
        let path = root + "/" + RunPath.indexName + ".lock"
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileSystemError.last(errno, "open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(descriptor)
            throw ArchiveError(.inUse, "another process has the archive \(root) open: stop it first")
        }
        return descriptor
    }

    /// An index that cannot be used is set aside, never deleted.
    static func openIndex(_ root: String, _ report: (ArchiveEvent) -> Void) throws -> ArchiveIndex {
        let path = root + "/" + RunPath.indexName
        let isMissing = access(path, F_OK) != 0
        if let index = try ArchiveIndex.open(path: path) {
            if isMissing { report(.indexRebuilt(reason: "there was no index")) }
            return index
        }
        for suffix in ["", "-wal", "-shm"] where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, path + ".damaged" + suffix) == 0 else {
                throw FileSystemError.last(errno, "rename", path + suffix)
            }
        }
        report(.indexRebuilt(reason: "the index was damaged or of another version; it is kept as \(path).damaged"))
        guard let index = try ArchiveIndex.open(path: path) else {
            throw ArchiveError(.damagedIndex, "the new index \(path) cannot be read")
        }
        return index
    }
}

extension ArchiveInstant {
    /// By the clocks of the machine.
    static func now() -> ArchiveInstant {
        var utc = timespec()
        var uptime = timespec()
        clock_gettime(CLOCK_REALTIME, &utc)
        clock_gettime(CLOCK_MONOTONIC, &uptime)
        return ArchiveInstant(
            utc: MediaTime(ticks: Int64(utc.tv_sec) * mediaTicksPerSecond + Int64(utc.tv_nsec) * 9 / 100_000),
            uptime: .seconds(uptime.tv_sec) + .nanoseconds(uptime.tv_nsec))
    }
}

/// Keeps the bytes of a file where they are while somebody reads them. Released with the object.
package final class SegmentLease: Sendable {
    /// Absolute path of the run file.
    package let path: String
    private let name: String
    private let view: ArchiveView

    init(_ name: String, absolutePath: String, view: ArchiveView) {
        self.name = name
        self.path = absolutePath
        self.view = view
        view.lease(name)
    }

    deinit { view.endLease(name) }
}
