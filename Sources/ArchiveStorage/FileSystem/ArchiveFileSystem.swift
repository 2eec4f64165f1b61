// The disk as the archive sees it: handed in, so that the same code runs on a real, a virtual and a failing one.
package import Archive
package import NIOCore

/// A tree of files. Paths are relative to the store's root, parts are separated by `/`, the root itself is the empty path.
package protocol ArchiveFileSystem: AnyObject, Sendable {
    /// Makes a directory and those above it. Nothing happens when it exists.
    func createDirectory(_ path: String) throws(FileSystemError)
    /// Makes a new file; throws `.exists` when there is one.
    func create(_ path: String) throws(FileSystemError) -> any ArchiveFile
    /// Opens a file for reading, and for writing when asked; throws `.notFound` when there is none.
    func open(_ path: String, forWriting: Bool) throws(FileSystemError) -> any ArchiveFile
    /// What is in a directory, by name; throws `.notFound` when there is none.
    func list(_ path: String) throws(FileSystemError) -> [DirectoryEntry]
    /// Removes a file. Who has it open may go on reading it.
    func remove(_ path: String) throws(FileSystemError)
    /// Removes a directory; throws `.notEmpty` when something is in it.
    func removeDirectory(_ path: String) throws(FileSystemError)
    /// Puts a file in the place of another in one step.
    func rename(_ path: String, to newPath: String) throws(FileSystemError)
    /// Returns when the entries of a directory are on the disk.
    func syncDirectory(_ path: String) throws(FileSystemError)
    /// Returns when the contents of all `files` are on the disk.
    func sync(_ files: [any ArchiveFile]) throws(FileSystemError)
    /// The space of the whole disk.
    func space() throws(FileSystemError) -> DiskSpace
}

/// An open file. Closed when it is released. Belongs to one thread at a time.
package protocol ArchiveFile: AnyObject {
    func size() throws(FileSystemError) -> Int64
    /// Writes all bytes one after the other. When it throws, any part of them may have been written.
    func write(_ bytes: [ByteBuffer], at offset: Int64) throws(FileSystemError)
    /// Up to `count` bytes; fewer at the end of the file.
    func read(at offset: Int64, count: Int) throws(FileSystemError) -> ByteBuffer
    func truncate(to size: Int64) throws(FileSystemError)
    /// Gives the space of a part back to the disk where it can; the part reads as zeroes or as before.
    func punchHole(at offset: Int64, length: Int64) throws(FileSystemError)
    /// False when somebody removed the file: what is written to it is lost.
    func isLinked() throws(FileSystemError) -> Bool
    /// Lets the system give the memory of a part to others; who reads the part gets it from the disk. Only of what is synced.
    func releaseMemory(of part: Range<Int64>)
}

package struct DirectoryEntry: Hashable, Sendable {
    package var name: String
    package var isDirectory: Bool
    package init(name: String, isDirectory: Bool) {
        self.name = name
        self.isDirectory = isDirectory
    }
}

/// An operation on a file that failed: what, where, why, and whether it may mend itself.
package struct FileSystemError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        case full, readOnly, notFound, exists, notEmpty, inputOutput, other
    }
    package var kind: Kind
    package var operation: String
    package var path: String
    /// What the system says.
    package var reason: String

    package init(_ kind: Kind, operation: String, path: String, reason: String) {
        self.kind = kind
        self.operation = operation
        self.path = path
        self.reason = reason
    }

    package var description: String { "cannot \(operation) \(path.isEmpty ? "the archive's root" : path): \(reason)" }

    /// The cause of the gap that comes of it.
    package var gapCause: GapCause { kind == .full ? .diskFull : .diskError }
}
