// Fetched segments on their way into a store.

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
}
