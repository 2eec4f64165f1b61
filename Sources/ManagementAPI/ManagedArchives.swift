// What the API needs of the archives: what is recorded, what is protected, what may be deleted.

/// The archives behind the API. Implemented by the composition root.
///
/// All members throw a `Problem` when the stream is not recorded here or its store is not open.
package protocol ManagedArchives: Sendable {
    func ranges(of stream: String) throws -> ArchiveFacts
    func locks(of stream: String) throws -> [ArchiveLockFacts]
    func lock(_ span: ArchiveSpan, of stream: String, note: String) async throws -> ArchiveLockFacts
    func unlock(_ id: Int64, of stream: String) async throws
    func delete(_ span: ArchiveSpan, of stream: String) async throws -> ArchiveDeletionFacts
    /// The stores of the configuration, by root.
    func stores() -> [ArchiveStoreFacts]
}

/// A range that a request names, in milliseconds since the Unix epoch. `from` is before `to`.
package struct ArchiveSpan: Hashable, Sendable {
    package var from: Int64
    package var to: Int64
    package init(from: Int64, to: Int64) {
        self.from = from
        self.to = to
    }
}
