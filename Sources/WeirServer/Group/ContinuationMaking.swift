// What one server hands to the next so that playlists go on: from a stream's window and back.
import Cluster
import Ingest
import LiveStream
import Media

extension Continuation {
    /// Nil before the stream has a timeline and a segment.
    init?(_ stream: LiveStream) {
        let media = stream.status.continuation.media
        guard let anchor = media?.anchor, let newest = stream.window.segments.last else {
            return nil
        }
        self.init(
            sourceTicks: anchor.source.ticks, utcTicks: anchor.media.ticks, mediaSequence: newest.sequence,
            sequenceTicks: newest.start.ticks, discontinuitySequence: newest.discontinuitySequence,
            isUTC: anchor.clock == .utc, endTicks: media?.end?.ticks)
    }
}

extension StreamContinuation {
    /// Counts on from the newest number that the last server told: one for each `segmentDuration` that has passed since,
    /// rounded up. A number too high is a gap that players step over; one that was used already would be wrong media.
    init(_ told: Continuation, at now: MediaTime, segmentDuration: MediaSpan) {
        let passed = max(0, now.ticks &- told.sequenceTicks)
        let length = max(1, segmentDuration.ticks)
        let segments = max(1, passed / length + (passed % length == 0 ? 0 : 1))
        self.init(
            media: SegmenterContinuation(
                anchor: TimelineAnchor(
                    clock: told.isUTC ? .utc : .free, source: SourceTime(ticks: told.sourceTicks),
                    media: MediaTime(ticks: told.utcTicks)),
                // An end in the future is a mistake of a clock; the stream must not wait for it.
                end: told.endTicks.map { MediaTime(ticks: min($0, now.ticks)) }, tracks: nil),
            sequence: SequenceContinuation(
                nextSequence: told.mediaSequence &+ segments, discontinuitySequence: told.discontinuitySequence))
    }
}
