// What an input that is kept hot delivered lately, so that the stream goes on from it where a better one stopped.
import DequeModule
import Ingest
import Media
import NIOCore

/// The last few seconds of an input that does not play: frames as they arrived, or ready chunks.
///
/// Where a segment is cut and every byte of it is a function of frames and timeline. So where the hot input has the same
/// frames as the one that is lost (the same source on another way), the chunks of the open segment can be made again from
/// the buffer. When they are the same, the stream goes on behind the last of them: no frame is lost and nothing shows.
struct HotBuffer {
    private struct Batch {
        var arrival: MediaTime
        var frames: [Frame]
        var bytes: Int
    }

    /// What the stream goes on with.
    struct Resumption {
        /// Makes the chunks of the open segment again; those before the end of the stream it has already.
        var segmenter: Segmenter
        /// They follow the stream's last chunk.
        var chunks: [Chunk]
    }

    private static let bytesMax = 64 << 20

    private let span: MediaSpan
    private var batches: Deque<Batch> = []
    private var bytes = 0
    private(set) var chunks: Deque<Chunk> = []

    /// - Parameter span: of arrival, that is kept. It has to reach from the start of a segment over the time in which a
    ///   silent input is noticed.
    init(span: MediaSpan) { self.span = span }

    /// - Returns: the bytes that went because there was no room for them, and not because they were too old.
    mutating func append(_ frames: [Frame], at now: MediaTime) -> Int {
        var dropped = 0
        let count = frames.reduce(0) { $0 + $1.data.readableBytes }
        batches.append(Batch(arrival: now, frames: frames, bytes: count))
        bytes += count
        while let first = batches.first, now - first.arrival > span || bytes > Self.bytesMax {
            if now - first.arrival <= span { dropped += first.bytes }
            bytes -= first.bytes
            batches.removeFirst()
        }
        return dropped
    }

    /// - Returns: as of frames.
    mutating func append(_ chunk: Chunk) -> Int {
        var dropped = 0
        chunks.append(chunk)
        bytes += chunk.bytes.readableBytes
        while let first = chunks.first, chunk.end - first.start > span || bytes > Self.bytesMax {
            if chunk.end - first.start <= span { dropped += first.bytes.readableBytes }
            bytes -= first.bytes.readableBytes
            chunks.removeFirst()
        }
        return dropped
    }

    /// The ready chunks with which the stream goes on: best in the middle of its open segment.
    func chunks(after newest: LiveSegment?) -> ArraySlice<Chunk> {
        let kept = Array(chunks)
        let next = kept.firstIndex { ChunkJoining.place(of: $0, after: newest) == .continuesSegment }
        let first =
            next
            ?? kept.firstIndex {
                guard case .startsSegment = ChunkJoining.place(of: $0, after: newest) else { return false }
                return $0.startsWithKeyFrame
            }
        return first.map { kept[$0...] } ?? []
    }

    /// Makes the stream's open segment again from the frames here, and what follows it.
    ///
    /// - Parameters:
    ///   - newest: the open segment of the stream, nothing of it flushed.
    ///   - anchor: the timeline that it is on.
    /// - Returns: nil where the frames are others, are on another timeline, or do not reach back to the segment's start.
    func resume(
        after newest: LiveSegment, on anchor: TimelineAnchor, tracks: TrackSet, clock: SourceClock,
        segmentDuration: MediaSpan
    ) -> Resumption? {
        guard !newest.isClosed, tracks == newest.tracks else { return nil }
        var segmenter = Segmenter(
            segmentDuration: segmentDuration,
            continuing: SegmenterContinuation(anchor: anchor, end: nil, tracks: nil))
        var made: [Chunk] = []
        segmenter.sourceStarts(sameSource: true, into: &made)
        segmenter.tracksChanged(tracks, clock: clock, into: &made)
        for batch in batches { segmenter.take(batch.frames, at: batch.arrival, into: &made) }
        guard let start = made.firstIndex(where: { $0.start == newest.start }) else { return nil }
        // The hot input may be on a longer way, and have made fewer of them.
        guard zip(made[start...], newest.chunks).allSatisfy({ $0.start == $1.start && $0.bytes == $1.bytes }) else {
            return nil
        }
        let following = made[start...].dropFirst(newest.chunks.count)
        guard following.first.map({ $0.start == newest.end }) ?? true else { return nil }
        segmenter.anchorings.removeAll()
        return Resumption(segmenter: segmenter, chunks: Array(following))
    }

    /// The batches that arrived at or after `instant`, from the first key frame of `leading` on.
    func frames(since instant: MediaTime, leading: TrackID) -> [(arrival: MediaTime, frames: [Frame])] {
        var taken: [(arrival: MediaTime, frames: [Frame])] = []
        for batch in batches where batch.arrival >= instant {
            if taken.isEmpty {
                guard let key = batch.frames.firstIndex(where: { $0.isKey && $0.track == leading }) else { continue }
                taken.append((batch.arrival, Array(batch.frames[key...])))
            } else {
                taken.append((batch.arrival, batch.frames))
            }
        }
        return taken
    }
}
