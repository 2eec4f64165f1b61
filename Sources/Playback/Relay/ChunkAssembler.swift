// Makes chunks again out of another server's endless MP4. Pure.
import CMAF
import Media
import NIOCore

/// Takes the bytes of `live.mp4` as they come and gives the chunks that they were.
///
/// The fragments of a chunk stand in the order of their tracks, so a chunk is known to be whole when the next one begins.
/// Which segment it belonged to the bytes do not tell: here a segment begins at each key frame, which is all that viewers
/// of endless streams need.
struct ChunkAssembler {
    /// More bytes than this without a whole box are no live stream.
    static let longestBox = 64 << 20
    private static let fileType: UInt32 = 0x6674_7970  // "ftyp"
    /// Streams of audio alone, where each frame is a key frame, are cut so often.
    private static let shortestSegment = MediaSpan.seconds(1)

    private var tracks: TrackSet?
    private var hasBegun = false
    private var rest = ByteBuffer()
    private var parts: [Chunk.Part] = []
    private var bytes = ByteBuffer()
    private var segmentStart: MediaTime?

    /// Throws when the bytes are no fragmented MP4: then nothing that follows can be trusted.
    mutating func receive(_ buffer: ByteBuffer, into chunks: inout [Chunk]) throws(CMAFError) {
        var buffer = buffer
        rest.writeBuffer(&buffer)
        if !hasBegun, let type: UInt32 = rest.getInteger(at: rest.readerIndex + 4), type != Self.fileType {
            throw CMAFError(.malformed, at: 4, "no ftyp at the begin")
        }
        let found = ChunkParser.scan(rest)
        if let tear = found.tear, tear.code != .truncated { throw tear }
        guard rest.readableBytes - found.wholeLength <= Self.longestBox else {
            throw CMAFError(.malformed, at: found.wholeLength, "a box longer than \(Self.longestBox) bytes")
        }
        if let header = found.otherBoxes.last(where: { $0.type == "moov" }),
            let slice = rest.getSlice(at: rest.readerIndex, length: header.offset + header.length)
        {
            tracks = try InitializationSegment.read(slice)
        }
        for part in found.parts {
            if let last = parts.last, part.track <= last.track { try close(into: &chunks) }
            guard var slice = rest.getSlice(at: rest.readerIndex + part.offset, length: part.length) else { continue }
            var own = part
            own.offset = bytes.readableBytes
            bytes.writeBuffer(&slice)
            parts.append(own)
        }
        if found.wholeLength > 0 { hasBegun = true }
        rest.moveReaderIndex(forwardBy: found.wholeLength)
        // What was read is let go of: the buffer must not grow as long as the stream lasts.
        rest = rest.readableBytes == 0 ? ByteBuffer() : ByteBuffer(rest.readableBytesView)
    }

    private mutating func close(into chunks: inout [Chunk]) throws(CMAFError) {
        defer {
            parts = []
            bytes = ByteBuffer()
        }
        guard let tracks, let first = parts.first(where: { $0.track == tracks.leading?.id }) ?? parts.first,
            let fragment = bytes.getSlice(at: bytes.readerIndex + first.offset, length: first.length)
        else { return }
        let isKey = try FragmentReader.frames(in: fragment).first?.isKey ?? false
        let isDue = segmentStart.map { first.start - $0 >= Self.shortestSegment || first.start < $0 } ?? true
        if isKey, isDue { segmentStart = first.start }
        chunks.append(
            Chunk(
                tracks: tracks, segmentStart: segmentStart ?? first.start, start: first.start,
                duration: first.duration, isDiscontinuous: false, startsWithKeyFrame: isKey,
                parts: parts, bytes: bytes))
    }
}
