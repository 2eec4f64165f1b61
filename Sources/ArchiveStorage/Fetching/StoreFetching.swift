// Fetched segments on their way into a store, and own ones on their way to other servers.
package import Archive
import Media
package import NIOCore

extension ArchiveStore {
    /// Writes a verified segment to a run of its own and lets it into the index, unless it is not wanted any more.
    ///
    /// Live comes first: while more than an eighth of the queue to the disk is taken by chunks, this waits.
    /// - Throws: `FileSystemError` when the disk refuses, `ArchiveError.closed` at shutdown, `CancellationError`.
    package func keep(_ fetched: FetchedSegment, of stream: String) async throws -> FetchResult {
        while isBusy { try await Task.sleep(for: .milliseconds(50)) }
        return try await perform { try $0.keep(fetched, of: stream, at: $1) }
    }

    /// A round of fetching is over: closes the files that were written.
    package func finishFetching(_ stream: String) async throws {
        try await perform { writer, _ in writer.finishFetching(stream) }
    }

    /// The bytes of a segment as they lie on the disk, unverified. Blocks.
    package func bytes(of segment: ArchivedSegment) throws -> ByteBuffer {
        try fileSystem.open(segment.run.path, forWriting: false).read(at: segment.offset, count: segment.length)
    }

    /// The initialisation segment of a run. Blocks.
    package func initialization(of run: ArchivedRun) throws -> ByteBuffer {
        try fileSystem.open(run.path, forWriting: false).read(at: 0, count: run.initializationLength)
    }
}
