// Works on a store that no server has open: makes its index anew, mends what can be mended.
import Archive
import CMAF
import Glibc
import Media
import NIOCore

/// A store, opened for itself alone. What a crash left is taken up when it is opened, as a server would. Blocks.
package final class ArchiveWorkshop {
    private let writer: ArchiveWriter
    private let index: ArchiveIndex
    private let fileSystem: PosixFileSystem
    private let lockDescriptor: Int32

    /// - Parameters:
    ///   - rebuild: the index is set aside as `index.sqlite.before-rebuild` and made anew from the files.
    ///   - progress: of a rebuild, in files.
    /// - Throws: `ArchiveError.inUse` when a server has the store open.
    package init(
        root: String, rebuild: Bool, progress: @escaping (ArchiveProgress) -> Void = { _ in },
        report: @escaping @Sendable (ArchiveEvent) -> Void
    ) throws {
        guard access(root, F_OK) == 0 else { throw FileSystemError.last(errno, "open", root) }
        fileSystem = PosixFileSystem(root: root)
        lockDescriptor = try ArchiveStore.takeLock(root)
        do {
            if rebuild { try Self.setIndexAside(root) }
            index = try ArchiveStore.openIndex(root, report)
            let total = rebuild ? try Self.runCount(fileSystem, below: "") : 0
            writer = ArchiveWriter(
                fileSystem: fileSystem, index: index, settings: ArchiveSettings(origin: ""), view: ArchiveView(),
                report: report)
            var state = ArchiveProgress(done: 0, total: total, path: "")
            writer.lookedAt = { path in
                state.done = min(total, state.done + 1)
                state.path = path
                progress(state)
            }
            try writer.start()
            writer.lookedAt = nil
        } catch {
            close(lockDescriptor)
            throw error
        }
    }

    deinit { close(lockDescriptor) }

    /// Whether a server, or another workshop, has the store open.
    package static func isServed(_ root: String) -> Bool {
        let descriptor = open(root + "/" + RunPath.indexName + ".lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Ended with the descriptor; a server that starts in this very moment tries again.
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    package var inspection: ArchiveInspection { ArchiveInspection(index: index, fileSystem: fileSystem) }

    private static func setIndexAside(_ root: String) throws {
        let path = root + "/" + RunPath.indexName
        for suffix in ["", "-wal", "-shm"] where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, path + ".before-rebuild" + suffix) == 0 else {
                throw FileSystemError.last(errno, "rename", path + suffix)
            }
        }
    }

    private static func runCount(_ fileSystem: PosixFileSystem, below path: String) throws -> Int64 {
        try fileSystem.list(path).reduce(0) { sum, entry in
            let child = path.isEmpty ? entry.name : path + "/" + entry.name
            return sum
                + (entry.isDirectory ? try runCount(fileSystem, below: child) : RunPath.isRun(entry.name) ? 1 : 0)
        }
    }

    // MARK: Repair

    /// What became of a finding.
    package enum Remedy: String, Hashable, Sendable {
        /// Written again from what the index knows.
        case mended
        /// Taken out of the archive, with a gap of the cause `disk-error`: players and other servers are not given it.
        case removed
        /// Nothing can be done here.
        case left
    }

    /// Mends what the rest of the store can tell, and takes out what is lost.
    package func repair(_ findings: [ArchiveFinding]) throws -> [(finding: ArchiveFinding, remedy: Remedy)] {
        var result: [(ArchiveFinding, Remedy)] = []
        for finding in findings { result.append((finding, try remedy(finding))) }
        writer.stop(at: .now())
        return result
    }

    private func remedy(_ finding: ArchiveFinding) throws -> Remedy {
        switch finding.kind {
        case .media, .missing: return try remove(finding)
        case .trailer: return try rewriteTrailer(finding)
        case .header: return try rewriteHeader(finding)
        case .structure: return try rewriteFreedParts(finding)
        case .journal:
            guard let stream = writer.streams[finding.stream] else { return .left }
            stream.isJournalLost = true
            try writer.writeJournal(of: stream)
            return .mended
        case .unindexed, .index: return .left
        }
    }

    private func segment(_ finding: ArchiveFinding) throws -> ArchivedSegment? {
        guard let start = finding.start else { return nil }
        return try index.segment(of: finding.stream, start: start)
    }

    private func remove(_ finding: ArchiveFinding) throws -> Remedy {
        guard let stream = writer.streams[finding.stream] else { return .left }
        // The start of the store may have taken a row without its bytes out already.
        guard let segment = try segment(finding) else { return finding.start == nil ? .left : .removed }
        try writer.takeOut([segment], of: stream)
        return .removed
    }

    private func rewriteTrailer(_ finding: ArchiveFinding) throws -> Remedy {
        guard let segment = try segment(finding) else { return .left }
        let file = try fileSystem.open(segment.run.path, forWriting: true)
        try file.write([segment.trailer.box], at: segment.offset + Int64(segment.length))
        try fileSystem.sync([file])
        return .mended
    }

    /// The header follows from the row and from any other file with the same tracks.
    private func rewriteHeader(_ finding: ArchiveFinding) throws -> Remedy {
        guard let row = try index.run(path: finding.path) else { return .left }
        let run = row.run
        let header = RunHeader(
            stream: run.stream, start: run.start, origin: run.origin, tracksFingerprint: run.tracksFingerprint,
            initializationLength: run.initializationLength,
            isDiscontinuous: try index.segment(of: run.stream, start: run.start)?.isDiscontinuous ?? false)
        let file = try fileSystem.open(run.path, forWriting: true)
        var bytes = [try file.read(at: 0, count: run.initializationLength)]
        if Fingerprint(of: bytes[0]).value != run.tracksFingerprint {
            guard let found = try initialization(like: run) else { return .left }
            bytes = [found]
        }
        bytes.append(header.box)
        // A header of another length would overwrite media.
        let end = Int64(bytes.reduce(0) { $0 + $1.readableBytes })
        guard let first = try index.segments(ofRun: run).map(\.offset).min(), first >= end else { return .left }
        try file.write(bytes, at: 0)
        try fileSystem.sync([file])
        return .mended
    }

    private func initialization(like run: ArchivedRun) throws -> ByteBuffer? {
        for other in try index.runs(of: run.stream).map(\.run)
        where other.tracksFingerprint == run.tracksFingerprint && other.path != run.path {
            let bytes = try fileSystem.open(other.path, forWriting: false).read(at: 0, count: run.initializationLength)
            if Fingerprint(of: bytes).value == run.tracksFingerprint { return bytes }
        }
        return nil
    }

    /// What lies between two segments belongs to nobody: it becomes one freed part.
    private func rewriteFreedParts(_ finding: ArchiveFinding) throws -> Remedy {
        guard let next = try segment(finding) else { return .left }
        let before = try index.segments(ofRun: next.run).filter { $0.offset < next.offset }.max {
            $0.offset < $1.offset
        }
        let file = try fileSystem.open(next.run.path, forWriting: true)
        guard
            let start = try before.map({ $0.offset + Int64($0.length + SegmentTrailer.boxLength) })
                ?? RunScanner.header(of: file)?.end, next.offset - start >= 8,
            let length = UInt32(exactly: next.offset - start)
        else { return .left }
        var box = ByteBuffer()
        box.writeInteger(length)
        box.writeString("free")
        try file.write([box], at: start)
        try fileSystem.sync([file])
        return .mended
    }
}
