// Looks at a store from outside, also while a server writes it.
package import Archive
import Foundation
import Media

/// A store, opened for reading alone. Blocks.
package struct ArchiveInspection: Sendable {
    let index: ArchiveIndex
    package let fileSystem: any ArchiveFileSystem

    /// - Throws: `ArchiveError` when `root` is no store; what the index says when it cannot be read.
    package init(root: String) throws {
        let path = root + "/" + RunPath.indexName
        guard FileManager.default.fileExists(atPath: path) else {
            throw ArchiveError(
                .damagedIndex,
                "\(root) has no \(RunPath.indexName): it is no archive, or its index is lost: `weir archive rebuild \(root)`"
            )
        }
        self.init(index: try ArchiveIndex.openReadOnly(path: path), fileSystem: PosixFileSystem(root: root))
    }

    init(index: ArchiveIndex, fileSystem: any ArchiveFileSystem) {
        self.index = index
        self.fileSystem = fileSystem
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

    /// What is played for a range: see `PlaybackSelection`.
    package func selection(of stream: String, in range: TimeRange) throws -> PlaybackSelection {
        _ = try row(of: stream)
        return PlaybackSelection(try index.segments(of: stream, startingIn: range), in: range)
    }

    /// The digest of the media of the segments that start in `range`: equal on two servers that have the same media.
    package func digest(of stream: String, in range: TimeRange) throws -> (digest: MediaDigest, segments: Int) {
        _ = try row(of: stream)
        let segments = try index.segments(of: stream, startingIn: range)
        return (DigestPeriod.digest(of: segments.map(\.named), in: range), segments.count)
    }

    private func row(of stream: String) throws -> StreamRow {
        let streams = try index.streams()
        guard let row = streams.first(where: { $0.name == stream }) else {
            let known = streams.map(\.name).joined(separator: ", ")
            throw ArchiveError(.unknownStream, "nothing was recorded of the stream `\(stream)`; there are: \(known)")
        }
        return row
    }
}
