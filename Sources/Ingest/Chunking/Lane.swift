// The frames of one track that wait for their chunk.
import Media
import NIOCore

/// One track of the chunker: frames whose length is known, and the newest, whose length the next one tells.
struct Lane: Sendable {
    let track: Track
    /// Data comes when it comes: nobody waits for it.
    let isSparse: Bool
    var ready: [TimedFrame] = []
    var newest: TimedFrame?
    /// What the codec says about the newest frame's length, for the case that no next frame comes.
    var newestOwnDuration: MediaSpan?
    var usualDuration: MediaSpan

    init(_ track: Track) {
        self.track = track
        isSparse = track.kind == .data
        usualDuration = track.kind == .data ? .zero : .milliseconds(40)
    }

    mutating func push(_ frame: TimedFrame, ownDuration: MediaSpan?) {
        if var before = newest {
            let step = frame.decodeTime - before.decodeTime
            // Over a hole a frame keeps its usual length; the hole shows in the times.
            let isHole = isSparse || step > Chunker.gap
            before.duration = isHole ? (newestOwnDuration ?? usualDuration) : step
            if !isHole { usualDuration = step }
            ready.append(before)
        }
        newest = frame
        newestOwnDuration = ownDuration
    }

    /// No frame follows: the newest one gets the length its codec or its neighbours suggest.
    mutating func finish() {
        guard var last = newest else { return }
        last.duration = newestOwnDuration ?? usualDuration
        ready.append(last)
        newest = nil
    }

    /// Takes the frames that begin before `end`.
    mutating func take(before end: MediaTime) -> [TimedFrame] {
        var count = 0
        while count < ready.count, ready[count].decodeTime < end { count += 1 }
        guard count > 0 else { return [] }
        if count == ready.count {
            defer { ready.removeAll(keepingCapacity: true) }
            return Array(ready)
        }
        let taken = Array(ready[..<count])
        ready.removeFirst(count)
        return taken
    }

    /// Keeps about two seconds while no segment has begun.
    mutating func forgetOld() {
        guard let newest, let first = ready.first, newest.decodeTime - first.decodeTime > .seconds(4) else { return }
        let oldest = newest.decodeTime - .seconds(2)
        ready.removeAll { $0.decodeTime < oldest }
    }
}
