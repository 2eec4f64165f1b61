// When a chunk is complete, where it ends, and how it is written.
import CMAF
import Media
import NIOCore

extension Chunker {
    /// The next place where the open chunk may end.
    func boundary() -> MediaTime {
        let next = MediaTime(ticks: (chunkStart.index(of: Self.grid) + 1) * Self.grid.ticks)
        if let cut = cuts.first, cut < next { return cut }
        return next
    }

    mutating func closeChunks(into chunks: inout [Chunk]) {
        while true {
            let end = boundary()
            guard hasPassed(end) else { return }
            close(at: farthest(from: end), into: &chunks)
        }
    }

    func hasPassed(_ end: MediaTime) -> Bool {
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
    func farthest(from end: MediaTime) -> MediaTime {
        var next: MediaTime?
        for i in lanes.indices where !lanes[i].isSparse {
            if let time = lanes[i].nextTime(from: end, foresees: i != leading) { next = min(next ?? time, time) }
        }
        guard let next else { return end }
        if let cut = cuts.first, cut <= next { return cut }
        return max(end, MediaTime(ticks: next.index(of: Self.grid) * Self.grid.ticks))
    }

    mutating func write(_ fragments: [[TimedFrame]]) -> (ByteBuffer, [Chunk.Part]) {
        let size = fragments.reduce(0) { $0 + FragmentWriter.size(of: $1) }
        // About four chunks a block: what the last chunk of a block holds back is a small part of a window.
        while block.size < min(size * 4, Self.largestBlock) { block.size *= 2 }
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
    mutating func close(at end: MediaTime, into chunks: inout [Chunk]) {
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
