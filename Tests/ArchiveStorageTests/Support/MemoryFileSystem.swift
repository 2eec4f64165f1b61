// A disk in memory that can crash, tear, fill up, fail, and lie about what it has made durable.
import Archive
import ArchiveStorage
import NIOCore
import Synchronization

/// Keeps for each file what is in it and what a crash leaves of it.
final class MemoryFileSystem: ArchiveFileSystem {
    final class Node: Sendable {
        struct Contents {
            var bytes: [UInt8] = []
            /// What is on the disk.
            var durable: [UInt8] = []
            var isLinked = true
            /// How often `bytes` changed: who has read them need not read them again.
            var changes = 0
            /// What the system was told to forget, as far as it was synced.
            var released: [Range<Int64>] = []
        }
        let contents = Mutex(Contents())
    }

    struct State {
        var files: [String: Node] = [:]
        var directories: Set<String> = [""]
        /// Entries that survive a crash: files and directories whose directory was synced.
        var durableFiles: [String: Node] = [:]
        var durableDirectories: Set<String> = [""]
        var capacity: Int64 = .max / 4
        /// Which disk it is.
        var number: UInt64 = 0
        /// Thrown by the next writes, syncs and creations while it is set.
        var failure: FileSystemError.Kind?
        /// Bytes that may still be written before `tornWrite` strikes.
        var writeBudget: Int?
        var lies = false
        /// Changes until the power goes; nil: it stays.
        var changesLeft: Int?
        /// The power is gone: nothing changes any more until `crash` or `kill`.
        var isOff = false
        /// Bytes of all files.
        var used: Int64 = 0
    }
    let state = Mutex(State())

    /// - Parameters:
    ///   - keep: how much of what was written stays of a file.
    ///   - zero: a part of what stays behind the durable bytes that was never written, though the file had grown.
    func crash(
        keepingUnsynced keep: (_ durable: Int, _ written: Int) -> Int,
        zeroing zero: (_ unsynced: Range<Int>) -> Range<Int>? = { _ in nil }
    ) {
        state.withLock { state in
            state.files = state.durableFiles
            state.directories = state.durableDirectories
            state.failure = nil
            state.writeBudget = nil
            state.changesLeft = nil
            state.isOff = false
            defer { state.used = state.files.values.reduce(0) { $0 + $1.contents.withLock { Int64($0.bytes.count) } } }
            for (_, node) in state.files.sorted(by: { $0.key < $1.key }) {
                node.contents.withLock { contents in
                    let kept = keep(contents.durable.count, contents.bytes.count)
                    if kept >= contents.durable.count, kept <= contents.bytes.count {
                        contents.bytes = Array(contents.bytes[..<kept])
                        if contents.durable.count < kept, let lost = zero(contents.durable.count..<kept) {
                            for index in lost { contents.bytes[index] = 0 }
                        }
                    } else {
                        contents.bytes = contents.durable
                    }
                    contents.durable = contents.bytes
                    contents.changes += 1
                }
            }
        }
    }

    /// What a killed process leaves: everything that was written.
    func kill() {
        state.withLock {
            $0.failure = nil
            $0.writeBudget = nil
            $0.changesLeft = nil
            $0.isOff = false
        }
    }

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    var paths: [String] { state.withLock { $0.files.keys.sorted() } }

    func bytes(_ path: String) -> [UInt8]? {
        state.withLock { $0.files[path] }?.contents.withLock { $0.bytes }
    }

    func released(_ path: String) -> [Range<Int64>]? {
        state.withLock { $0.files[path] }?.contents.withLock { $0.released }
    }

    func put(_ bytes: [UInt8], at path: String) throws {
        try createDirectory(parent(path))
        state.withLock {
            let node = Node()
            node.contents.withLock {
                $0.bytes = bytes; $0.durable = bytes
            }
            $0.files[path] = node
            $0.durableFiles[path] = node
            $0.used += Int64(bytes.count)
        }
    }

    private func parent(_ path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
    }

    func check(_ operation: String, _ path: String) throws(FileSystemError) {
        let failure: FileSystemError.Kind? = state.withLock { state in
            if state.isOff { return .inputOutput }
            if let left = state.changesLeft {
                state.changesLeft = left - 1
                if left <= 0 {
                    state.isOff = true
                    return .inputOutput
                }
            }
            return state.failure
        }
        if let failure { throw FileSystemError(failure, operation: operation, path: path, reason: "as ordered") }
    }

    func createDirectory(_ path: String) throws(FileSystemError) {
        try check("make the directory", path)
        state.withLock { state in
            var current = path
            while !current.isEmpty {
                state.directories.insert(current)
                current = parent(current)
            }
        }
    }

    func create(_ path: String) throws(FileSystemError) -> any ArchiveFile {
        try check("create", path)
        let result: Result<Node, FileSystemError> = state.withLock { state in
            guard state.directories.contains(parent(path)) else {
                return .failure(FileSystemError(.notFound, operation: "create", path: path, reason: "no directory"))
            }
            guard state.files[path] == nil else {
                return .failure(FileSystemError(.exists, operation: "create", path: path, reason: "exists"))
            }
            let node = Node()
            state.files[path] = node
            return .success(node)
        }
        return MemoryFile(try result.get(), path, self)
    }

    func open(_ path: String, forWriting: Bool) throws(FileSystemError) -> any ArchiveFile {
        guard let node = state.withLock({ $0.files[path] }) else {
            throw FileSystemError(.notFound, operation: "open", path: path, reason: "no such file")
        }
        return MemoryFile(node, path, self)
    }

    func list(_ path: String) throws(FileSystemError) -> [DirectoryEntry] {
        let entries: [DirectoryEntry]? = state.withLock { state in
            guard state.directories.contains(path) else { return nil }
            let prefix = path.isEmpty ? "" : path + "/"
            func children(_ names: some Sequence<String>) -> [String] {
                names.filter { !$0.isEmpty && $0.hasPrefix(prefix) && parent($0) == path }
                    .map { String($0.dropFirst(prefix.count)) }
            }
            return
                (children(state.directories).map { DirectoryEntry(name: $0, isDirectory: true) }
                + children(state.files.keys).map { DirectoryEntry(name: $0, isDirectory: false) })
                .sorted { $0.name < $1.name }
        }
        guard let entries else {
            throw FileSystemError(.notFound, operation: "list", path: path, reason: "no such directory")
        }
        return entries
    }

    func remove(_ path: String) throws(FileSystemError) {
        try check("remove", path)
        let node = state.withLock { state in
            state.durableFiles[path] = nil
            let node = state.files.removeValue(forKey: path)
            if let node { state.used -= node.contents.withLock { Int64($0.bytes.count) } }
            return node
        }
        guard let node else {
            throw FileSystemError(.notFound, operation: "remove", path: path, reason: "no such file")
        }
        node.contents.withLock { $0.isLinked = false }
    }

    /// Removes a directory with all that is in it, as an operator may do behind our back.
    func removeTree(_ path: String) {
        for file in paths where file.hasPrefix(path + "/") {
            do { try remove(file) } catch { preconditionFailure("a listed file cannot be missing: \(error)") }
        }
        state.withLock { state in
            state.directories = state.directories.filter { $0 != path && !$0.hasPrefix(path + "/") }
            state.durableDirectories.formIntersection(state.directories)
        }
    }

    func removeDirectory(_ path: String) throws(FileSystemError) {
        guard try list(path).isEmpty else {
            throw FileSystemError(.notEmpty, operation: "remove", path: path, reason: "not empty")
        }
        try check("remove", path)
        state.withLock { _ = $0.directories.remove(path) }
    }

    func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        try check("rename", path)
        state.withLock { state in
            let node = state.files.removeValue(forKey: path)
            if let old = state.files[newPath] { state.used -= old.contents.withLock { Int64($0.bytes.count) } }
            state.files[newPath] = node
        }
    }

    func syncDirectory(_ path: String) throws(FileSystemError) {
        try check("sync", path)
        state.withLock { state in
            guard !state.lies else { return }
            if state.directories.contains(path) { state.durableDirectories.insert(path) }
            for (file, node) in state.files where parent(file) == path { state.durableFiles[file] = node }
            for directory in state.directories where parent(directory) == path {
                state.durableDirectories.insert(directory)
            }
            let gone = state.durableFiles.keys.filter { parent($0) == path && state.files[$0] == nil }
            for file in gone { state.durableFiles[file] = nil }
        }
    }

    func sync(_ files: [any ArchiveFile]) throws(FileSystemError) {
        for case let file as MemoryFile in files {
            try check("sync", file.path)
            if state.withLock({ $0.lies }) { continue }
            file.node.contents.withLock { $0.durable = $0.bytes }
        }
    }

    func space() throws(FileSystemError) -> DiskSpace {
        let (used, capacity, number) = state.withLock { ($0.used, $0.capacity, $0.number) }
        return DiskSpace(total: capacity, available: max(0, capacity - used), disk: number)
    }

    /// How much of a write goes through before the ordered fault.
    func allowance(_ count: Int) throws(FileSystemError) -> (allowed: Int, failure: FileSystemError.Kind?) {
        let space = try space()
        return state.withLock { state in
            if state.isOff { return (0, .inputOutput) }
            if let left = state.changesLeft {
                state.changesLeft = left - 1
                if left <= 0 {
                    // Torn in the middle.
                    state.isOff = true
                    return (count / 2, .inputOutput)
                }
            }
            if let failure = state.failure { return (0, failure) }
            var allowed = count
            var failure: FileSystemError.Kind?
            if let budget = state.writeBudget {
                allowed = min(count, budget)
                state.writeBudget = budget - allowed
                if allowed < count { failure = .inputOutput }
            }
            if Int64(allowed) > space.available {
                allowed = Int(space.available)
                failure = .full
            }
            return (allowed, failure)
        }
    }
}

final class MemoryFile: ArchiveFile {
    let node: MemoryFileSystem.Node
    let path: String
    private let fileSystem: MemoryFileSystem

    init(_ node: MemoryFileSystem.Node, _ path: String, _ fileSystem: MemoryFileSystem) {
        self.node = node
        self.path = path
        self.fileSystem = fileSystem
    }

    func size() throws(FileSystemError) -> Int64 { node.contents.withLock { Int64($0.bytes.count) } }
    func isLinked() throws(FileSystemError) -> Bool { node.contents.withLock { $0.isLinked } }
    func releaseMemory(of part: Range<Int64>) {
        node.contents.withLock { contents in
            if part.upperBound <= contents.durable.count { contents.released.append(part) }
        }
    }

    func write(_ bytes: [ByteBuffer], at offset: Int64) throws(FileSystemError) {
        let all = bytes.flatMap { Array($0.readableBytesView) }
        let (allowed, failure) = try fileSystem.allowance(all.count)
        node.contents.withLock { contents in
            contents.changes += 1
            let end = Int(offset) + allowed
            if contents.bytes.count < end {
                let growth = Int64(end - contents.bytes.count)
                if contents.isLinked { fileSystem.set { $0.used += growth } }
                contents.bytes += [UInt8](repeating: 0, count: end - contents.bytes.count)
            }
            contents.bytes.replaceSubrange(Int(offset)..<end, with: all[..<allowed])
        }
        if let failure { throw FileSystemError(failure, operation: "write to", path: path, reason: "as ordered") }
    }

    func read(at offset: Int64, count: Int) throws(FileSystemError) -> ByteBuffer {
        node.contents.withLock { contents in
            let from = min(Int(offset), contents.bytes.count)
            return ByteBuffer(bytes: contents.bytes[from..<min(contents.bytes.count, from + count)])
        }
    }

    func truncate(to size: Int64) throws(FileSystemError) {
        try fileSystem.check("truncate", path)
        node.contents.withLock { contents in
            guard contents.bytes.count > Int(size) else { return }
            contents.changes += 1
            let shrinkage = Int64(contents.bytes.count) - size
            if contents.isLinked { fileSystem.set { $0.used -= shrinkage } }
            contents.bytes.removeSubrange(Int(size)...)
        }
    }

    func punchHole(at offset: Int64, length: Int64) throws(FileSystemError) {
        try fileSystem.check("free a part of", path)
        node.contents.withLock { contents in
            contents.changes += 1
            for index in Int(offset)..<min(contents.bytes.count, Int(offset + length)) { contents.bytes[index] = 0 }
        }
    }
}
