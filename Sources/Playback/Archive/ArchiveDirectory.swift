// Where the archive of a stream is.
package import ArchiveStorage

/// Finds the open store that has a stream's archive. Implemented by the composition root; must be fast, any thread.
package protocol ArchiveDirectory: Sendable {
    /// Nil when the stream is not recorded here or its store is not open.
    func store(of stream: String) -> ArchiveStore?
}
