// Maps a source's timestamps to UTC: anchors, follows the source's clock, re-anchors on jumps and drift.
package import Media

/// The mapping of one source's clock to UTC.
///
/// The caller asks `judge` about each frame in the order of arrival. `.follows` frames map with `mediaTime(of:)`. Before a
/// frame for which the answer is `.anchor`, the caller closes what it was writing and then calls `anchor`; media time
/// never goes back over what was written.
///
/// ```
///  begin(.utc)             ─► identity: each frame follows
///
///                                    first frame, near the adopted anchor
///  begin(.free, adopting:) ─► idle ─────────────────────────────────────────► following ◄─────┐
///                              │ any other first frame                            │           │ anchor
///                              │                       jump · announced jump · drift          │
///                              └──────────────► .anchor ◄─────────────────────────┘           │
///                                                  └──────────────────────────────────────────┘
/// ```
///
/// One track is the reference: the leading one, and when it is silent for `referenceSilence` whichever speaks. Jumps and
/// drift are judged on it alone; frames of other tracks that are far from it are strays (their clock jumped a moment
/// earlier or later, or is another one) and are refused.
///
/// - A *stopped* clock: media time stands while arrival goes on; that is drift, so after `window` the timeline is
///   anchored anew (the frames in between share an instant and become each a tick long).
/// - A *slow* clock is anchored anew each time it is `behind` late: a gap in media time.
/// - A *fast* clock is anchored anew each time it is `ahead` early: frames of that much media map to before what was
///   written and are refused by the chunker, once.
package struct Timeline: Sendable {
    package enum Verdict: Hashable, Sendable {
        case follows
        /// Call `anchor` before this frame. The reason is for the operator.
        case anchor(AnchorReason)
        /// The frame cannot be placed.
        case stray
    }

    package enum AnchorReason: Hashable, Sendable, CustomStringConvertible {
        case firstFrame
        case jump(MediaSpan)
        case announcedJump
        case drift(MediaSpan)

        package var description: String {
            switch self {
            case .firstFrame: "first frame of the source"
            case .jump(let span): "the source's clock jumped by \(span.milliseconds) ms"
            case .announcedJump: "the source announced a jump of its clock"
            case .drift(let span) where span > .zero: "the source's clock is \(span.milliseconds) ms behind UTC"
            case .drift(let span): "the source's clock is \((-span).milliseconds) ms ahead of UTC"
            }
        }
    }

    private struct Seen {
        var track: TrackID
        var source: SourceTime
        var arrival: MediaTime
    }

    /// The mapping now; nil before the first frame of a free clock.
    package private(set) var anchor: TimelineAnchor?
    package let limits: TimelineLimits
    private var clock = SourceClock.utc
    private var offered: TimelineAnchor?
    private var seen: [Seen] = []
    private var reference: TrackID?
    private var lastStep = MediaSpan.milliseconds(40)
    private var jumpAnnounced = false
    private var drift = DriftWatch()

    package init(limits: TimelineLimits = TimelineLimits()) { self.limits = limits }

    /// A source starts, or starts again.
    ///
    /// - Parameter offered: the anchor that the same source had before or on another server. It is taken when it puts the
    ///   first frame near its arrival (within `behind` and `ahead`); then the timeline goes on as if nothing happened.
    package mutating func begin(_ clock: SourceClock, adopting offered: TimelineAnchor? = nil) {
        self.clock = clock
        seen.removeAll(keepingCapacity: true)
        reference = nil
        jumpAnnounced = false
        drift.reset()
        anchor = clock == .utc ? .utc : nil
        self.offered = clock == .free && offered?.clock == .free ? offered : nil
    }

    /// The source itself says that its clock jumps here.
    package mutating func clockJumped() { jumpAnnounced = true }

    /// Where a time of the source is on the timeline. Only after a verdict for the frame.
    @inlinable package func mediaTime(of time: SourceTime) -> MediaTime? { anchor?.mediaTime(of: time) }

    /// Judges the next frame. `now` is its arrival.
    package mutating func judge(
        track: TrackID, isLeading: Bool, decodeTime: SourceTime, at now: MediaTime
    ) -> Verdict {
        if clock == .utc { return .follows }
        let index = seen.firstIndex { $0.track == track }
        guard let anchor else {
            if let offered {
                self.offered = nil
                let turned = offered.turned(toMeet: decodeTime, at: now)
                let lag = now - turned.mediaTime(of: decodeTime)
                if lag <= limits.behind, lag >= -limits.ahead {
                    self.anchor = turned
                    reference = track
                    remember(track, decodeTime, now, index)
                    return .follows
                }
            }
            return .anchor(.firstFrame)
        }
        if !isReference(track, isLeading, at: now) {
            return judgeOther(track, decodeTime, now, index)
        }
        if let index {
            let step = decodeTime - seen[index].source
            let elapsed = now - seen[index].arrival
            let isTidy = step > .zero && step <= .milliseconds(500)
            if jumpAnnounced, !isTidy { return .anchor(.announcedJump) }
            if step < -limits.stepBack { return .anchor(.jump(step)) }
            if step > limits.jump, step - elapsed > limits.jump { return .anchor(.jump(step)) }
            if isTidy { lastStep = step }
        } else if jumpAnnounced {
            return .anchor(.announcedJump)
        } else if let other = seen.first, (decodeTime - other.source).magnitude > limits.spread {
            return .anchor(.jump(decodeTime - other.source))
        }
        jumpAnnounced = false
        let lag = now - anchor.mediaTime(of: decodeTime)
        if let drifted = drift.observe(lag: lag, at: now, limits: limits) { return .anchor(.drift(drifted)) }
        reference = track
        remember(track, decodeTime, now, index)
        return .follows
    }

    /// Anchors the frame that `judge` has just answered `.anchor` for, and answers where it is.
    ///
    /// - Parameter end: the end of what was written so far; the frame is put there or later, except where the source was
    ///   ahead of UTC: then it is put at `now` and what comes before `end` is to be refused.
    package mutating func anchor(
        track: TrackID, decodeTime: SourceTime, at now: MediaTime, reason: AnchorReason, notBefore end: MediaTime?
    ) -> MediaTime {
        let media = position(at: now, reason: reason, notBefore: end)
        anchor = TimelineAnchor(clock: .free, source: decodeTime, media: media)
        seen.removeAll(keepingCapacity: true)
        seen.append(Seen(track: track, source: decodeTime, arrival: now))
        reference = track
        jumpAnnounced = false
        drift.reset()
        return media
    }

    private func position(at now: MediaTime, reason: AnchorReason, notBefore end: MediaTime?) -> MediaTime {
        // Ahead of UTC: waiting until it has caught up is the only way back that rewrites nothing.
        if case .drift(let span) = reason, span < .zero { return now }
        let media = expected(at: now, reason: reason)
        return end.map { max(media, $0) } ?? media
    }

    /// After a jump the media goes on where it was, so that a looped source has no holes; after a silence the silence counts.
    private func expected(at now: MediaTime, reason: AnchorReason) -> MediaTime {
        switch reason {
        case .firstFrame, .drift: return now
        case .jump, .announcedJump: break
        }
        guard let anchor, let last = seen.first(where: { $0.track == reference }) else { return now }
        let elapsed = now - last.arrival
        let next = anchor.mediaTime(of: last.source) + (elapsed > limits.jump ? elapsed : lastStep)
        let lag = now - next
        return lag > limits.behind || lag < -limits.ahead ? now : next
    }

    private mutating func isReference(_ track: TrackID, _ isLeading: Bool, at now: MediaTime) -> Bool {
        if isLeading || reference == nil || track == reference { return true }
        guard let last = seen.first(where: { $0.track == reference }) else { return true }
        return now - last.arrival > limits.referenceSilence
    }

    private mutating func judgeOther(
        _ track: TrackID, _ decodeTime: SourceTime, _ now: MediaTime, _ index: Int?
    ) -> Verdict {
        guard let last = seen.first(where: { $0.track == reference }),
            (decodeTime - last.source).magnitude <= limits.spread
        else { return .stray }
        remember(track, decodeTime, now, index)
        return .follows
    }

    private mutating func remember(_ track: TrackID, _ decodeTime: SourceTime, _ now: MediaTime, _ index: Int?) {
        if let index {
            seen[index].source = decodeTime
            seen[index].arrival = now
        } else {
            seen.append(Seen(track: track, source: decodeTime, arrival: now))
        }
    }
}
