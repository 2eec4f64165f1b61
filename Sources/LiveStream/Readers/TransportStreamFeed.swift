// Muxes a stream's chunks to MPEG-TS once for all who want it that way.
import CMAF
import MPEGTS
import Media
import NIOCore

/// The MPEG-TS form of a stream, made only while somebody reads it.
///
/// One muxer serves all readers, so its packets since the last key frame that begins a segment are kept: a reader that
/// joins gets exactly the bytes that the others got, and the continuity counters run on from them.
struct TransportStreamFeed {
    private var muxer: TransportStreamMuxer?
    private var tracks: TrackSet?
    /// The packets of each chunk from which a reader may begin.
    private var kept: [(start: MediaTime, packets: ByteBuffer)] = []
    /// Chunks whose bytes could not be read back; their media is missing from this form.
    private(set) var unreadableChunks: UInt64 = 0

    /// The chunk's packets, or nil when nobody wants them.
    /// - Parameter oldest: where the window begins: nobody begins before it, whatever the source's key frames do.
    mutating func next(_ chunk: Chunk, isWanted: Bool, oldest: MediaTime) -> ByteBuffer? {
        guard isWanted else {
            muxer = nil
            kept.removeAll()
            return nil
        }
        let packets = mux(chunk)
        kept.removeFirst(kept.prefix { $0.start < oldest }.count)
        return packets
    }

    /// The packets of the chunks that a new reader begins with, nil for those that were not muxed while others read: to
    /// mux them now would break the others' continuity counters. The last of `chunks` is the newest of the stream.
    mutating func backlog(_ chunks: [Chunk]) -> [ByteBuffer?] {
        if muxer == nil {
            kept.removeAll()
            for chunk in chunks { _ = mux(chunk) }
        }
        var packets: [ByteBuffer?] = []
        packets.reserveCapacity(chunks.count)
        var next = kept[...]
        for chunk in chunks {
            next = next.drop { $0.start < chunk.start }
            packets.append(next.first.flatMap { $0.start == chunk.start ? $0.packets : nil })
        }
        return packets
    }

    private mutating func mux(_ chunk: Chunk) -> ByteBuffer {
        var packets = ByteBufferAllocator().buffer(capacity: chunk.bytes.readableBytes * 21 / 20 + 2048)
        if chunk.startsSegment, chunk.startsWithKeyFrame { kept.removeAll(keepingCapacity: true) }
        if muxer == nil || tracks != chunk.tracks {
            // Readers stay over a change of tracks: counters and table version go on.
            muxer = TransportStreamMuxer(tracks: chunk.tracks, after: muxer)
            tracks = chunk.tracks
        }
        if chunk.startsSegment { muxer?.startSegment() }
        do {
            muxer?.write(try FragmentReader.frames(in: chunk.bytes), into: &packets)
        } catch {
            unreadableChunks += 1
        }
        kept.append((chunk.start, packets))
        return packets
    }
}
