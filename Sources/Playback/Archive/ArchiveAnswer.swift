// An answer from an archive: made, or a part of a file that is sent as it lies there.
import ArchiveStorage
import NIOCore
import NIOHTTP1

enum ArchiveAnswer: Sendable {
    case made(MediaAnswer)
    case file(MediaAnswer, OpenSegment)
    /// A part of an exported file.
    case body(MediaAnswer, ExportBody, Range<Int64>)
    /// The archive has nothing of what was asked for: said to those who cannot be sent to another server.
    case nothing(MediaAnswer)

    /// Nobody waits for the answer any more.
    func release() {
        if case .file(_, let segment) = self { segment.close() }
    }
}

/// A segment's part of an open file; its bytes stay where they are until `close`.
struct OpenSegment: Sendable {
    let region: FileRegion
    private let lease: SegmentLease

    /// Blocks while the file is opened.
    init(_ lease: SegmentLease, offset: Int64, length: Int) throws {
        let handle = try NIOFileHandle(_deprecatedPath: lease.path)
        region = FileRegion(fileHandle: handle, readerIndex: Int(offset), endIndex: Int(offset) + length)
        self.lease = lease
    }

    func close() {
        // Closing a file that was only read loses nothing, whatever it says.
        try? region.fileHandle.close()
        withExtendedLifetime(lease) {}
    }
}
