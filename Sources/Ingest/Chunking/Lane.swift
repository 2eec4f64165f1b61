// The frames of one track that wait for their chunk.
import Media
import NIOCore

/// How far a track has come. Apart from the lane, because the chunker asks a few times per frame: a copy of the newest frame,
/// or of the whole lane, would cost reference counts.
struct Front: Sendable {
    /// Decode time of the newest frame.
    var time: MediaTime?
    /// What the codec says about the newest frame's length, for the case that no next frame comes.
    var ownDuration: MediaSpan?

    /// All frames before `end` are there.
    ///
    /// - Parameter foresees: where the codec fixes the length of a frame, the one that lasts until `end` is the last: nobody
    ///   has to wait for the next, which may share a late packet with many others.
    func isComplete(to end: MediaTime, foresees: Bool) -> Bool {
        guard let time else { return false }
        return time >= end || foresees && lasts(time, to: end)
    }

    func lasts(_ start: MediaTime, to end: MediaTime) -> Bool {
        ownDuration.map { start + $0 >= end } ?? false
    }
}

/// One track of the chunker: frames whose length is known, and the newest, whose length the next one tells.
struct Lane: Sendable {
    let track: Track
    /// Data comes when it comes: nobody waits for it.
    let isSparse: Bool
    var ready: [TimedFrame] = []
    private var newest: TimedFrame?
    private(set) var front = Front()
    var usualDuration: MediaSpan

    init(_ track: Track) {
        self.track = track
        isSparse = track.kind == .data
        usualDuration = track.kind == .data ? .zero : .milliseconds(40)
    }

    /// Decode time of the newest frame.
    var newestTime: MediaTime? { front.time }

    /// When the first frame at or after `time` begins, or will begin.
    func nextTime(from time: MediaTime, foresees: Bool) -> MediaTime? {
        if let first = ready.first(where: { $0.decodeTime >= time }) { return first.decodeTime }
        guard let newestTime else { return nil }
        if newestTime >= time { return newestTime }
        return foresees && front.lasts(newestTime, to: time) ? front.ownDuration.map { newestTime + $0 } : nil
    }

    /// Forgets what is before `time`.
    mutating func drop(before time: MediaTime) {
        ready.removeAll { $0.decodeTime < time }
        guard let newestTime, newestTime < time else { return }
        newest = nil
        front.time = nil
    }

    mutating func push(_ frame: TimedFrame, ownDuration: MediaSpan?) {
        if var before = newest {
            let step = frame.decodeTime - before.decodeTime
            // Over a hole a frame keeps its usual length; the hole shows in the times.
            let isHole = isSparse || step > Chunker.gap
            before.duration = isHole ? (front.ownDuration ?? usualDuration) : step
            if !isHole { usualDuration = step }
            ready.append(before)
        }
        newest = frame
        front = Front(time: frame.decodeTime, ownDuration: ownDuration)
    }

    /// No frame follows: the newest one gets the length its codec or its neighbours suggest.
    mutating func finish() {
        guard var last = newest else { return }
        last.duration = front.ownDuration ?? usualDuration
        ready.append(last)
        newest = nil
        front.time = nil
    }

    /// Forgets the frames that begin at or after `limit`.
    mutating func drop(from limit: MediaTime) {
        if let newest, newest.decodeTime >= limit { self.newest = nil }
        ready.removeAll { $0.decodeTime >= limit }
    }

    /// Takes the frames that begin before `end`.
    mutating func take(before end: MediaTime, foresees: Bool) -> [TimedFrame] {
        if foresees, let last = newest, last.decodeTime < end, front.lasts(last.decodeTime, to: end) {
            ready.append(last)
            newest = nil
        }
        var count = 0
        while count < ready.count, ready[count].decodeTime < end { count += 1 }
        guard count > 0 else { return [] }
        var taken = Array(ready[..<count])
        if count == ready.count { ready.removeAll(keepingCapacity: true) } else { ready.removeFirst(count) }
        // Its length may not depend on whether the next frame had come already.
        if foresees, let own = front.ownDuration, front.lasts(taken[count - 1].decodeTime, to: end) {
            taken[count - 1].duration = own
        }
        return taken
    }

    /// Keeps about two seconds while no segment has begun.
    mutating func forgetOld() {
        guard let newestTime, let first = ready.first, newestTime - first.decodeTime > .seconds(4) else { return }
        let oldest = newestTime - .seconds(2)
        ready.removeAll { $0.decodeTime < oldest }
    }
}
