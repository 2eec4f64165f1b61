// How the API shows archives: recorded ranges, gaps with their causes, protected ranges, stores.

/// `GET /streams/{name}/dvr/ranges`. Instants end in `_at` and are milliseconds since the Unix epoch.
package struct ArchiveFacts: Hashable, Sendable, Codable {
    package struct Range: Hashable, Sendable, Codable {
        package var openedAt: Int64
        package var closedAt: Int64
        /// Why nothing is there; only in gaps.
        package var cause: String?

        package init(openedAt: Int64, closedAt: Int64, cause: String? = nil) {
            self.openedAt = openedAt
            self.closedAt = closedAt
            self.cause = cause
        }

        enum CodingKeys: String, CodingKey {
            case openedAt = "opened_at"
            case closedAt = "closed_at"
            case cause
        }
    }

    /// Who captured a range.
    package struct Origin: Hashable, Sendable, Codable {
        package var openedAt: Int64
        package var closedAt: Int64
        /// Name of the server that captured it.
        package var origin: String
        /// It came by replication; else this server recorded it.
        package var fetched: Bool

        package init(openedAt: Int64, closedAt: Int64, origin: String, fetched: Bool) {
            self.openedAt = openedAt
            self.closedAt = closedAt
            self.origin = origin
            self.fetched = fetched
        }

        enum CodingKeys: String, CodingKey {
            case openedAt = "opened_at"
            case closedAt = "closed_at"
            case origin, fetched
        }
    }

    /// UTC of the oldest media, in whole seconds; nil while nothing is recorded.
    package var from: Int64?
    /// Seconds from the oldest media to the newest, with the gaps.
    package var depth: Double
    /// Seconds of media, without the gaps.
    package var duration: Double
    package var bytes: Int64
    package var ranges: [Range]
    package var gaps: [Range]
    /// Which server captured what, and what of it was fetched.
    package var origins: [Origin]

    package init(
        from: Int64?, depth: Double, duration: Double, bytes: Int64, ranges: [Range], gaps: [Range],
        origins: [Origin] = []
    ) {
        self.origins = origins
        self.from = from
        self.depth = depth
        self.duration = duration
        self.bytes = bytes
        self.ranges = ranges
        self.gaps = gaps
    }
}

/// A protected range of a stream's archive.
package struct ArchiveLockFacts: Hashable, Sendable, Codable {
    package var id: Int64
    package var openedAt: Int64
    package var closedAt: Int64
    package var note: String

    package init(id: Int64, openedAt: Int64, closedAt: Int64, note: String) {
        self.id = id
        self.openedAt = openedAt
        self.closedAt = closedAt
        self.note = note
    }

    enum CodingKeys: String, CodingKey {
        case id, note
        case openedAt = "opened_at"
        case closedAt = "closed_at"
    }
}

/// What a deletion did.
package struct ArchiveDeletionFacts: Hashable, Sendable, Codable {
    package var segments: Int
    package var bytes: Int64
    /// Segments of the range that stay: protected, being read or being written.
    package var kept: Int

    package init(segments: Int, bytes: Int64, kept: Int) {
        self.segments = segments
        self.bytes = bytes
        self.kept = kept
    }
}

/// One store in `GET /dvrs`.
package struct ArchiveStoreFacts: Hashable, Sendable, Codable {
    package var root: String
    /// `open`, or `unavailable`: then it is tried again by itself.
    package var status: String
    /// Why it is not open.
    package var trouble: String?
    /// Streams of the configuration that record here.
    package var streams: [String]
    package var bytes: Int64
    /// Bytes that wait for the disk.
    package var queuedBytes: Int
    package var failingStreams: Int
    /// Size of the disk and what is free on it; nil while the store is not open.
    package var diskBytes: Int64?
    package var diskFreeBytes: Int64?
    /// Counters since the store was opened; nil while it is not.
    package var counters: Counters?

    package struct Counters: Hashable, Sendable, Codable {
        package var writtenBytes: Int64
        package var deletedBytes: Int64
        package var deletedSegments: Int64
        /// Chunks that were not written because the queue to the disk was full.
        package var droppedChunks: Int64
        package var writeErrors: Int64
        /// Seconds that a write took, on average, and the slowest of the last minute.
        package var writeSeconds: Double
        package var slowestWriteSeconds: Double

        package init(
            writtenBytes: Int64, deletedBytes: Int64, deletedSegments: Int64, droppedChunks: Int64, writeErrors: Int64,
            writeSeconds: Double, slowestWriteSeconds: Double
        ) {
            self.writtenBytes = writtenBytes
            self.deletedBytes = deletedBytes
            self.deletedSegments = deletedSegments
            self.droppedChunks = droppedChunks
            self.writeErrors = writeErrors
            self.writeSeconds = writeSeconds
            self.slowestWriteSeconds = slowestWriteSeconds
        }

        enum CodingKeys: String, CodingKey {
            case writtenBytes = "written_bytes"
            case deletedBytes = "deleted_bytes"
            case deletedSegments = "deleted_segments"
            case droppedChunks = "dropped_chunks"
            case writeErrors = "write_errors"
            case writeSeconds = "write_seconds"
            case slowestWriteSeconds = "slowest_write_seconds"
        }
    }

    package init(
        root: String, status: String, trouble: String?, streams: [String], bytes: Int64, queuedBytes: Int,
        failingStreams: Int, diskBytes: Int64? = nil, diskFreeBytes: Int64? = nil, counters: Counters? = nil
    ) {
        self.root = root
        self.status = status
        self.trouble = trouble
        self.streams = streams
        self.bytes = bytes
        self.queuedBytes = queuedBytes
        self.failingStreams = failingStreams
        self.diskBytes = diskBytes
        self.diskFreeBytes = diskFreeBytes
        self.counters = counters
    }

    enum CodingKeys: String, CodingKey {
        case root, status, trouble, streams, bytes, counters
        case queuedBytes = "queued_bytes"
        case diskBytes = "disk_bytes"
        case diskFreeBytes = "disk_free_bytes"
        case failingStreams = "failing_streams"
    }
}
