// Timeline and chunker as one: frames of a source in, chunks out.
package import Media

/// What another server or a later instance needs to go on with a stream where this one is.
package struct SegmenterContinuation: Hashable, Sendable {
    package var anchor: TimelineAnchor?
    /// End of the last chunk.
    package var end: MediaTime?
    package var tracks: TrackSet?

    package init(anchor: TimelineAnchor?, end: MediaTime?, tracks: TrackSet?) {
        self.anchor = anchor
        self.end = end
        self.tracks = tracks
    }
}

/// Turns what a source delivers into chunks: maps each frame with the timeline and hands it to the chunker.
///
/// One lives as long as its stream and sees all of the stream's sources one after the other.
package struct Segmenter: Sendable {
    package private(set) var timeline: Timeline
    package private(set) var chunker: Chunker
    /// Frames that belong to no clock the timeline knows.
    package private(set) var strayFrames: UInt64 = 0
    /// The reasons of re-anchorings since the caller last emptied it; the first anchor of a source is among them.
    /// Never more than 16.
    package var anchorings: [Timeline.AnchorReason] = []
    private var leading: TrackID?
    private var clock: SourceClock?
    private var continuation: TimelineAnchor?

    package init(
        segmentDuration: MediaSpan, continuing: SegmenterContinuation? = nil, limits: TimelineLimits = TimelineLimits()
    ) {
        timeline = Timeline(limits: limits)
        chunker = Chunker(segmentDuration: segmentDuration, after: continuing?.end, tracks: continuing?.tracks)
        continuation = continuing?.anchor
    }

    package var handover: SegmenterContinuation {
        SegmenterContinuation(
            anchor: timeline.anchor ?? continuation, end: chunker.writtenEnd, tracks: chunker.tracks)
    }

    /// A source starts: its `tracks` event is next. Closes what the one before left.
    ///
    /// - Parameters:
    ///   - sameSource: it is the one that played last (a reconnect), whose timestamps may go on.
    ///   - limit: the source is another server, whose chunks go on from here: what is held beyond is left to them.
    package mutating func sourceStarts(
        sameSource: Bool, before limit: MediaTime? = nil, into chunks: inout [Chunk]
    ) {
        chunker.flush(before: limit, into: &chunks)
        continuation = sameSource ? timeline.anchor ?? continuation : nil
        clock = nil
    }

    /// The source's tracks are known or have changed.
    package mutating func tracksChanged(_ set: TrackSet, clock: SourceClock, into chunks: inout [Chunk]) {
        leading = (set.leading ?? set.tracks.first)?.id
        if self.clock != clock {
            self.clock = clock
            timeline.begin(clock, adopting: continuation)
        }
        chunker.setTracks(set, into: &chunks)
    }

    package mutating func clockJumped() { timeline.clockJumped() }

    /// Takes frames as they came, `now` being the UTC of their arrival, and appends the chunks that they complete.
    package mutating func take(_ frames: [Frame], at now: MediaTime, into chunks: inout [Chunk]) {
        for frame in frames {
            let verdict = timeline.judge(
                track: frame.track, isLeading: frame.track == leading, decodeTime: frame.decodeTime, at: now)
            switch verdict {
            case .follows: break
            case .stray:
                strayFrames += 1
                continue
            case .anchor(let reason):
                chunker.flush(into: &chunks)
                if reason != .firstFrame { chunker.markDiscontinuity() }
                _ = timeline.anchor(
                    track: frame.track, decodeTime: frame.decodeTime, at: now, reason: reason,
                    notBefore: chunker.writtenEnd)
                if anchorings.count < 16 { anchorings.append(reason) }
            }
            guard let time = timeline.mediaTime(of: frame.decodeTime) else { continue }
            chunker.append(
                frame, decodeTime: time, presentationTime: time + (frame.presentationTime - frame.decodeTime),
                into: &chunks)
        }
    }

    /// The source is away: what it left becomes chunks.
    package mutating func sourceLost(into chunks: inout [Chunk]) { chunker.flush(into: &chunks) }
}
