// Any disk, made to fail, tear writes, lie about sync or fill up on demand.
import Archive
import ArchiveStorage
import Foundation
import NIOCore
import Synchronization

/// Hands everything through to `base`, but for the trouble that is set.
final class FaultyFileSystem: ArchiveFileSystem {
    enum Trouble: String, Hashable, Sendable, CaseIterable {
        case none, failing, readOnly, tearing, lying, full
    }
    struct State {
        var trouble = Trouble.none
        /// Bytes that still go through while writes are torn or the disk fills up.
        var left = 0
    }
    let base: any ArchiveFileSystem
    private let state = Mutex(State())
    private let gate = WriteGate()

    init(_ base: any ArchiveFileSystem) { self.base = base }

    /// Writes wait until `goOn`.
    func stall() { gate.close() }
    func goOn() { gate.open() }
    /// A write waits.
    var isWaitedFor: Bool { gate.isWaitedFor }
    fileprivate func pass() { gate.pass() }

    func begin(_ trouble: Trouble) { state.withLock { $0 = State(trouble: trouble, left: 777) } }

    /// Asked before each change.
    fileprivate func check(_ operation: String, _ path: String) throws(FileSystemError) {
        let kind: FileSystemError.Kind? =
            switch state.withLock({ $0.trouble }) {
            case .failing: .inputOutput
            case .readOnly: .readOnly
            case .none, .tearing, .lying, .full: nil
            }
        if let kind { throw FileSystemError(kind, operation: operation, path: path, reason: "as ordered") }
    }

    /// How much of a write goes through, and what becomes of the rest.
    fileprivate func allowance(_ count: Int) -> (allowed: Int, failure: FileSystemError.Kind?) {
        state.withLock { state in
            guard state.trouble == .tearing || state.trouble == .full else { return (count, nil) }
            let allowed = min(count, state.left)
            state.left -= allowed
            guard allowed < count else { return (count, nil) }
            return (allowed, state.trouble == .full ? .full : .inputOutput)
        }
    }

    private var lies: Bool { state.withLock { $0.trouble == .lying } }

    func createDirectory(_ path: String) throws(FileSystemError) {
        try check("make the directory", path)
        try base.createDirectory(path)
    }
    func create(_ path: String) throws(FileSystemError) -> any ArchiveFile {
        try check("create", path)
        return FaultyFile(try base.create(path), path, self)
    }
    func open(_ path: String, forWriting: Bool) throws(FileSystemError) -> any ArchiveFile {
        FaultyFile(try base.open(path, forWriting: forWriting), path, self)
    }
    func list(_ path: String) throws(FileSystemError) -> [DirectoryEntry] { try base.list(path) }
    func remove(_ path: String) throws(FileSystemError) {
        try check("remove", path)
        try base.remove(path)
    }
    func removeDirectory(_ path: String) throws(FileSystemError) {
        try check("remove", path)
        try base.removeDirectory(path)
    }
    func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        try check("rename", path)
        try base.rename(path, to: newPath)
    }
    func syncDirectory(_ path: String) throws(FileSystemError) {
        try check("sync", path)
        if !lies { try base.syncDirectory(path) }
    }
    func sync(_ files: [any ArchiveFile]) throws(FileSystemError) {
        try check("sync", "")
        if !lies { try base.sync(files.compactMap { ($0 as? FaultyFile)?.base }) }
    }
    func space() throws(FileSystemError) -> DiskSpace { try base.space() }
}

final class FaultyFile: ArchiveFile {
    let base: any ArchiveFile
    private let path: String
    private let fileSystem: FaultyFileSystem

    init(_ base: any ArchiveFile, _ path: String, _ fileSystem: FaultyFileSystem) {
        self.base = base
        self.path = path
        self.fileSystem = fileSystem
    }

    func size() throws(FileSystemError) -> Int64 { try base.size() }
    func isLinked() throws(FileSystemError) -> Bool { try base.isLinked() }
    func releaseMemory(of part: Range<Int64>) { base.releaseMemory(of: part) }
    func read(at offset: Int64, count: Int) throws(FileSystemError) -> ByteBuffer {
        try base.read(at: offset, count: count)
    }

    func write(_ bytes: [ByteBuffer], at offset: Int64) throws(FileSystemError) {
        fileSystem.pass()
        try fileSystem.check("write to", path)
        let (allowed, failure) = fileSystem.allowance(bytes.reduce(0) { $0 + $1.readableBytes })
        var parts: [ByteBuffer] = []
        var left = allowed
        for buffer in bytes {
            guard let part = buffer.getSlice(at: buffer.readerIndex, length: min(left, buffer.readableBytes)) else {
                break
            }
            parts.append(part)
            left -= part.readableBytes
        }
        try base.write(parts, at: offset)
        if let failure { throw FileSystemError(failure, operation: "write to", path: path, reason: "as ordered") }
    }

    func truncate(to size: Int64) throws(FileSystemError) {
        try fileSystem.check("truncate", path)
        try base.truncate(to: size)
    }

    func punchHole(at offset: Int64, length: Int64) throws(FileSystemError) {
        try fileSystem.check("free a part of", path)
        try base.punchHole(at: offset, length: length)
    }
}

/// Lets writes through, or not.
private final class WriteGate: Sendable {
    private struct State {
        var isClosed = false
        var waiting = 0
    }
    private let state = Mutex(State())
    private let opened = DispatchSemaphore(value: 0)

    var isWaitedFor: Bool { state.withLock { $0.waiting > 0 } }
    func close() { state.withLock { $0.isClosed = true } }

    func open() {
        let waiting = state.withLock { state in
            state.isClosed = false
            defer { state.waiting = 0 }
            return state.waiting
        }
        for _ in 0..<waiting { opened.signal() }
    }

    func pass() {
        let mustWait = state.withLock { state in
            if state.isClosed { state.waiting += 1 }
            return state.isClosed
        }
        if mustWait { opened.wait() }
    }
}
