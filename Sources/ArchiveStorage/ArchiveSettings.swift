// How a store writes, and what it tells of itself.
import Archive
package import Media

/// The instant of a step: UTC for positions in the archive, uptime for delays.
package struct ArchiveInstant: Hashable, Sendable {
    package var utc: MediaTime
    /// Of a monotonic clock whose origin means nothing.
    package var uptime: Duration
    package init(utc: MediaTime, uptime: Duration) {
        self.utc = utc
        self.uptime = uptime
    }
}

/// When what was written is made to reach the disk: `sync=` of a `dvr` line, where 5 seconds are the default as here.
package enum Durability: Hashable, Sendable {
    /// All together every so often: a power cut costs at most this much of the newest media.
    case every(Duration)
    /// When the system likes; a power cut may cost what it has not written, usually up to half a minute.
    case system
}

package struct ArchiveSettings: Hashable, Sendable {
    /// Name of this server: the origin of what it records.
    package var origin: String
    package var durability: Durability
    /// Bytes that may wait for the disk before chunks are dropped.
    package var queueLimit: Int
    /// Operations of deletion in a second: each frees a segment or a whole file.
    package var deletionsPerSecond: Int
    /// Less than this free on the disk is taken for full when recording wants to resume, in bytes.
    package var resumeSpace: Int64
    /// Bytes of a file that is given up when the disk is so full that not even a deletion could be noted.
    package var reserve: Int
    /// Bytes of the newest media of all streams that stay in the system's memory. Readers of the newest have the live window.
    package var memory: Int64

    package init(
        origin: String, durability: Durability = .every(.seconds(5)), queueLimit: Int = 128 << 20,
        deletionsPerSecond: Int = 400, resumeSpace: Int64 = 16 << 20, reserve: Int = 1 << 20,
        memory: Int64 = 64 << 20
    ) {
        self.memory = memory
        self.reserve = reserve
        self.origin = origin
        self.durability = durability
        self.queueLimit = queueLimit
        self.deletionsPerSecond = deletionsPerSecond
        self.resumeSpace = resumeSpace
    }
}

/// What an operator should know, once per change.
package enum ArchiveEvent: Hashable, Sendable {
    /// A stream cannot be recorded; live goes on. Retried by itself.
    case recordingFailed(stream: String, FileSystemError)
    case recordingResumed(stream: String)
    /// Chunks from `from` on were dropped, because the disk is slower than the media.
    case writeDropped(stream: String, from: MediaTime)
    /// Chunks whose time is recorded already are not recorded a second time.
    case overlapRefused(stream: String, from: MediaTime)
    /// After a crash: segments found behind the index, bytes of a torn write cut off.
    case recovered(path: String, segments: Int, bytesCut: Int64)
    /// A file that is none of the archive's; left alone.
    case foreignFile(path: String)
    /// A file of the archive is damaged behind this; left alone.
    case damagedFile(path: String, reason: String)
    /// Rows whose bytes are gone were taken out of the index.
    case bytesMissing(path: String, segments: Int)
    /// The index was missing or damaged and is rebuilt from the files.
    case indexRebuilt(reason: String)
    /// The index cannot be written.
    case indexFailed(reason: String)
    /// Nothing can be deleted: the disk will fill up.
    case retentionFailed(reason: String)
    case journalDamaged(stream: String, lines: Int)
}

/// Counters of a store.
package struct ArchiveStatistics: Hashable, Sendable {
    package var bytesWritten: Int64 = 0
    /// Of `bytesWritten`, those that are chunks.
    package var mediaBytesWritten: Int64 = 0
    package var chunksWritten: Int64 = 0
    package var segmentsWritten: Int64 = 0
    package var chunksDropped: Int64 = 0
    package var writeErrors: Int64 = 0
    package var syncs: Int64 = 0
    /// Segments that came from other servers, and their bytes.
    package var segmentsFetched: Int64 = 0
    package var bytesFetched: Int64 = 0
    /// Calls that wrote media, and what they took together; the slowest of the last minute.
    package var writes: Int64 = 0
    package var writeTime: Duration = .zero
    package var slowestWrite: Duration = .zero
    package var syncTime: Duration = .zero
    package var segmentsDeleted: Int64 = 0
    package var bytesDeleted: Int64 = 0
    /// Bytes that wait for the disk now.
    package var queuedBytes: Int = 0
    /// Streams that cannot be recorded now.
    package var failingStreams: Int = 0
    package init() {}
}
