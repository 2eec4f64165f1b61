// The media of a store, read out of its run files: what players and other servers get.
package import Archive
package import NIOCore

extension ArchiveStore {
    /// The bytes of a segment as they lie on the disk; their digest is not checked. Blocks.
    ///
    /// - Throws: `FileSystemError`; `ArchiveError.damagedMedia` when the file ends before the segment does.
    package func bytes(of segment: ArchivedSegment) throws -> ByteBuffer {
        let file = try fileSystem.open(segment.run.path, forWriting: false)
        let bytes = try file.read(at: segment.offset, count: segment.length)
        guard bytes.readableBytes == segment.length else {
            throw ArchiveError(.damagedMedia, "\(segment.run.path) is shorter than the index says")
        }
        return bytes
    }

    /// The initialisation segment of a run; shorter where its file is. Blocks.
    package func initialization(of run: ArchivedRun) throws -> ByteBuffer {
        try fileSystem.open(run.path, forWriting: false).read(at: 0, count: run.initializationLength)
    }
}
