// Reads what an export needs to know of run files: tracks, and the heads of fragments.
import Archive
import ArchiveStorage
import CMAF
import Media
import NIOCore

/// Keeps the file that it read last open, and the tracks that it has met.
struct ExportSource {
    let fileSystem: any ArchiveFileSystem
    /// In the order of their first use.
    private(set) var runs: [ArchivedRun] = []
    private var tracks: [UInt64: TrackSet] = [:]
    private var open: (path: String, file: any ArchiveFile)?
    private var zeroes = ByteBuffer()

    init(fileSystem: any ArchiveFileSystem) { self.fileSystem = fileSystem }

    private mutating func file(of run: ArchivedRun) throws(FileSystemError) -> any ArchiveFile {
        if let open, open.path == run.path { return open.file }
        let file = try fileSystem.open(run.path, forWriting: false)
        open = (run.path, file)
        if !runs.contains(run) { runs.append(run) }
        return file
    }

    mutating func tracks(of run: ArchivedRun) throws -> TrackSet {
        if let known = tracks[run.tracksFingerprint] { return known }
        let found = try InitializationSegment.read(
            try file(of: run).read(at: 0, count: run.initializationLength))
        tracks[run.tracksFingerprint] = found
        return found
    }

    /// Hands over the heads of the fragments that play.
    /// - Returns: how many bytes they are, from the segment's first on.
    @discardableResult
    mutating func heads(of entry: PlaybackSelection.Entry, _ take: (FragmentHead) -> Void) throws -> Int {
        let segment = entry.segment
        let file = try file(of: segment.run)
        var cut = SegmentCut(entry)
        try FragmentHead.each(
            from: segment.offset, to: segment.offset + Int64(segment.length),
            read: { (offset, length) throws(CMAFError) in
                do throws(FileSystemError) { return try file.read(at: offset, count: length) } catch {
                    throw CMAFError(.unreadable, at: Int(clamping: offset), "\(error)")
                }
            }, take: { (head) throws(CMAFError) in if cut.keeps(head) { take(head) } })
        return entry.isCut ? Int(cut.endOffset - segment.offset) : segment.length
    }

    /// The frames that play, with their sizes, but without their bytes.
    mutating func sizes(of entry: PlaybackSelection.Entry) throws -> [TimedFrame] {
        var frames: [TimedFrame] = []
        var zeroes = zeroes
        try heads(of: entry) { head in
            for sample in head.samples {
                // No frame is larger than its segment: a damaged size would cost memory.
                let size = min(sample.size, entry.segment.length)
                if zeroes.readableBytes < size { zeroes = ByteBuffer(repeating: 0, count: size) }
                frames.append(
                    TimedFrame(
                        track: head.track, decodeTime: sample.decodeTime, presentationTime: sample.presentationTime,
                        duration: sample.duration, isKey: sample.isKey,
                        data: zeroes.getSlice(at: zeroes.readerIndex, length: size) ?? ByteBuffer()))
            }
        }
        self.zeroes = zeroes
        return frames
    }
}
