// Brings a run file to an end that the index can speak of: whole chunks are kept, a torn one is cut off.
import Archive
import CMAF
import Media
import NIOCore

/// A run file that was looked at, and closed if it was not.
struct RecoveredRun {
    var header: RunHeader
    /// Segments behind the offset from which it was scanned.
    var segments: [SegmentTrailer]
    /// The whole file, after what was torn is cut off.
    var size: Int64
    /// Bytes that were cut off.
    var cut: Int64
    /// The file is damaged in a way that no crash explains. It was left as it is; what lies behind is not indexed.
    var damage: String?
}

enum RunRecovery {
    /// - Parameters:
    ///   - indexed: how far the index knows the file; nil when it does not know it at all.
    ///   - mayCut: bytes that no torn write explains may be cut off as well: the file was being written.
    /// - Returns: nil when the file has no header of Weir.
    static func recover(
        _ path: String, on fileSystem: any ArchiveFileSystem, indexed: Int64?, mayCut: Bool
    ) throws(FileSystemError) -> RecoveredRun? {
        let file = try fileSystem.open(path, forWriting: true)
        guard let (header, headerEnd) = try RunScanner.header(of: file) else { return nil }
        let isFetched = RunPath.isFetched(path)
        var scan = try RunScanner.scan(file, from: indexed ?? headerEnd)
        for part in scan.halfFreed { try free(part, of: file) }
        if isFetched {
            scan.segments = try verified(scan.segments, file)
        } else if mayCut {
            try dropUnwritten(&scan, file)
        }
        let size = try file.size()
        var result = RecoveredRun(header: header, segments: scan.segments, size: size, cut: 0)
        if case .damaged(let reason) = scan.stop, !mayCut {
            result.damage = reason
            result.size = scan.tailStart ?? scan.wholeEnd
            return result
        }
        guard scan.stop != nil || scan.tailStart != nil else {
            // Whole, but perhaps not on the disk yet: rows may speak of it only after this.
            try fileSystem.sync([file])
            return result
        }

        var end = scan.tailStart ?? scan.wholeEnd
        var trailer: SegmentTrailer?
        if let tailStart = scan.tailStart {
            let bytes = try file.read(at: tailStart, count: Int(scan.wholeEnd - tailStart))
            let tracks = try tracks(of: file, header)
            // A part of a fetched segment is nothing: the whole one is fetched again.
            trailer = isFetched ? nil : tracks.flatMap { TailSegment.close(bytes, at: tailStart, tracks: $0) }
            if tailStart == headerEnd { trailer?.isDiscontinuous = header.isDiscontinuous }
            end += Int64(trailer?.length ?? 0)
        }
        result.cut = size - end
        if size > end { try file.truncate(to: end) }
        if let trailer {
            try file.write([trailer.box], at: end)
            end += Int64(SegmentTrailer.boxLength)
            result.segments.append(trailer)
        }
        try fileSystem.sync([file])
        result.size = end
        return result
    }

    /// The part becomes one `free` box (ISO/IEC 14496-12 §8.1.2), so that the file stays playable, without blocks.
    static func free(_ part: Range<Int64>, of file: any ArchiveFile) throws(FileSystemError) {
        var box = ByteBuffer()
        box.writeInteger(UInt32(part.count))
        box.writeString("free")
        try file.write([box], at: part.lowerBound)
        try file.punchHole(at: part.lowerBound + 8, length: Int64(part.count) - 8)
    }

    /// Fetched segments whose bytes are all there: nothing unverified is indexed.
    private static func verified(
        _ segments: [SegmentTrailer], _ file: any ArchiveFile
    ) throws(FileSystemError) -> [SegmentTrailer] {
        var result: [SegmentTrailer] = []
        for segment in segments {
            let bytes = try file.read(at: segment.offset, count: segment.length)
            if bytes.readableBytes == segment.length, MediaDigest(of: bytes) == segment.digest {
                result.append(segment)
            }
        }
        return result
    }

    /// How far from the end of a file a power cut can have left what was never written: beyond this lies what was synced.
    private static let unsyncedLength: Int64 = 64 << 20

    /// A file system may have let the file grow and not have written all of it when the power went: the boxes are whole,
    /// the media between them are zeroes. Such a segment ends the file.
    private static func dropUnwritten(_ scan: inout RunScan, _ file: any ArchiveFile) throws(FileSystemError) {
        let size = try file.size()
        for (index, segment) in scan.segments.enumerated() where segment.offset + unsyncedLength >= size {
            let bytes = try file.read(at: segment.offset, count: segment.length)
            if bytes.readableBytes == segment.length, MediaDigest(of: bytes) == segment.digest { continue }
            // Other damage stays where it is: what lies behind may be good.
            guard TailSegment.hasUnwrittenSector(bytes, 0..<bytes.readableBytes, at: segment.offset) else { continue }
            scan.segments.removeSubrange(index...)
            scan.tailStart = segment.offset
            scan.wholeEnd = segment.offset + Int64(segment.length)
            scan.stop = .zeroes
            return
        }
    }

    private static func tracks(of file: any ArchiveFile, _ header: RunHeader) throws(FileSystemError) -> TrackSet? {
        let bytes = try file.read(at: 0, count: header.initializationLength)
        do { return try InitializationSegment.read(bytes) } catch { return nil }
    }
}
