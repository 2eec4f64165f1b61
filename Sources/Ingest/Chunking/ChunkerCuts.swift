// Where segments begin: at key frames after multiples of the segment's length, at holes, or where no key frame comes.
import Media

extension Chunker {
    mutating func startSegment(at time: MediaTime, isDiscontinuous: Bool) {
        segmentStart = time
        self.isDiscontinuous = isDiscontinuous
        // The first multiple at or after the start, and one more.
        let first = -((0 - time.ticks).flooredDivided(by: longest.ticks))
        forcedEnd = MediaTime(ticks: (first + 1) * longest.ticks)
    }

    mutating func noteCut(_ time: MediaTime) {
        let before = cuts.last ?? segmentStart
        if time > max(chunkStart, before), time.index(of: segmentDuration) > before.index(of: segmentDuration) {
            cuts.append(time)
        }
    }

    mutating func breakAtGap(_ time: MediaTime, lane: Int, into chunks: inout [Chunk]) {
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
}
