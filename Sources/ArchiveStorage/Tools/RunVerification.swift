// Compares one run file with its rows, byte by byte.
import Archive
import CMAF
import Media
import NIOCore

struct RunVerification {
    private let row: RunRow
    private let segments: [ArchivedSegment]
    private let fileSystem: any ArchiveFileSystem
    private let isServed: Bool

    init(_ row: RunRow, _ segments: [ArchivedSegment], _ fileSystem: any ArchiveFileSystem, isServed: Bool) {
        self.row = row
        self.segments = segments.sorted { $0.offset < $1.offset }
        self.fileSystem = fileSystem
        self.isServed = isServed
    }

    func findings() -> [ArchiveFinding] {
        var findings: [ArchiveFinding] = []
        do throws(FileSystemError) {
            let file = try fileSystem.open(row.run.path, forWriting: false)
            let size = try file.size()
            var position: Int64?
            if let reason = try headerTrouble(file, &position) { findings.append(finding(.header, nil, reason)) }
            for segment in segments {
                if let position, let reason = try freedTrouble(file, position, segment.offset) {
                    findings.append(finding(.structure, segment.start, reason))
                }
                if let (kind, reason) = try trouble(of: segment, file) {
                    findings.append(finding(kind, segment.start, reason))
                }
                position = segment.offset + Int64(segment.length + SegmentTrailer.boxLength)
            }
            if let position, let reason = try freedTrouble(file, position, min(row.size, size)) {
                findings.append(finding(.structure, nil, reason))
            }
            if size < row.size, segments.last.map({ $0.offset + Int64($0.length) <= size }) ?? true {
                findings.append(finding(.missing, nil, "the file has \(size) bytes, the index says \(row.size)"))
            }
            if !isServed, size > row.size {
                findings.append(
                    finding(
                        .structure, nil,
                        "the last \(size - row.size) bytes are not in the index: a server's start takes them in"))
            }
        } catch {
            // Without its file, each row is one without its bytes.
            return segments.map { finding(.missing, $0.start, "\(error)") }
        }
        return findings
    }

    private func finding(_ kind: ArchiveFinding.Kind, _ start: MediaTime?, _ reason: String) -> ArchiveFinding {
        ArchiveFinding(kind, stream: row.run.stream, path: row.run.path, start: start, reason: reason)
    }

    /// - Parameter end: set to where the header ends, if that can be told.
    private func headerTrouble(_ file: any ArchiveFile, _ end: inout Int64?) throws(FileSystemError) -> String? {
        let length = row.run.initializationLength
        let initialization = try file.read(at: 0, count: length)
        guard initialization.readableBytes == length, Fingerprint(of: initialization).value == row.run.tracksFingerprint
        else { return "the initialisation segment is not what was recorded" }
        guard let (header, headerEnd) = try RunScanner.header(of: file) else { return "the run header is damaged" }
        end = headerEnd
        guard header.stream == row.run.stream, header.start == row.run.start, header.origin == row.run.origin,
            header.tracksFingerprint == row.run.tracksFingerprint
        else { return "the run header is that of another run" }
        return nil
    }

    private func trouble(
        of segment: ArchivedSegment, _ file: any ArchiveFile
    ) throws(FileSystemError) -> (ArchiveFinding.Kind, String)? {
        let media = try file.read(at: segment.offset, count: segment.length)
        guard media.readableBytes == segment.length else {
            return (.missing, "only \(media.readableBytes) of \(segment.length) bytes are there")
        }
        guard MediaDigest(of: media) == segment.digest else {
            return (.media, "the media are not those that were recorded")
        }
        let box = try file.read(at: segment.offset + Int64(segment.length), count: SegmentTrailer.boxLength)
        guard SegmentTrailer(box: box) == segment.trailer else {
            return (.trailer, "the box behind the segment is damaged")
        }
        return nil
    }

    /// Between two segments there may be freed parts, whole ones, and nothing else.
    private func freedTrouble(
        _ file: any ArchiveFile, _ start: Int64, _ end: Int64
    ) throws(FileSystemError) -> String? {
        // A fetched run may hold what came damaged and was never taken in.
        guard !RunPath.isFetched(row.run.path) else { return nil }
        var offset = start
        while offset < end {
            let head = try file.read(at: offset, count: 8)
            guard let length = head.getInteger(at: head.readerIndex, as: UInt32.self), length >= 8,
                head.getString(at: head.readerIndex + 4, length: 4) == "free"
            else { return "no freed part begins at byte \(offset)" }
            offset += Int64(length)
        }
        return offset > max(start, end) ? "a freed part reaches into what follows, at byte \(end)" : nil
    }
}
