import CMAF
// Frames in, chunks out: cuts segments at key frames on multiples of UTC and writes each chunk's bytes once.
package import Media
import NIOCore

/// Cuts placed frames into segments and chunks (DESIGN: "cuts are a pure function of the frames and the timeline").
///
/// - A **segment** starts at the first key frame of the leading track whose decode time is at or after a multiple of
///   `segmentDuration` of UTC. Which multiple a frame lies behind depends on its time alone, so every server cuts alike.
/// - A **chunk** ends at each multiple of `chunkDuration` and at each cut. It holds, per track, the frames whose decode
///   time lies in it. It is written when every video and audio track has shown a frame beyond its end, or when one of them
///   is `lateLimit` beyond it; a frame that comes later than that goes to the next chunk, so none is lost or reordered.
///   Data tracks never hold a chunk back.
/// - A leading track without key frames is cut after `longestSegment`; one that falls silent for `silenceLimit` while
///   other tracks go on is cut by those, and joins again at a key frame.
///
/// Feed it with `setTracks`, then `append` in the order of arrival. Frames of a track must rise in decode time.
package struct Chunker: Sendable {
    package struct Parameters: Hashable, Sendable {
        package var segmentDuration: MediaSpan
        package var chunkDuration = MediaSpan.milliseconds(200)
        package var lateLimit = MediaSpan.seconds(1)
        package var silenceLimit = MediaSpan.seconds(2)
        /// How long the start may wait for a key frame before it begins without one.
        package var keyFrameWait = MediaSpan.seconds(10)

        package init(segmentDuration: MediaSpan) {
            precondition(segmentDuration.ticks > 0, "a segment needs a length")
            self.segmentDuration = segmentDuration
        }

        /// A segment is never longer: three times what is configured, at least 15 s.
        var longestSegment: MediaSpan { max(segmentDuration * 3, .seconds(15)) }
    }

    private let parameters: Parameters
    private var tracks = TrackSet([])
    private var lanes: [ChunkLane] = []
    private var leading: Int?
    /// Begin of the chunk that is being gathered; nil until the first key frame.
    private var chunkStart: MediaTime?
    private var segmentStart = MediaTime(ticks: 0)
    private var nextIsDiscontinuous: Bool
    /// Decode time of the first frame since the last beginning.
    private var firstSeen: MediaTime?
    /// The greatest decode time of video and audio.
    private var newest = MediaTime(ticks: .min)
    /// Segments that had to start without a key frame.
    package private(set) var forcedCuts: UInt64 = 0

    /// - Parameter continuesStream: the first segment follows media that viewers may have seen elsewhere, so it starts
    ///   with a discontinuity.
    package init(_ parameters: Parameters, continuesStream: Bool = false) {
        self.parameters = parameters
        nextIsDiscontinuous = continuesStream
    }

    /// Frames from here on are of these tracks. A different set ends the segment and makes the next one discontinuous.
    package mutating func setTracks(_ tracks: TrackSet, into output: inout [Chunk]) {
        guard tracks != self.tracks else { return }
        beginAnew(into: &output)
        self.tracks = tracks
        lanes = tracks.tracks.map { ChunkLane(track: $0.id, isSparse: $0.kind == .data) }
        leading = tracks.leading.flatMap { track in lanes.firstIndex { $0.track == track.id } }
    }

    /// What was gathered is written; the next frame does not continue it.
    package mutating func beginAnew(into output: inout [Chunk]) {
        let hadMedia = chunkStart != nil
        finish(into: &output)
        if hadMedia { nextIsDiscontinuous = true }
    }

    /// Writes all that was gathered, as when the source is lost. Gathering begins again at the next key frame.
    package mutating func finish(into output: inout [Chunk]) {
        if chunkStart != nil {
            while closeCompleteChunk(into: &output) {}
            closeLastChunk(into: &output)
        }
        for index in lanes.indices { lanes[index].removeAll() }
        chunkStart = nil
        firstSeen = nil
        newest = MediaTime(ticks: .min)
    }

    /// Takes a frame at its place and appends the chunks that it completes.
    package mutating func append(_ frame: Frame, offset: MediaSpan, into output: inout [Chunk]) {
        guard let index = lanes.firstIndex(where: { $0.track == frame.track }) else { return }
        let time = MediaTime(ticks: frame.decodeTime.ticks &+ offset.ticks)
        if !lanes[index].isSparse {
            if firstSeen == nil { firstSeen = time }
            if time > newest { newest = time }
        }
        if index == leading, lanes[index].awaitsKeyFrame {
            guard frame.isKey || isTiredOfWaiting else { return }
            lanes[index].awaitsKeyFrame = false
        }
        lanes[index].append(
            TimedFrame(
                track: frame.track, decodeTime: time,
                presentationTime: MediaTime(ticks: frame.presentationTime.ticks &+ offset.ticks),
                duration: frame.duration ?? .zero, isKey: frame.isKey, data: frame.data))
        if chunkStart == nil, !start() { return }
        while closeCompleteChunk(into: &output) {}
    }

    // MARK: Starting

    private var isTiredOfWaiting: Bool {
        firstSeen.map { newest - $0 > parameters.keyFrameWait } ?? false
    }

    /// Begins the first segment if it can be: at the leading track's first frame, which is a key frame.
    private mutating func start() -> Bool {
        guard let leading else { return startAtEarliestFrame() }
        guard let first = lanes[leading].first else {
            // The leading track is silent from the start: after a while the others begin without it.
            if let firstSeen, newest - firstSeen > parameters.silenceLimit { return startAtEarliestFrame() }
            return false
        }
        if !first.isKey { forcedCuts += 1 }
        begin(segmentAt: first.decodeTime)
        return true
    }

    private mutating func startAtEarliestFrame() -> Bool {
        guard let earliest = lanes.compactMap({ $0.isSparse ? nil : $0.first?.decodeTime }).min() else { return false }
        begin(segmentAt: earliest)
        return true
    }

    private mutating func begin(segmentAt time: MediaTime) {
        chunkStart = time
        segmentStart = time
        // What other tracks showed before the first key frame belongs to nothing.
        for index in lanes.indices { lanes[index].removeFrames(before: time) }
    }

    // MARK: Closing

    /// Writes the chunk being gathered if it is complete. True when it did, so that the caller asks again.
    private mutating func closeCompleteChunk(into output: inout [Chunk]) -> Bool {
        guard let start = chunkStart else { return false }
        let period = parameters.chunkDuration
        var end = MediaTime(ticks: (start.index(of: period) + 1) * period.ticks)
        let cut = nextCut(after: start, before: end)
        if let cut { end = cut }
        guard isComplete(to: end) else { return false }
        let startsSegment = cut != nil || isCut(at: end)
        write(from: start, to: end, into: &output)
        chunkStart = end
        if startsSegment {
            segmentStart = end
            if let leading, lanes[leading].first?.decodeTime != end || lanes[leading].first?.isKey != true {
                forcedCuts += 1
            }
        }
        return true
    }

    private func isComplete(to end: MediaTime) -> Bool {
        if newest - end >= parameters.lateLimit { return true }
        return lanes.allSatisfy { $0.isSparse || ($0.last.map { $0.decodeTime >= end } ?? false) }
    }

    /// The first cut in the open interval between two times: where a later segment starts.
    private func nextCut(after start: MediaTime, before end: MediaTime) -> MediaTime? {
        guard let lane = cuttingLane else { return nil }
        for frame in lanes[lane].frames where frame.decodeTime > start && frame.decodeTime < end {
            if isCut(frame, in: lane) { return frame.decodeTime }
        }
        return nil
    }

    /// A cut falls exactly on the end of the chunk.
    private func isCut(at end: MediaTime) -> Bool {
        guard let lane = cuttingLane else { return false }
        for frame in lanes[lane].frames where frame.decodeTime >= end {
            return frame.decodeTime == end && isCut(frame, in: lane)
        }
        return false
    }

    private func isCut(_ frame: TimedFrame, in lane: Int) -> Bool {
        if frame.decodeTime - segmentStart >= parameters.longestSegment { return true }
        let period = parameters.segmentDuration
        return (frame.isKey || lane != leading)
            && frame.decodeTime.index(of: period) > segmentStart.index(of: period)
    }

    /// The track that cuts: the leading one, or while that is silent any other that goes on.
    private var cuttingLane: Int? {
        if let leading {
            guard let last = lanes[leading].newest else {
                return newestLane
            }
            if newest - last <= parameters.silenceLimit { return leading }
        }
        return newestLane
    }

    private var newestLane: Int? {
        lanes.indices.first { !lanes[$0].isSparse && lanes[$0].newest == newest }
    }

    private mutating func closeLastChunk(into output: inout [Chunk]) {
        guard let start = chunkStart else { return }
        var end = start
        for lane in lanes where !lane.isSparse {
            if let laneEnd = lane.estimatedEnd, laneEnd > end { end = laneEnd }
        }
        guard end > start else { return }
        write(from: start, to: end, into: &output)
        chunkStart = end
    }

    private mutating func write(from start: MediaTime, to end: MediaTime, into output: inout [Chunk]) {
        var size = 0
        for lane in lanes { size += lane.byteCount(before: end) }
        guard size > 0 else { return }
        var bytes = ByteBufferAllocator().buffer(capacity: size)
        var parts: [Chunk.Part] = []
        parts.reserveCapacity(lanes.count)
        for index in lanes.indices {
            let frames = lanes[index].takeFrames(before: end)
            if !frames.isEmpty { parts.append(FragmentWriter.append(frames, to: &bytes)) }
        }
        if let leading, let last = lanes[leading].newest, newest - last > parameters.silenceLimit {
            lanes[leading].awaitsKeyFrame = true
        }
        let startsSegment = start == segmentStart
        output.append(
            Chunk(
                tracks: tracks, segmentStart: segmentStart, start: start, duration: end - start,
                isDiscontinuous: startsSegment && nextIsDiscontinuous, parts: parts, bytes: bytes))
        if startsSegment { nextIsDiscontinuous = false }
    }
}
