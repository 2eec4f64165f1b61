// Where a stream passes from what it plays to the ready chunks of another server.
import Ingest
import Media
import NIOCore

/// Watches the chunks of an input that does not play yet for one with which the stream can go on.
///
/// Two servers on one timeline cut the same segments into the same chunks: then the stream goes on in the middle of a
/// segment with the very next chunk, and nothing shows. A chunk that the stream has already, byte for byte, proves that it will
/// be so: the other server is behind by the way between them, and the next chunks are waited for. Else it goes on where the other server's next segment starts,
/// provided that this is not before the end of what the stream has. Where the other's timeline is behind ours, each of its
/// starts is: after a few of them the stream passes over all the same and waits, a segment at most.
struct ChunkJoining {
    /// The first start is that of the segment under way and always in the past.
    private static let startsMissedMax = 3

    enum Place: Equatable {
        /// The next chunk of the open segment.
        case continuesSegment
        /// `isContinuation`: where the segment before it ends.
        case startsSegment(isContinuation: Bool)
        /// The stream has this very chunk in its open segment: those that follow it will be the next.
        case repeats
    }

    private var startsMissed = 0

    /// True when the stream should pass over with this chunk.
    mutating func judge(_ chunk: Chunk, after newest: LiveSegment?) -> Bool {
        switch Self.place(of: chunk, after: newest) {
        case .continuesSegment, .repeats: return true
        case .startsSegment: return chunk.startsWithKeyFrame
        case nil:
            if chunk.startsSegment { startsMissed += 1 }
            return chunk.startsSegment && startsMissed > Self.startsMissedMax
        }
    }

    /// Nil: it has no place after `newest`, the last segment of the stream.
    static func place(of chunk: Chunk, after newest: LiveSegment?) -> Place? {
        guard let newest else { return chunk.startsSegment ? .startsSegment(isContinuation: true) : nil }
        if chunk.startsSegment, chunk.start >= newest.end {
            return .startsSegment(
                isContinuation: chunk.start - newest.end < Chunker.seam && chunk.tracks == newest.tracks)
        }
        guard !newest.isClosed, chunk.segmentStart == newest.start, chunk.tracks == newest.tracks else { return nil }
        if chunk.start == newest.end { return .continuesSegment }
        return newest.chunks.contains { $0.start == chunk.start && $0.bytes == chunk.bytes } ? .repeats : nil
    }
}
