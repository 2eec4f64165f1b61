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
/// Memory is bounded by `stall` of media, and by `longest` of nothing: frames before the first key frame are not kept.
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

    private enum State { case waiting(since: MediaTime?), running }

    package let segmentDuration: MediaSpan
    /// Multiples of this end segments that find no key frame: eight segments, at least 30 s.
    package let longest: MediaSpan
    package private(set) var tracks: TrackSet?
    /// End of the last chunk: nothing will be written before it.
    package private(set) var writtenEnd: MediaTime?
    /// Frames that could not be placed: of unknown tracks, before the first key frame, before `writtenEnd`.
    package private(set) var refusedFrames: UInt64 = 0

    /// Start of the segment that the next chunk belongs to; nil while none is open. Known with the last chunk of the segment
    /// before, which is complete then.
    package var openSegmentStart: MediaTime? {
        if case .running = state { segmentStart } else { nil }
    }

    private var state = State.waiting(since: nil)
    private var lanes: [Lane] = []
    private var leading = 0
    /// Tracks that hold from the next key frame of the leading track on.
    private var nextTracks: TrackSet?
    private var writtenTracks: TrackSet?
    private var segmentStart = MediaTime(ticks: 0)
    private var chunkStart = MediaTime(ticks: 0)
    private var isDiscontinuous = false
    private var discontinuityMarked = false
    private var forcedEnd = MediaTime(ticks: 0)
    private var cuts: [MediaTime] = []
    /// Where the chunks' bytes are. They leave the live window in the order in which they came.
    private var block = ByteBlock(size: smallestBlock)
    private static let smallestBlock = 64 << 10
    private static let largestBlock = 512 << 10

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
    private mutating func wait(_ frame: Frame, _ time: MediaTime, lane: Int) -> Bool {
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

    private mutating func begin(at time: MediaTime) {
        state = .running
        for i in lanes.indices { lanes[i].drop(before: time) }
        var isContinuation = true
        if let writtenEnd { isContinuation = time - writtenEnd < Self.seam && !discontinuityMarked }
        if let writtenTracks, writtenTracks != tracks { isContinuation = false }
        startSegment(at: time, isDiscontinuous: !isContinuation)
        chunkStart = time
        discontinuityMarked = false
    }

    private mutating func adopt(_ set: TrackSet) {
        tracks = set
        nextTracks = nil
        lanes = set.tracks.map(Lane.init)
        let leader = set.leading ?? set.tracks.first
        leading = lanes.firstIndex { $0.track.id == leader?.id } ?? 0
        state = .waiting(since: nil)
    }

    private func laneIndex(of track: TrackID) -> Int? {
        for i in lanes.indices where lanes[i].track.id == track { return i }
        return nil
    }

    // MARK: cuts

    private mutating func startSegment(at time: MediaTime, isDiscontinuous: Bool) {
        segmentStart = time
        self.isDiscontinuous = isDiscontinuous
        // The first multiple at or after the start, and one more.
        let first = -((0 - time.ticks).flooredDivided(by: longest.ticks))
        forcedEnd = MediaTime(ticks: (first + 1) * longest.ticks)
    }

    private mutating func noteCut(_ time: MediaTime) {
        let before = cuts.last ?? segmentStart
        if time > max(chunkStart, before), time.index(of: segmentDuration) > before.index(of: segmentDuration) {
            cuts.append(time)
        }
    }

    private mutating func breakAtGap(_ time: MediaTime, lane: Int, into chunks: inout [Chunk]) {
        guard !lanes[lane].isSparse else { return }
        var frontier: MediaTime?
        for i in lanes.indices where !lanes[i].isSparse {
            if let newest = lanes[i].front.time { frontier = max(frontier ?? newest, newest) }
        }
        let isHole = frontier.map { time - $0 > Self.gap } ?? false
        let isBackwards = lanes[lane].front.time.map { $0 - time > Self.gap } ?? false
        if isHole || isBackwards {
            flush(into: &chunks)
            if let next = nextTracks { adopt(next) }
        }
    }

    // MARK: chunks

    /// The next place where the open chunk may end.
    private func boundary() -> MediaTime {
        let next = MediaTime(ticks: (chunkStart.index(of: Self.grid) + 1) * Self.grid.ticks)
        if let cut = cuts.first, cut < next { return cut }
        return next
    }

    private mutating func closeChunks(into chunks: inout [Chunk]) {
        while true {
            let end = boundary()
            guard hasPassed(end) else { return }
            close(at: farthest(from: end), into: &chunks)
        }
    }

    private func hasPassed(_ end: MediaTime) -> Bool {
        var allPassed = true
        for i in lanes.indices where !lanes[i].isSparse || lanes.count == 1 {
            guard lanes[i].front.isComplete(to: end, foresees: i != leading) else {
                allPassed = false
                continue
            }
            if let newest = lanes[i].front.time, newest - end >= Self.stall { return true }
        }
        if allPassed { return true }
        guard let leader = lanes[leading].front.time else { return false }
        return leader - end >= Self.patience
    }

    /// `end`, or later when there is no frame between it and there.
    private func farthest(from end: MediaTime) -> MediaTime {
        var next: MediaTime?
        for i in lanes.indices where !lanes[i].isSparse {
            if let time = lanes[i].nextTime(from: end, foresees: i != leading) { next = min(next ?? time, time) }
        }
        guard let next else { return end }
        if let cut = cuts.first, cut <= next { return cut }
        return max(end, MediaTime(ticks: next.index(of: Self.grid) * Self.grid.ticks))
    }

    private mutating func write(_ fragments: [[TimedFrame]]) -> (ByteBuffer, [Chunk.Part]) {
        let size = fragments.reduce(0) { $0 + FragmentWriter.size(of: $1) }
        // About eight chunks a block: what the last chunk of a block holds back is a small part of a window.
        while block.size < min(size * 8, Self.largestBlock) { block.size *= 2 }
        var parts: [Chunk.Part] = []
        parts.reserveCapacity(fragments.count)
        let bytes = block.make(size) { target in
            var offset = 0
            for frames in fragments {
                parts.append(FragmentWriter.write(frames, to: target, at: offset))
                offset += parts[parts.count - 1].length
            }
        }
        return (bytes, parts)
    }

    /// Closes the open chunk at `end`, and the segment when a cut is there.
    private mutating func close(at end: MediaTime, into chunks: inout [Chunk]) {
        var fragments: [[TimedFrame]] = []
        fragments.reserveCapacity(lanes.count)
        var startsWithKeyFrame = false
        for i in lanes.indices {
            let frames = lanes[i].take(before: end, foresees: i != leading)
            guard let first = frames.first else { continue }
            if i == leading { startsWithKeyFrame = first.isKey }
            fragments.append(frames)
        }
        if !fragments.isEmpty, let tracks {
            let (bytes, parts) = write(fragments)
            chunks.append(
                Chunk(
                    tracks: tracks, segmentStart: segmentStart, start: chunkStart, duration: end - chunkStart,
                    isDiscontinuous: isDiscontinuous && chunkStart == segmentStart,
                    startsWithKeyFrame: startsWithKeyFrame, parts: parts, bytes: bytes))
            writtenEnd = end
            writtenTracks = tracks
        }
        chunkStart = end
        if cuts.first == end {
            cuts.removeFirst()
            startSegment(at: end, isDiscontinuous: false)
        } else if end >= forcedEnd {
            startSegment(at: end, isDiscontinuous: false)
            forcedEnd = MediaTime(ticks: (end.index(of: longest) + 1) * longest.ticks)
        }
    }
}
