// Chunks go into the window, to the readers and to the archive.
import Ingest
import Media
import NIOConcurrencyHelpers
import NIOCore

extension StreamLife {
    func tracksChanged(_ tracks: TrackSet, clock: SourceClock) {
        var chunks: [Chunk] = []
        segmenter.tracksChanged(tracks, clock: clock, into: &chunks)
        take(chunks)
        let names = tracks.tracks.map(\.codec.displayName).joined(separator: ", ")
        environment.report(StreamEvent(.tracksChanged, stream: definition.name, reason: "now \(names)"))
    }

    func reportAnchorings() {
        guard !segmenter.anchorings.isEmpty else { return }
        // The first anchor of a source is told by the switch to it.
        for anchoring in segmenter.anchorings where anchoring != .firstFrame {
            environment.report(StreamEvent(.timelineRestarted, stream: definition.name, reason: "\(anchoring)"))
        }
        segmenter.anchorings.removeAll()
    }

    func take(_ chunks: [Chunk]) {
        guard !chunks.isEmpty else { return }
        for chunk in chunks {
            window.append(chunk)
            let packets = transportStream.next(
                chunk, isWanted: readers.transportStreamReaders > 0,
                oldest: window.segments.first?.start ?? chunk.start)
            if readers.readerCount > 0 {
                deliver(
                    ChunkDelivery(
                        chunk: chunk, transportStream: packets,
                        startsWithKeyFrame: window.canBegin(with: chunk),
                        timeline: segmenter.handover.anchor))
            }
            environment.chunkMade?(chunk, isFilling)
        }
        // Nobody has to wait for the next segment's first chunk to hear that this one is complete.
        if let next = segmenter.chunker.openSegmentStart, let last = window.segments.last, next >= last.end {
            window.closeOpenSegment()
        }
        published.withLockedValue { $0.window = window }
        if !hadMedia {
            hadMedia = true
            environment.report(StreamEvent(.mediaStarted, stream: definition.name, reason: reason))
            publishStatus()
        }
    }

    private func deliver(_ delivery: ChunkDelivery) {
        guard let number = readers.deliver(delivery) else { return }
        let box = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: ReaderCrowd.patience) { box.value.readers.release(keptSince: number) }
    }

    func finishMedia() {
        var chunks: [Chunk] = []
        segmenter.sourceLost(into: &chunks)
        take(chunks)
        window.closeOpenSegment()
        published.withLockedValue { $0.window = window }
    }
}
