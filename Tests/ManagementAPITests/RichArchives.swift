// Archives in memory that have something to show for every field of the API.
import HTTPTypes

@testable import ManagementAPI

/// The archive of `cam01` is open, that of `cam10` is not, nothing else is recorded.
struct RichArchives: ManagedArchives {
    func ranges(of stream: String) throws -> ArchiveFacts {
        try check(stream)
        return ArchiveFacts(
            from: 1_700_000_000, depth: 60, duration: 40, bytes: 5_000_000,
            ranges: [
                .init(openedAt: 1_700_000_000_000, closedAt: 1_700_000_020_000),
                .init(openedAt: 1_700_000_040_000, closedAt: 1_700_000_060_000),
            ],
            gaps: [.init(openedAt: 1_700_000_020_000, closedAt: 1_700_000_040_000, cause: "source-away")],
            origins: [
                .init(openedAt: 1_700_000_000_000, closedAt: 1_700_000_020_000, origin: "streamer", fetched: false),
                .init(openedAt: 1_700_000_040_000, closedAt: 1_700_000_060_000, origin: "flussonic", fetched: true),
            ])
    }

    func locks(of stream: String) throws -> [ArchiveLockFacts] {
        try check(stream)
        return [.init(id: 1, openedAt: 1_700_000_000_000, closedAt: 1_700_000_010_000, note: "goal")]
    }

    func lock(_ span: ArchiveSpan, of stream: String, note: String) async throws -> ArchiveLockFacts {
        try check(stream)
        return .init(id: 2, openedAt: span.from, closedAt: span.to, note: note)
    }

    func unlock(_ id: Int64, of stream: String) async throws {
        try check(stream)
        guard id == 1 else { throw Problem.notFound("there is no lock \(id)") }
    }

    func delete(_ span: ArchiveSpan, of stream: String) async throws -> ArchiveDeletionFacts {
        try check(stream)
        return .init(segments: Int((span.to - span.from) / 1000), bytes: 1_000_000, kept: 1)
    }

    func stores() -> [ArchiveStoreFacts] {
        [
            .init(
                root: "/storage/one", status: "open", trouble: nil, streams: ["cam01"], bytes: 5_000_000,
                queuedBytes: 65_536, failingStreams: 0, diskBytes: 1_000_000_000, diskFreeBytes: 400_000_000,
                counters: .init(
                    writtenBytes: 6_000_000, deletedBytes: 1_000_000, deletedSegments: 3, droppedChunks: 0,
                    writeErrors: 1, writeSeconds: 0.002, slowestWriteSeconds: 0.25)),
            .init(
                root: "/storage/two", status: "unavailable", trouble: "no such directory", streams: ["cam10"],
                bytes: 0, queuedBytes: 0, failingStreams: 0),
        ]
    }

    private func check(_ stream: String) throws {
        switch stream {
        case "cam01", "news/hd": break
        case "cam10":
            throw Problem(
                status: .serviceUnavailable, code: "archive_unavailable",
                message: "the archive /storage/two is not open")
        default: throw Problem.notFound("the stream \(stream) is not recorded")
        }
    }
}
