// From one input to another, and from media to none.
import Ingest
import Media
import NIOConcurrencyHelpers
import NIOCore

extension StreamLife {
    func play(_ index: Int, reason: String) {
        let buffer = sessions.takeBuffer(of: index)
        var left: [Chunk] = []
        var chunks: [Chunk] = []
        var ready: ArraySlice<Chunk> = []
        if let buffer, let resumption = resumption(from: buffer, of: index) {
            segmenter = resumption.segmenter
            chunks = resumption.chunks
            resumedAt = chunks.isEmpty ? window.segments.last?.end : nil
            hasResumed = true
        } else {
            ready = buffer.map { $0.chunks(after: window.segments.last) } ?? []
            segmenter.sourceStarts(
                sameSource: lastPlayed == index || isHandedOver, before: (joiningChunk ?? ready.first)?.start,
                into: &left)
            resumedAt = nil
            // An input of ready chunks has no tracks of its own: each chunk says what it is made of.
            if let source = sessions.source(of: index) {
                segmenter.tracksChanged(source.tracks, clock: source.clock, into: &left)
            }
            if let buffer, let leading = sessions.leadingTrack(of: index) {
                for batch in buffer.frames(since: lastArrival, leading: leading) {
                    segmenter.take(batch.frames, at: batch.arrival, into: &chunks)
                    hasResumed = true
                }
                reportAnchorings()
            }
        }
        isHandedOver = false
        awaitsChunk = true
        lastPlayed = index
        sessions.setPlaying(index)
        // What the source before left is still its own.
        take(left)
        isFilling = definition.inputs[index].choice.isBackup
        take(chunks)
        self.reason = reason
        if isFilling { readers.mediaLost(reason: reason) }
        environment.report(StreamEvent(.inputSwitched, stream: definition.name, reason: reason))
        for chunk in ready { playChunk(chunk, from: index) }
    }

    /// How the stream goes on in the middle of its open segment with what a hot input has delivered.
    func resumption(from buffer: HotBuffer, of index: Int) -> HotBuffer.Resumption? {
        guard let source = sessions.source(of: index), let newest = window.segments.last,
            let anchor = segmenter.handover.anchor
        else { return nil }
        return buffer.resume(
            after: newest, on: anchor, tracks: source.tracks, clock: source.clock,
            segmentDuration: definition.segmentDuration)
    }

    /// What is kept of a hot input: from before the start of the open segment, over the time in which a silent input is
    /// noticed.
    var hotSpan: MediaSpan {
        let timeouts = definition.inputs.lazy.filter { !$0.choice.isBackup }.map(\.choice.sourceTimeout)
        let silence = min(timeouts.max() ?? .zero, Self.hotSilenceMax)
        return definition.segmentDuration * 2 + .milliseconds(Int64(silence / .milliseconds(1))) + .seconds(2)
    }

    func pause(reason: String) {
        finishMedia()
        self.reason = reason
        environment.report(StreamEvent(.mediaLost, stream: definition.name, reason: reason))
        readers.mediaLost(reason: reason)
        hadMedia = false
    }
}
