// Muxes a stream's chunks to MPEG-TS once for all who want it that way.
import CMAF
import MPEGTS
import Media
import NIOCore

/// The MPEG-TS form of a stream, made only while somebody reads it.
///
/// One muxer serves all readers, so its packets of the segment in progress are kept: a reader that joins gets exactly the
/// bytes that the others got, and the continuity counters run on from them.
struct TransportStreamFeed {
    private var muxer: TransportStreamMuxer?
    private var tracks: TrackSet?
    /// The packets of each chunk since the start of the segment in progress.
    private var segment: [(start: MediaTime, packets: ByteBuffer)] = []
    /// Chunks whose bytes could not be read back; their media is missing from this form.
    private(set) var unreadableChunks: UInt64 = 0

    /// The chunk's packets, or nil when nobody wants them.
    mutating func next(_ chunk: Chunk, isWanted: Bool) -> ByteBuffer? {
        guard isWanted else {
            muxer = nil
            segment.removeAll()
            return nil
        }
        return mux(chunk)
    }

    /// The packets of the chunks that a new reader begins with. The last of `chunks` is the newest of the stream.
    mutating func backlog(_ chunks: [Chunk]) -> [ByteBuffer] {
        if segment.map(\.start) != chunks.map(\.start) {
            if muxer != nil, segment.count > chunks.count {
                // The window begins later than what is kept; the newest ones are the same.
                return segment.suffix(chunks.count).map(\.packets)
            }
            muxer = nil
            segment.removeAll()
            for chunk in chunks { _ = mux(chunk) }
        }
        return segment.map(\.packets)
    }

    private mutating func mux(_ chunk: Chunk) -> ByteBuffer {
        var packets = ByteBufferAllocator().buffer(capacity: chunk.bytes.readableBytes * 21 / 20 + 2048)
        if chunk.startsSegment { segment.removeAll(keepingCapacity: true) }
        if muxer == nil || tracks != chunk.tracks {
            muxer = TransportStreamMuxer(tracks: chunk.tracks)
            tracks = chunk.tracks
        }
        if chunk.startsSegment { muxer?.startSegment() }
        do {
            muxer?.write(try FragmentReader.frames(in: chunk.bytes), into: &packets)
        } catch {
            unreadableChunks += 1
        }
        segment.append((chunk.start, packets))
        return packets
    }
}
