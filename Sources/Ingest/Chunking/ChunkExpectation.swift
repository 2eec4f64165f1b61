// Which frames complete the open chunk: until they come nobody has to be woken.
package import Media

/// What the open chunk waits for, in the clock of its source. A value that another thread may hold: whoever receives frames
/// can tell whether it is worth to hand them over now.
///
/// It may say yes too early, which costs a look. It says no to frames that complete a chunk only where timestamps are
/// untidy, so who relies on it looks from time to time anyway.
package struct ChunkExpectation: Sendable {
    /// Where the open chunk may end.
    let end: SourceTime
    let leading: TrackID
    /// The tracks that are not there yet.
    private(set) var waiting: [TrackID]

    init(end: SourceTime, leading: TrackID, waiting: [TrackID]) {
        self.end = end
        self.leading = leading
        self.waiting = waiting
    }

    /// Takes note of frames in the order of their arrival. True when with them, and those of before, the chunk may be
    /// complete: every track has passed its end; a key frame may end it earlier; or a time is so far away
    /// that something else happens than that the chunk goes on.
    package mutating func isMet(by frames: [Frame]) -> Bool {
        for frame in frames {
            let isLeading = frame.track == leading
            let past = frame.decodeTime - end
            if isLeading && frame.isKey || past.magnitude >= Chunker.patience { return true }
            let lasting = isLeading ? past : past + (frame.duration ?? .zero)
            if lasting >= .zero, let index = waiting.firstIndex(of: frame.track) { waiting.remove(at: index) }
        }
        return waiting.isEmpty
    }
}

extension Chunker {
    /// Where the open chunk may end, and the tracks that have not passed that; nil while no segment is open.
    fileprivate var awaited: (end: MediaTime, leading: TrackID, tracks: [TrackID])? {
        guard case .running = state else { return nil }
        let end = boundary()
        var tracks: [TrackID] = []
        for i in lanes.indices where !lanes[i].isSparse || lanes.count == 1 {
            if !lanes[i].front.isComplete(to: end, foresees: i != leading) { tracks.append(lanes[i].track.id) }
        }
        return (end, lanes[leading].track.id, tracks)
    }
}

extension Segmenter {
    /// Nil while any frame may change something: before the first segment, and when the source has no place on the timeline.
    package var expectation: ChunkExpectation? {
        guard let anchor = timeline.anchor, let awaited = chunker.awaited else { return nil }
        return ChunkExpectation(
            end: anchor.source + (awaited.end - anchor.media), leading: awaited.leading, waiting: awaited.tracks)
    }
}
