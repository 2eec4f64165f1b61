// The frames of one track that wait to be written.
import Media
import NIOCore

/// The waiting frames of one track, in decode order.
struct ChunkLane: Sendable {
    let track: TrackID
    /// Data: comes seldom, never holds a chunk back.
    let isSparse: Bool
    private(set) var frames: [TimedFrame] = []
    /// Decode time of the last frame that came, also when it is written already.
    private(set) var newest: MediaTime?
    /// Frames before the next key frame are of no use: at the start, and after a silence.
    var awaitsKeyFrame = true
    private var lastDuration = MediaSpan.zero

    init(track: TrackID, isSparse: Bool) {
        self.track = track
        self.isSparse = isSparse
    }

    var first: TimedFrame? { frames.first }
    var last: TimedFrame? { frames.last }

    mutating func append(_ frame: TimedFrame) {
        if let newest {
            // Chunks are written from decode times; a frame that does not rise cannot be placed.
            guard frame.decodeTime > newest || (isSparse && frame.decodeTime >= newest) else { return }
            lastDuration = frame.decodeTime - newest
        }
        newest = frame.decodeTime
        frames.append(frame)
    }

    mutating func removeAll() {
        frames.removeAll(keepingCapacity: true)
        newest = nil
        awaitsKeyFrame = true
    }

    mutating func removeFrames(before time: MediaTime) {
        frames.removeAll { $0.decodeTime < time }
    }

    /// Where the last waiting frame ends, as far as one can know.
    var estimatedEnd: MediaTime? {
        frames.last.map { $0.decodeTime + ($0.duration.ticks > 0 ? $0.duration : lastDuration) }
    }

    /// Payload and header bytes of the frames before `end`, at least as many as the fragment will need.
    func byteCount(before end: MediaTime) -> Int {
        var size = 0
        var count = 0
        for frame in frames where frame.decodeTime < end {
            size += frame.data.readableBytes
            count += 1
        }
        return count == 0 ? 0 : size + 120 + 16 * count
    }

    /// Removes and returns the frames before `end`, each with its duration: the step to the next frame, or for the last
    /// of a track that shows no next one, what its codec says or what the step before was.
    mutating func takeFrames(before end: MediaTime) -> [TimedFrame] {
        let count = frames.firstIndex { $0.decodeTime >= end } ?? frames.count
        guard count > 0 else { return [] }
        var taken = Array(frames[..<count])
        for index in 0..<(count - 1) {
            taken[index].duration = taken[index + 1].decodeTime - taken[index].decodeTime
        }
        let last = taken[count - 1]
        if count < frames.count {
            let step = frames[count].decodeTime - last.decodeTime
            // A hole in audio stays a hole: its frames do not stretch. Up to a tick of rounding is no hole.
            let fixed = last.duration
            taken[count - 1].duration = fixed.ticks > 0 && step.ticks > fixed.ticks + 1 ? fixed : step
        } else if last.duration.ticks == 0 {
            taken[count - 1].duration = isSparse ? .zero : lastDuration
        }
        frames.removeFirst(count)
        return taken
    }
}
