// Makes a short segment of the whole chunks behind a run's last trailer.
import Archive
import CMAF
import Media
import NIOCore

/// The chunks that were written of a segment whose end never came.
enum TailSegment {
    /// - Parameters:
    ///   - bytes: from the first `moof` behind the last trailer on.
    ///   - offset: where they lie in the file.
    ///   - tracks: of the run.
    /// - Returns: the trailer that closes what is whole; nil when not one chunk is.
    ///
    /// A chunk is written with one call, yet the call can be torn between two of its fragments. The last chunk counts only
    /// when it has a fragment of each video and audio track: 200 ms of any of these have a frame.
    ///
    /// A power cut can leave sectors of a file that grew but was not written: they read as zeroes.
    static func close(_ bytes: ByteBuffer, at offset: Int64, tracks: TrackSet) -> SegmentTrailer? {
        let parts = ChunkParser.scan(bytes).parts
        guard let first = parts.first else { return nil }
        var chunks: [[Chunk.Part]] = []
        for part in parts {
            if let last = chunks.last?.last, last.track < part.track {
                chunks[chunks.count - 1].append(part)
            } else {
                chunks.append([part])
            }
        }
        // Media never have so many zeroes in a row (emulation prevention sees to it in pictures): these were never written.
        if let unwritten = chunks.firstIndex(where: {
            $0.contains { hasUnwrittenSector(bytes, $0.offset..<$0.offset + $0.length, at: offset) }
        }) {
            chunks.removeSubrange(unwritten...)
        }
        let needed = tracks.tracks.filter { $0.kind != .data }.map(\.id)
        if let last = chunks.last, !needed.allSatisfy({ id in last.contains { $0.track == id } }) {
            chunks.removeLast()
        }
        guard let lastPart = chunks.last?.last, first.offset == 0 else { return nil }
        let leading = tracks.leading?.id
        let leadingParts = chunks.joined().filter { $0.track == leading }
        guard let start = leadingParts.first?.start, let end = leadingParts.last.map({ $0.start + $0.duration }),
            end > start
        else { return nil }
        let length = lastPart.offset + lastPart.length
        guard let whole = bytes.getSlice(at: bytes.readerIndex, length: length) else { return nil }
        return SegmentTrailer(
            start: start, duration: end - start, offset: offset, length: length, digest: MediaDigest(of: whole),
            isDiscontinuous: false, isInterrupted: true)
    }

    private static let sector = 512

    /// Whether `range` of `bytes`, which lie at `offset` of a file, has a whole sector of that file that is zeroes.
    static func hasUnwrittenSector(_ bytes: ByteBuffer, _ range: Range<Int>, at offset: Int64) -> Bool {
        bytes.withUnsafeReadableBytes { pointer in
            let past = Int((offset + Int64(range.lowerBound)) % Int64(sector))
            var start = range.lowerBound + (past == 0 ? 0 : sector - past)
            while start + sector <= range.upperBound {
                if pointer[start] == 0, pointer[start..<start + sector].allSatisfy({ $0 == 0 }) { return true }
                start += sector
            }
            return false
        }
    }
}
