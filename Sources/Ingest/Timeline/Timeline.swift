// Maps the time stamps of a source to UTC, follows its clock, and says where the mapping had to begin anew.
package import Media

/// Maps `SourceTime` to `MediaTime`.
///
/// Between two beginnings the mapping is one constant: media = source + offset, so a frame's place depends on the source
/// alone and not on when it arrived. A new beginning (an *anchor*) is a discontinuity. It happens when
/// - the first frame comes, from the start or after a change of the source (`sourceChanged`);
/// - the source's clock jumps: a time stamp is more than `jumpLimit` from the one before it on the same track;
/// - the source's clock has drifted from UTC by more than `driftLimit`; then the next key frame begins anew.
///
/// Media time never goes back: a new anchor is put at the arrival time or at the end of what was placed already, whichever
/// is later. Frames that would have to lie before that end are skipped and counted.
package struct Timeline: Sendable {
    package struct Limits: Hashable, Sendable {
        /// A step of more than this between two frames of a track is a jump of the clock.
        package var jump = MediaSpan.seconds(10)
        /// Steps back of more than this are a jump; smaller ones are a repeated or misplaced frame, which is skipped.
        package var stepBack = MediaSpan.seconds(1)
        /// How far the source's clock may drift from UTC.
        package var drift = MediaSpan.seconds(1)
        /// Drift is judged by the earliest arrival in a window of this length, so that bursts do not count.
        package var driftWindow = MediaSpan.seconds(10)
        /// An anchor handed over by another server is used if it puts the first frame within this of its arrival.
        package var handover = MediaSpan.seconds(10)
        package init() {}
    }

    package enum Placement: Hashable, Sendable {
        /// The frame lies `offset` after its source time. `newBeginning` says why the mapping begins anew with this frame.
        case placed(offset: MediaSpan, newBeginning: String?)
        /// The frame is not used.
        case skipped
    }

    private struct Lane {
        var track: TrackID
        var last: SourceTime
        var anchoredAt: Int
    }

    private let limits: Limits
    private var clock = SourceClock.free
    private var current: TimelineAnchor?
    private var handedOver: TimelineAnchor?
    private var lanes: [Lane] = []
    /// Counts the beginnings; tells lanes of the present one from those of an older one.
    private var beginning = 0
    private var pendingReason: String? = "the stream starts"
    private var drift = DriftMeter()
    /// Nothing may be placed before this time.
    package private(set) var end: MediaTime?
    package private(set) var skippedFrames: UInt64 = 0
    package private(set) var beginnings: UInt64 = 0

    /// - Parameter anchor: the mapping of the server that had the stream before, if one is known.
    package init(limits: Limits = Limits(), anchor: TimelineAnchor? = nil) {
        self.limits = limits
        handedOver = anchor
    }

    /// The present mapping, to be handed to another server. Nil while none stands, and for sources whose clock is UTC.
    package var anchor: TimelineAnchor? { clock == .utc ? nil : current }

    /// Frames from here on come from another source, or from the same one after a break.
    package mutating func sourceChanged(clock: SourceClock, reason: String) {
        self.clock = clock
        begin(reason)
    }

    /// The source says that its clock jumped (MPEG-TS discontinuity_indicator).
    package mutating func clockJumped() {
        guard clock == .free, current != nil else { return }
        begin("the source announced a jump of its clock")
    }

    private mutating func begin(_ reason: String) {
        // An anchor that was handed over stays good as long as no frame has been placed.
        if current != nil { handedOver = nil }
        current = nil
        pendingReason = reason
    }

    /// Finds the place of a frame that arrived at `now`. `isLeading`: the frame is of the track that decides the cuts.
    package mutating func place(_ frame: Frame, isLeading: Bool, at now: MediaTime) -> Placement {
        let time = frame.decodeTime
        if clock == .utc { return placeUTC(frame, time: time) }

        if let lane = lanes.first(where: { $0.track == frame.track }), lane.anchoredAt == beginning, current != nil {
            let step = time - lane.last
            if step > limits.jump || step < -limits.stepBack {
                begin("the source's clock jumped by \(Self.text(step))")
            } else if step.ticks <= 0 {
                skippedFrames += 1
                return .skipped
            }
        }
        if current != nil, isLeading, frame.isKey, let drifted = drift.excess(over: limits.drift) {
            begin("the source's clock drifted by \(Self.text(drifted)) from UTC")
        }
        guard let anchor = current else { return anchorAnew(frame, at: now) }

        let media = MediaTime(ticks: time.ticks &+ anchor.offset)
        let lane = lanes.first { $0.track == frame.track }
        if lane?.anchoredAt != beginning {
            // The first frame of this track since the mapping began: it must belong to the new mapping, not to the old.
            if (media - anchor.media).magnitude > limits.jump {
                skippedFrames += 1
                return .skipped
            }
        }
        if isLeading { drift.saw(lateness: now - media, at: media, window: limits.driftWindow) }
        note(frame, media: media)
        return .placed(offset: MediaSpan(ticks: anchor.offset), newBeginning: nil)
    }

    private mutating func anchorAnew(_ frame: Frame, at now: MediaTime) -> Placement {
        let time = frame.decodeTime
        var anchor = TimelineAnchor(source: time, media: max(now, end ?? now))
        if let handed = handedOver?.unwrapped(for: time, at: now) {
            let media = MediaTime(ticks: time.ticks &+ handed.offset)
            if (media - now).magnitude <= limits.handover, media >= end ?? media { anchor = handed }
        }
        handedOver = nil
        current = anchor
        beginning += 1
        drift = DriftMeter()
        let media = MediaTime(ticks: time.ticks &+ anchor.offset)
        let reason = pendingReason ?? "the mapping was lost"
        pendingReason = nil
        beginnings += 1
        note(frame, media: media)
        return .placed(offset: MediaSpan(ticks: anchor.offset), newBeginning: reason)
    }

    /// A source whose time stamps are UTC needs no anchor; a gap or a change of source is still a new beginning.
    private mutating func placeUTC(_ frame: Frame, time: SourceTime) -> Placement {
        let media = MediaTime(ticks: time.ticks)
        var reason = pendingReason
        if let lane = lanes.first(where: { $0.track == frame.track }), lane.anchoredAt == beginning {
            let step = time - lane.last
            if step.ticks <= 0, reason == nil {
                skippedFrames += 1
                return .skipped
            }
            if step > limits.jump { reason = "the source left out \(Self.text(step))" }
        }
        if reason != nil {
            if let end, media < end {
                skippedFrames += 1
                return .skipped
            }
            pendingReason = nil
            beginning += 1
            beginnings += 1
            current = TimelineAnchor(source: time, media: media)
        }
        note(frame, media: media)
        return .placed(offset: .zero, newBeginning: reason)
    }

    private mutating func note(_ frame: Frame, media: MediaTime) {
        let lane = Lane(track: frame.track, last: frame.decodeTime, anchoredAt: beginning)
        if let index = lanes.firstIndex(where: { $0.track == frame.track }) {
            lanes[index] = lane
        } else {
            lanes.append(lane)
        }
        let frameEnd = media + (frame.duration ?? MediaSpan(ticks: 1))
        if end.map({ frameEnd > $0 }) ?? true { end = frameEnd }
    }

    private static func text(_ span: MediaSpan) -> String { "\(span.milliseconds) ms" }
}
