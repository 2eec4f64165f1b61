// Frames on the timeline in, chunks out: where chunks and segments begin is a function of the frames alone.
internal import CMAF
package import Media
internal import NIOCore

/// Cuts mapped frames into chunks and segments.
///
/// - A segment is cut at the first key frame of the leading track at or after a multiple of `segmentDuration` of UTC;
///   frames of other tracks belong to it by their decode time.
/// - A chunk ends at the next multiple of 200 ms of UTC, or at a cut. Where the next 200 ms hold no frame it reaches
///   on to those that do.
/// - A chunk is closed when every track but data has passed its end (of the tracks beside the leading one a frame that lasts
///   until then is enough, where the codec says how long it is); or when the leading track is `patience` past it,
///   or any track `stall` past it. Frames that come later still go into a later chunk, in order, with their own times.
/// - Without a key frame a segment ends at the second multiple of `longest` after its start, so that instances agree on the
///   place; the next begins without one and its first chunk says so.
///
/// Memory is bounded by `stall` of media: frames that wait for the first key frame, for `longest` at most, are not kept.
///
/// ```
/// waiting ──key frame of the leading track, or `longest` without one──► running
///    ▲                                                                    │ flush · gap · other tracks
///    └────────────────────────────────────────────────────────────────────┘
/// ```
package struct Chunker: Sendable {
    /// Length of a chunk.
    package static let grid = MediaSpan.milliseconds(200)
    /// A hole in the decode times of all tracks that is longer than this ends the segment.
    package static let gap = MediaSpan.seconds(2)
    /// How far the leading track may be past a chunk's end before slower tracks are not waited for.
    package static let patience = MediaSpan.seconds(1)
    /// How far any track may be past a chunk's end before even the leading track is not waited for.
    package static let stall = MediaSpan.seconds(4)
    /// Starts that differ from the end of what was written by less are a continuation.
    package static let seam = MediaSpan.milliseconds(100)

    enum State { case waiting(since: MediaTime?), running }

    package let segmentDuration: MediaSpan
    /// Multiples of this end segments that find no key frame: eight segments, at least 30 s.
    package let longest: MediaSpan
    package private(set) var tracks: TrackSet?
    /// End of the last chunk: nothing will be written before it.
    package internal(set) var writtenEnd: MediaTime?
    /// Frames that could not be placed: of unknown tracks, before the first key frame, before `writtenEnd`.
    package private(set) var refusedFrames: UInt64 = 0

    /// Start of the segment that the next chunk belongs to; nil while none is open. Known with the last chunk of the segment
    /// before, which is complete then.
    package var openSegmentStart: MediaTime? {
        if case .running = state { segmentStart } else { nil }
    }

    var state = State.waiting(since: nil)
    var lanes: [Lane] = []
    var leading = 0
    /// Tracks that hold from the next key frame of the leading track on.
    var nextTracks: TrackSet?
    var writtenTracks: TrackSet?
    var segmentStart = MediaTime(ticks: 0)
    var chunkStart = MediaTime(ticks: 0)
    var isDiscontinuous = false
    var discontinuityMarked = false
    var forcedEnd = MediaTime(ticks: 0)
    var cuts: [MediaTime] = []
    /// Where the chunks' bytes are. They leave the live window in the order in which they came.
    var block = ByteBlock(size: smallestBlock)
    static let smallestBlock = 64 << 10
    static let largestBlock = 256 << 10

    /// - Parameters:
    ///   - segmentDuration: positive; anything shorter than one chunk counts as one chunk.
    ///   - end: end of what another server wrote of this stream, and `tracks` what it was made of: the first segment
    ///     then starts at or after it and is a discontinuity unless it continues it.
    package init(segmentDuration: MediaSpan, after end: MediaTime? = nil, tracks: TrackSet? = nil) {
        self.segmentDuration = max(segmentDuration, Self.grid)
        longest = max(self.segmentDuration * 8, .seconds(30))
        writtenEnd = end
        writtenTracks = tracks
    }

    /// Tracks are known or have changed. Where the leading track stays, the old ones go on to its next key frame;
    /// else all is closed here.
    package mutating func setTracks(_ set: TrackSet, into chunks: inout [Chunk]) {
        guard set != tracks else {
            nextTracks = nil
            return
        }
        if case .running = state, let tracks, let leader = tracks.leading, leader == set.leading {
            nextTracks = set
            return
        }
        flush(into: &chunks)
        adopt(set)
    }

    /// The timeline does not continue here. Call after `flush`.
    package mutating func markDiscontinuity() { discontinuityMarked = true }

    /// Takes the next frame in the order of arrival and appends the chunks that it completes.
    package mutating func append(
        _ frame: Frame, decodeTime: MediaTime, presentationTime: MediaTime, into chunks: inout [Chunk]
    ) {
        guard var index = laneIndex(of: frame.track) else {
            refusedFrames += 1
            return
        }
        if case .running = state { breakAtGap(decodeTime, lane: index, into: &chunks) }
        if case .running = state, let next = nextTracks, index == leading, frame.isKey {
            flush(into: &chunks)
            adopt(next)
            guard let moved = laneIndex(of: frame.track) else { return }
            index = moved
        } else if let next = nextTracks, next[frame.track] != lanes[index].track {
            refusedFrames += 1
            return
        }
        var time = decodeTime
        if let before = lanes[index].front.time, time <= before {
            time = before + MediaSpan(ticks: 1)
        }
        if case .waiting = state {
            guard wait(frame, time, lane: index) else { return }
        } else if index == leading, frame.isKey {
            noteCut(time)
        }
        lanes[index].push(
            TimedFrame(
                track: frame.track, decodeTime: time, presentationTime: presentationTime, duration: .zero,
                isKey: frame.isKey, data: frame.data),
            ownDuration: frame.duration)
        if case .running = state { closeChunks(into: &chunks) } else { lanes[index].forgetOld() }
    }

    /// The source is away or another one comes: everything that is held becomes chunks, the segment is complete.
    ///
    /// - Parameter limit: where ready chunks of another server go on; what is held from there on is theirs.
    package mutating func flush(before limit: MediaTime? = nil, into chunks: inout [Chunk]) {
        defer {
            for i in lanes.indices { lanes[i] = Lane(lanes[i].track) }
            state = .waiting(since: nil)
            cuts.removeAll(keepingCapacity: true)
        }
        guard case .running = state else { return }
        if let limit {
            guard limit > chunkStart else { return }
            for i in lanes.indices { lanes[i].drop(from: limit) }
        }
        var end = chunkStart
        for i in lanes.indices {
            lanes[i].finish()
            guard let last = lanes[i].ready.last else { continue }
            // The leading track says where the end is, so that a key frame right there is a continuation.
            end = max(end, last.decodeTime + (i == leading ? last.duration : MediaSpan(ticks: 1)))
        }
        if let limit { end = min(end, limit) }
        for i in lanes.indices {
            guard let last = lanes[i].ready.last, last.decodeTime + last.duration > end else { continue }
            lanes[i].ready[lanes[i].ready.count - 1].duration = end - last.decodeTime
        }
        while lanes.contains(where: { !$0.ready.isEmpty }) {
            let next = boundary()
            let isLast = !lanes.contains { lane in lane.ready.last.map { $0.decodeTime >= next } ?? false }
            close(at: isLast ? max(end, chunkStart + MediaSpan(ticks: 1)) : farthest(from: next), into: &chunks)
        }
    }

    // MARK: before the first key frame

    /// True when the frame is to be kept.
    mutating func wait(_ frame: Frame, _ time: MediaTime, lane: Int) -> Bool {
        if let writtenEnd, time < writtenEnd {
            refusedFrames += 1
            return false
        }
        guard lane == leading else { return true }
        guard case .waiting(let since) = state else { return true }
        if !frame.isKey, time - (since ?? time) < longest {
            state = .waiting(since: since ?? time)
            refusedFrames += 1
            return false
        }
        begin(at: time)
        return true
    }

    mutating func begin(at time: MediaTime) {
        state = .running
        for i in lanes.indices { lanes[i].drop(before: time) }
        var isContinuation = true
        if let writtenEnd { isContinuation = time - writtenEnd < Self.seam && !discontinuityMarked }
        if let writtenTracks, writtenTracks != tracks { isContinuation = false }
        startSegment(at: time, isDiscontinuous: !isContinuation)
        chunkStart = time
        discontinuityMarked = false
    }

    mutating func adopt(_ set: TrackSet) {
        tracks = set
        nextTracks = nil
        lanes = set.tracks.map(Lane.init)
        let leader = set.leading ?? set.tracks.first
        leading = lanes.firstIndex { $0.track.id == leader?.id } ?? 0
        state = .waiting(since: nil)
    }

    func laneIndex(of track: TrackID) -> Int? {
        for i in lanes.indices where lanes[i].track.id == track { return i }
        return nil
    }
}
