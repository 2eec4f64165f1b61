// Walks the boxes of a run file: segments by their trailers, and what follows the last of them.
import Archive
import CMAF
import Media
import NIOCore

/// What was found in a run file from an offset on.
struct RunScan {
    /// Segments with their trailers, in the order of the file.
    var segments: [SegmentTrailer] = []
    /// Where the boxes after the last trailer (or freed part) begin; nil when none follow.
    var tailStart: Int64?
    /// Where the last whole box ends.
    var wholeEnd: Int64
    /// Why the walk ended before the end of the file.
    var stop: Stop?
    /// Parts whose freeing a crash interrupted: the length of the box is there, its type is not.
    var halfFreed: [Range<Int64>] = []

    enum Stop: Equatable {
        /// The last box is not whole: a torn write.
        case torn
        /// Only zeroes follow: a file system that grew the file before it wrote the bytes.
        case zeroes
        /// Bytes that are no box, or a box that contradicts what is around it.
        case damaged(String)
    }
}

enum RunScanner {
    /// Reads the head of a run file: initialisation segment and header box. Nil when the file is none of Weir's, or ends
    /// before its header does.
    static func header(of file: any ArchiveFile) throws(FileSystemError) -> (header: RunHeader, end: Int64)? {
        let size = try file.size()
        var offset: Int64 = 0
        for expected in ["ftyp", "moov", "uuid"] {
            guard case .box(let type, let length) = try box(file, at: offset, size: size), type == expected else {
                return nil
            }
            if type == "uuid" {
                guard length <= WeirBox.maximumLength,
                    let header = RunHeader(box: try file.read(at: offset, count: Int(length))),
                    header.initializationLength == offset
                else { return nil }
                return (header, offset + length)
            }
            offset += length
        }
        return nil
    }

    /// Whether the file is no more than the begin of a header: what a crash leaves of a run right after it was opened.
    static func isStartOnly(_ file: any ArchiveFile) throws(FileSystemError) -> Bool {
        let size = try file.size()
        var offset: Int64 = 0
        for expected in ["ftyp", "moov", "uuid"] {
            switch try box(file, at: offset, size: size) {
            case .stop(let stop): return stop == .torn || stop == .zeroes
            case .box(let type, let length):
                guard type == expected else { return false }
                offset += length
            }
        }
        return false
    }

    /// Walks from `start`, which must be where a box begins: behind the header, a trailer or a freed part.
    static func scan(_ file: any ArchiveFile, from start: Int64) throws(FileSystemError) -> RunScan {
        let size = try file.size()
        var scan = RunScan(wholeEnd: start)
        var offset = start
        while offset < size {
            switch try box(file, at: offset, size: size) {
            case .stop(let stop):
                scan.stop = stop
                return scan
            case .box(let type, let length):
                switch type {
                case "moof", "mdat": if scan.tailStart == nil { scan.tailStart = offset }
                case "free":
                    if scan.tailStart != nil {
                        scan.stop = .damaged("a freed part lies within a segment at byte \(offset)")
                        return scan
                    }
                default:
                    guard type == "uuid", length == SegmentTrailer.boxLength, let tailStart = scan.tailStart,
                        let trailer = SegmentTrailer(box: try file.read(at: offset, count: Int(length))),
                        trailer.offset >= tailStart, trailer.offset - tailStart < Int64(UInt32.max),
                        trailer.offset + Int64(trailer.length) == offset
                    else {
                        scan.stop = .damaged("the box `\(type)` at byte \(offset) is no segment's end")
                        return scan
                    }
                    if trailer.offset > tailStart { scan.halfFreed.append(tailStart..<trailer.offset) }
                    scan.segments.append(trailer)
                    scan.tailStart = nil
                }
                offset += length
                scan.wholeEnd = offset
            }
        }
        return scan
    }

    private enum Found {
        case box(type: String, length: Int64)
        case stop(RunScan.Stop)
    }

    private static func box(_ file: any ArchiveFile, at offset: Int64, size: Int64) throws(FileSystemError) -> Found {
        let bytes = try file.read(at: offset, count: 16)
        guard let short = bytes.getInteger(at: bytes.readerIndex, as: UInt32.self) else { return .stop(.torn) }
        if short == 0 {
            return .stop(
                try isZero(file, from: offset, size: size)
                    ? .zeroes : .damaged("a box of no length at byte \(offset)"))
        }
        guard let name = bytes.getBytes(at: bytes.readerIndex + 4, length: 4) else { return .stop(.torn) }
        guard name.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            return .stop(.damaged("no box at byte \(offset)"))
        }
        var length = UInt64(short)
        if short == 1 {
            guard let long = bytes.getInteger(at: bytes.readerIndex + 8, as: UInt64.self) else { return .stop(.torn) }
            length = long
        }
        guard length >= 8 else { return .stop(.damaged("a box of \(length) bytes at byte \(offset)")) }
        guard length <= UInt64(size - offset) else { return .stop(.torn) }
        return .box(type: String(decoding: name, as: UTF8.self), length: Int64(length))
    }

    private static func isZero(_ file: any ArchiveFile, from: Int64, size: Int64) throws(FileSystemError) -> Bool {
        var offset = from
        while offset < size {
            let bytes = try file.read(at: offset, count: 1 << 20)
            if bytes.readableBytes == 0 { break }
            if bytes.readableBytesView.contains(where: { $0 != 0 }) { return false }
            offset += Int64(bytes.readableBytes)
        }
        return true
    }
}
