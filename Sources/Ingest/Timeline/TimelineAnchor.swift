// One point where a source's clock and UTC meet: all that another server needs to continue a timeline.
package import Media

/// The mapping of a source's clock to UTC as one pair of instants. Small enough to travel in every report to a peer.
package struct TimelineAnchor: Hashable, Sendable {
    package var clock: SourceClock
    package var source: SourceTime
    package var media: MediaTime

    package init(clock: SourceClock, source: SourceTime, media: MediaTime) {
        self.clock = clock
        self.source = source
        self.media = media
    }

    /// The anchor of a source whose timestamps are UTC.
    package static let utc = TimelineAnchor(
        clock: .utc, source: SourceTime(ticks: 0), media: MediaTime(ticks: 0))

    @inlinable package func mediaTime(of time: SourceTime) -> MediaTime { media + (time - source) }

    /// The same anchor for an instance whose 33-bit unwrapping began elsewhere: `source` is moved by whole turns of the
    /// MPEG clock (2³³ ticks, ISO/IEC 13818-1 §2.4.3.7), so that `time` maps as near as possible to `now`.
    package func turned(toMeet time: SourceTime, at now: MediaTime) -> TimelineAnchor {
        guard clock == .free else { return self }
        let turn: Int64 = 1 << 33
        let distance = (mediaTime(of: time) - now).ticks
        let turns = (distance + turn / 2).flooredDivided(by: turn)
        return TimelineAnchor(clock: clock, source: source + MediaSpan(ticks: turns * turn), media: media)
    }
}
