// The real disk.
package import Archive
import Glibc
import NIOCore

/// Files below a directory of the machine.
package final class PosixFileSystem: ArchiveFileSystem {
    /// Absolute path of the root.
    package let root: String

    package init(root: String) {
        self.root = root
    }

    private func absolute(_ path: String) -> String { path.isEmpty ? root : root + "/" + path }

    package func createDirectory(_ path: String) throws(FileSystemError) {
        var current = absolute(path).hasPrefix("/") ? "" : "."
        for part in absolute(path).split(separator: "/") {
            current += "/" + part
            if mkdir(current, 0o755) != 0, errno != EEXIST {
                let code = errno
                // A directory above the root may be there although it is not ours to make (read-only parents).
                if access(current, F_OK) != 0 { throw .last(code, "make the directory", path) }
            }
        }
    }

    package func create(_ path: String) throws(FileSystemError) -> any ArchiveFile {
        let descriptor = Glibc.open(absolute(path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .last(errno, "create", path) }
        return PosixFile(descriptor, path)
    }

    package func open(_ path: String, forWriting: Bool) throws(FileSystemError) -> any ArchiveFile {
        let descriptor = Glibc.open(absolute(path), (forWriting ? O_RDWR : O_RDONLY) | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(errno, "open", path) }
        return PosixFile(descriptor, path)
    }

    package func list(_ path: String) throws(FileSystemError) -> [DirectoryEntry] {
        guard let directory = opendir(absolute(path)) else { throw .last(errno, "list", path) }
        defer { closedir(directory) }
        var entries: [DirectoryEntry] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else {
                if errno != 0 { throw .last(errno, "list", path) }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            var isDirectory = Int32(entry.pointee.d_type) == Int32(DT_DIR)
            if Int32(entry.pointee.d_type) == Int32(DT_UNKNOWN) {
                var status = stat()
                isDirectory =
                    lstat(absolute(path.isEmpty ? name : path + "/" + name), &status) == 0
                    && status.st_mode & S_IFMT == S_IFDIR
            }
            entries.append(DirectoryEntry(name: name, isDirectory: isDirectory))
        }
        return entries.sorted { $0.name < $1.name }
    }

    package func remove(_ path: String) throws(FileSystemError) {
        if unlink(absolute(path)) != 0 { throw .last(errno, "remove", path) }
    }

    package func removeDirectory(_ path: String) throws(FileSystemError) {
        if rmdir(absolute(path)) != 0 { throw .last(errno, "remove the directory", path) }
    }

    package func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        if Glibc.rename(absolute(path), absolute(newPath)) != 0 { throw .last(errno, "rename", path) }
    }

    package func syncDirectory(_ path: String) throws(FileSystemError) {
        let descriptor = Glibc.open(absolute(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(errno, "sync the directory", path) }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw .last(errno, "sync the directory", path) }
    }

    package func sync(_ files: [any ArchiveFile]) throws(FileSystemError) {
        for case let file as PosixFile in files where fdatasync(file.descriptor) != 0 {
            throw .last(errno, "sync", file.path)
        }
    }

    package func space() throws(FileSystemError) -> DiskSpace {
        var status = statvfs()
        guard statvfs(root, &status) == 0 else { throw .last(errno, "ask for the space of", "") }
        let unit = Int64(status.f_frsize)
        var place = stat()
        guard stat(root, &place) == 0 else { throw .last(errno, "look at", "") }
        return DiskSpace(
            total: Int64(status.f_blocks) * unit, available: Int64(status.f_bavail) * unit, disk: UInt64(place.st_dev))
    }
}

extension FileSystemError {
    static func last(_ code: Int32, _ operation: String, _ path: String) -> FileSystemError {
        let kind: Kind =
            switch code {
            case ENOSPC, EDQUOT: .full
            case EROFS, EACCES, EPERM: .readOnly
            case ENOENT: .notFound
            case EEXIST: .exists
            case ENOTEMPTY: .notEmpty
            case EIO: .inputOutput
            default: .other
            }
        return FileSystemError(kind, operation: operation, path: path, reason: String(cString: strerror(code)))
    }
}
