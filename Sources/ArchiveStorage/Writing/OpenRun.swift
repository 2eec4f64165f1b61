// A run file that is being written: staged bytes, the open segment, segments that the index does not know yet.
import Archive
import CMAF
import Media
import NIOCore

/// The segment at the end of an open run.
struct OpenSegment {
    var start: MediaTime
    var end: MediaTime
    var offset: Int64
    var length = 0
    var hasher = MediaHasher()
    var isDiscontinuous: Bool
}

/// One run file while it is written. Belongs to the writer.
final class OpenRun {
    let run: ArchivedRun
    let tracks: TrackSet
    let file: any ArchiveFile
    /// Where the next staged byte will lie.
    private(set) var position: Int64 = 0
    /// Where the next byte is written: all before is in the file.
    private(set) var written: Int64 = 0
    private(set) var staged: [ByteBuffer] = []
    private(set) var open: OpenSegment?
    /// Closed within `staged`.
    private var closing: [ArchivedSegment] = []
    /// Written, but the index does not know them yet.
    var unindexed: [ArchivedSegment] = []
    /// Something was written since the last sync.
    var isDirty = false
    /// No chunk follows.
    var isFinished = false
    /// End of the last closed or open segment.
    private(set) var end: MediaTime
    /// Where the last closed and written segment ends in the file, with its trailer; at first the end of the header.
    private(set) var closedSize: Int64
    /// End of the last closed and written segment.
    private var closedEnd: MediaTime

    init(
        _ run: ArchivedRun, tracks: TrackSet, initialization: ByteBuffer, isDiscontinuous: Bool,
        file: any ArchiveFile
    ) {
        self.run = run
        self.tracks = tracks
        self.file = file
        end = run.start
        closedEnd = run.start
        closedSize = 0
        stage(initialization)
        stage(
            RunHeader(
                stream: run.stream, start: run.start, origin: run.origin, tracksFingerprint: run.tracksFingerprint,
                initializationLength: run.initializationLength, isDiscontinuous: isDiscontinuous
            ).box)
        closedSize = position
    }

    private func stage(_ bytes: ByteBuffer) {
        staged.append(bytes)
        position += Int64(bytes.readableBytes)
    }

    /// Stages a chunk that begins a segment or continues the open one.
    func append(_ chunk: Chunk) {
        var segment =
            open
            ?? OpenSegment(
                start: chunk.start, end: chunk.start, offset: position, isDiscontinuous: chunk.isDiscontinuous)
        segment.end = chunk.end
        segment.length += chunk.bytes.readableBytes
        segment.hasher.update(chunk.bytes)
        open = segment
        end = chunk.end
        stage(chunk.bytes)
    }

    /// Stages a whole segment of another server, with its trailer.
    func append(_ fetched: FetchedSegment) {
        let offer = fetched.offer
        let segment = ArchivedSegment(
            start: offer.start, duration: offer.duration, run: run, offset: position, length: offer.length,
            digest: offer.digest, isDiscontinuous: offer.isDiscontinuous, isInterrupted: offer.isInterrupted)
        end = segment.end
        stage(fetched.bytes)
        stage(segment.trailer.box)
        closing.append(segment)
    }

    /// Closed segments that the index lacks, written or not.
    var pending: [ArchivedSegment] { unindexed + closing }

    /// Stages the trailer of the open segment.
    func closeSegment(isInterrupted: Bool) -> ArchivedSegment? {
        guard let segment = open else { return nil }
        open = nil
        let closed = ArchivedSegment(
            start: segment.start, duration: segment.end - segment.start, run: run, offset: segment.offset,
            length: segment.length, digest: segment.hasher.finalize(), isDiscontinuous: segment.isDiscontinuous,
            isInterrupted: isInterrupted)
        stage(closed.trailer.box)
        closing.append(closed)
        return closed
    }

    /// Writes what is staged. When it throws, an unknown part of it is in the file.
    /// - Returns: the number of bytes, and the segments that are whole in the file now.
    func flush() throws(FileSystemError) -> (bytes: Int64, closed: [ArchivedSegment]) {
        guard !staged.isEmpty else { return (0, []) }
        try file.write(staged, at: written)
        let bytes = position - written
        written = position
        staged.removeAll(keepingCapacity: true)
        if let last = closing.last {
            closedEnd = last.end
            closedSize = last.offset + Int64(last.length + SegmentTrailer.boxLength)
        }
        let closed = closing
        unindexed += closed
        closing.removeAll(keepingCapacity: true)
        isDirty = true
        return (bytes, closed)
    }

    /// Memory goes back in parts of this many bytes.
    static let memoryGrain: Int64 = 256 << 10
    /// Where what the system may hold in memory begins.
    private var memoryStart: Int64 = 0

    /// Called when all is synced: all but the last `kept` bytes are read from the disk from now on.
    func releaseMemory(keeping kept: Int64) {
        let end = (written - kept) / Self.memoryGrain * Self.memoryGrain
        guard end > memoryStart else { return }
        file.releaseMemory(of: memoryStart..<end)
        memoryStart = end
    }

    /// The run's row as far as the file is closed.
    func row(isOpen: Bool) -> RunRow {
        RunRow(
            run: run, first: run.start, end: closedEnd, size: closedSize, segments: 0, isOpen: isOpen)
    }
}
