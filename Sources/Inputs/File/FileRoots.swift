// The directories that file:// inputs may read from, and the way from a URL to a file below one of them.
internal import Glibc
internal import Ingest
internal import Synchronization

/// Named directories (`vod`, `file` directives). May be replaced while the server runs; open files stay open.
package final class FileRoots: Sendable {
    private let directories: Mutex<[String: String]>

    /// - `directories`: name → path.
    package init(_ directories: [String: String]) { self.directories = Mutex(directories) }

    package func replace(with directories: [String: String]) {
        self.directories.withLock { $0 = directories }
    }

    /// What a `file://root/path` URL names, before the disk is asked.
    struct Location: Hashable, Sendable {
        var url: String
        var root: String
        var directory: String
        /// Relative to the directory.
        var path: String
    }

    /// - Throws: `.misconfigured` for an unknown root, an absolute path, a path with `..`, or none.
    func locate(_ url: InputURL) throws(InputFailure) -> Location {
        func refuse(_ reason: String) -> InputFailure {
            InputFailure(code: .misconfigured, message: "\(url): \(reason)")
        }
        guard !url.host.isEmpty else {
            throw refuse(
                "absolute paths are not opened; name a root: file://ROOT/path, with ROOT from a vod or file line")
        }
        let known = directories.withLock { $0 }
        guard let directory = known[url.host] else {
            let names = known.keys.sorted().joined(separator: ", ")
            throw refuse(
                "there is no vod or file root named «\(url.host)»"
                    + (names.isEmpty ? "; none is configured" : "; configured: \(names)"))
        }
        guard let parts = url.pathParts else { throw refuse("the path has a broken %xx") }
        guard !parts.isEmpty else { throw refuse("names a root but no file") }
        // Parts are decoded by now: %2e%2e and %2f show as what they are.
        guard !parts.contains(where: { $0 == ".." || $0.contains("/") || $0.contains("\0") }) else {
            throw refuse("the path leaves its root «\(url.host)»")
        }
        return Location(
            url: url.description, root: url.host, directory: directory, path: parts.joined(separator: "/"))
    }
}

extension FileRoots.Location {
    /// Opens the file. Symbolic links are followed only as long as they stay below the root.
    ///
    /// - Throws: `.unreachable` when the file or root is absent or unreadable, `.misconfigured` when a link leaves the
    ///   root or it is not a regular file.
    func open() throws(InputFailure) -> ReadOnlyFile {
        guard let base = realPath(directory) else {
            throw failure("the directory \(directory) of root «\(root)» cannot be opened", errno)
        }
        guard let resolved = realPath("\(directory)/\(path)") else {
            throw failure("no file \(path) in root «\(root)» (\(directory))", errno)
        }
        guard resolved.hasPrefix(base == "/" ? base : base + "/") else {
            throw InputFailure(
                code: .misconfigured,
                message: "\(url): a symbolic link in \(path) leaves its root «\(root)» (\(directory))")
        }
        // NOFOLLOW: what was resolved is not replaced by a link in between. NONBLOCK: a pipe does not hold the thread.
        let descriptor = Glibc.open(resolved, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw failure("\(path) in root «\(root)» (\(directory)) cannot be opened", errno)
        }
        let file = ReadOnlyFile(descriptor: descriptor, name: url)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("\(path) cannot be examined", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw InputFailure(code: .misconfigured, message: "\(url): \(path) in root «\(root)» is not a regular file")
        }
        return file
    }

    private func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func failure(_ what: String, _ error: Int32) -> InputFailure {
        InputFailure(code: .unreachable, message: "\(url): \(what) (\(errorText(error)))")
    }
}
