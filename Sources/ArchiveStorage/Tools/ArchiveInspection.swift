// Looks at a store from outside, also while a server writes it: what is in it, and whether each byte is what it was.
package import Archive
import Foundation
package import Media
import NIOCore

/// A store, opened for reading alone. Blocks.
package struct ArchiveInspection: Sendable {
    private let index: ArchiveIndex
    private let fileSystem: PosixFileSystem

    /// - Throws: `ArchiveError` when `root` is no store; what the index says when it cannot be read.
    package init(root: String) throws {
        let path = root + "/" + RunPath.indexName
        guard FileManager.default.fileExists(atPath: path) else {
            throw ArchiveError(
                .damagedIndex,
                "\(root) has no \(RunPath.indexName): it is no archive, or its server makes the index anew"
            )
        }
        index = try ArchiveIndex.openReadOnly(path: path)
        fileSystem = PosixFileSystem(root: root)
    }

    package func streams() throws -> [StreamRow] { try index.streams() }

    package func ranges(of stream: String) throws -> RangeSet {
        _ = try row(of: stream)
        return RangeSet(try index.runs(of: stream).filter { $0.segments > 0 }.map { TimeRange($0.first, $0.end) })
            .subtracting(
                try gaps(of: stream).gaps.filter { $0.cause == .deleted }.reduce(into: RangeSet()) {
                    $0.insert($1.range)
                })
    }

    package func gaps(of stream: String) throws -> GapList { try index.ledger(of: try row(of: stream).id).gaps }

    package func locks(of stream: String) throws -> [ProtectedRange] {
        try index.ledger(of: try row(of: stream).id).locks
    }

    /// The digest of the media of the segments that start in `range`: equal on two servers that have the same media.
    package func digest(of stream: String, in range: TimeRange) throws -> (digest: MediaDigest, segments: Int) {
        _ = try row(of: stream)
        let segments = try index.segments(of: stream, startingIn: range)
        return (DigestTree.digest(of: segments.map(\.named), in: range), segments.count)
    }

    private func row(of stream: String) throws -> StreamRow {
        let streams = try index.streams()
        guard let row = streams.first(where: { $0.name == stream }) else {
            let known = streams.map(\.name).joined(separator: ", ")
            throw ArchiveError(.unknownStream, "nothing was recorded of the stream `\(stream)`; there are: \(known)")
        }
        return row
    }

    // MARK: Verifying

    /// A segment of the index whose bytes are not what was written.
    package struct Finding: Hashable, Sendable {
        package var path: String
        package var start: MediaTime
        package var reason: String
    }

    /// Reads every byte of the store that the index knows.
    /// - Parameter progress: called after each run file with the bytes of it.
    /// - Returns: how much was read, and all that is wrong with it.
    package func verify(
        progress: (_ path: String, _ bytes: Int64) -> Void
    ) throws -> (segments: Int, bytes: Int64, findings: [Finding]) {
        var (count, bytes, findings) = (0, Int64(0), [Finding]())
        for stream in try index.streams() {
            for row in try index.runs(of: stream.name) {
                let segments = try index.segments(ofRun: row.run)
                var read: Int64 = 0
                for segment in segments {
                    if let reason = trouble(of: segment), try isStillThere(segment) {
                        findings.append(Finding(path: row.run.path, start: segment.start, reason: reason))
                    }
                    count += 1
                    read += Int64(segment.length)
                }
                bytes += read
                progress(row.run.path, read)
            }
        }
        return (count, bytes, findings)
    }

    /// Retention of a running server may have taken the segment in the meantime.
    private func isStillThere(_ segment: ArchivedSegment) throws -> Bool {
        try index.segment(of: segment.run.stream, start: segment.start) == segment
    }

    private func trouble(of segment: ArchivedSegment) -> String? {
        do throws(FileSystemError) {
            let file = try fileSystem.open(segment.run.path, forWriting: false)
            let media = try file.read(at: segment.offset, count: segment.length)
            guard media.readableBytes == segment.length else {
                return "only \(media.readableBytes) of \(segment.length) bytes are there"
            }
            guard MediaDigest(of: media) == segment.digest else { return "the media are not those that were recorded" }
            let box = try file.read(
                at: segment.offset + Int64(segment.length), count: SegmentTrailer.boxLength)
            guard SegmentTrailer(box: box) == segment.trailer else { return "the box behind the segment is damaged" }
            return nil
        } catch {
            return "\(error)"
        }
    }
}
