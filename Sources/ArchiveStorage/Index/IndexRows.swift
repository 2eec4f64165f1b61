// Rows of the index as values.
package import Archive
import Foundation
import GRDB
package import Media

/// A stream's row.
package struct StreamRow: Hashable, Sendable {
    package var id: Int64
    package var name: String
    /// Of all its segments.
    package var bytes: Int64
    package var segments: Int64
    package var journalGeneration: Int64 = 0
    package var journalOffset: Int64 = 0
}

/// A run file's row.
package struct RunRow: Hashable, Sendable {
    package var run: ArchivedRun
    /// Start of the first segment that is still there.
    package var first: MediaTime
    /// End of its last segment.
    package var end: MediaTime
    /// The indexed part of the file, in bytes.
    package var size: Int64
    package var segments: Int64
    /// It is being written, or was when the server died, or writing it failed once: the next start looks at its file.
    package var isOpen: Bool
}

/// A part of a file that belongs to no segment any more and is still to be given back to the disk.
package struct FreedPart: Hashable, Sendable {
    package var run: ArchivedRun
    package var offset: Int64
    package var length: Int64
}

extension RunRow {
    static let columns =
        "r.id, r.path, r.start, r.first, r.end, r.origin, r.tracks, r.initialization_length, r.size, r.segments, r.is_open"

    /// From a row of `columns`.
    init(_ row: Row, stream: String) {
        run = ArchivedRun(
            id: row[0], stream: stream, path: row[1], start: MediaTime(ticks: row[2]), origin: row[5],
            tracksFingerprint: UInt64(bitPattern: row[6]), initializationLength: row[7])
        first = MediaTime(ticks: row[3])
        end = MediaTime(ticks: row[4])
        size = row[8]
        segments = row[9]
        isOpen = row[10]
    }
}

extension ArchivedSegment {
    static let columns = "start, duration, run, offset, length, digest, flags"

    /// From a row of `columns`. Throws when the index is damaged.
    init(_ row: Row, runs: [Int64: ArchivedRun]) throws {
        let runID: Int64 = row[2]
        guard let run = runs[runID], let digest = MediaDigest(bytes: row[5] as Data) else {
            throw ArchiveError(
                .damagedIndex, "a segment's row refers to run \(runID), which is not there, or its digest is not whole")
        }
        let flags: Int64 = row[6]
        self.init(
            start: MediaTime(ticks: row[0]), duration: MediaSpan(ticks: row[1]), run: run, offset: row[3],
            length: row[4], digest: digest, isDiscontinuous: flags & 1 != 0, isInterrupted: flags & 2 != 0)
    }

    var flags: Int64 { (isDiscontinuous ? 1 : 0) | (isInterrupted ? 2 : 0) }

    /// What its trailer says.
    var trailer: SegmentTrailer {
        SegmentTrailer(
            start: start, duration: duration, offset: offset, length: length, digest: digest,
            isDiscontinuous: isDiscontinuous, isInterrupted: isInterrupted)
    }
}
