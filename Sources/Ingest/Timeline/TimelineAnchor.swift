// The one number that ties a source's clock to UTC, small enough to hand to another server.
package import Media

/// Where a source's clock stands against UTC: `source` is shown at `media`.
///
/// A server that takes a stream over with the anchor of the one before it gives the same frames the same times, so its
/// cuts and bytes agree with those already written.
package struct TimelineAnchor: Hashable, Sendable {
    package var source: SourceTime
    package var media: MediaTime

    package init(source: SourceTime, media: MediaTime) {
        self.source = source
        self.media = media
    }

    /// What is added to a source time to get UTC.
    var offset: Int64 { media.ticks &- source.ticks }

    /// The anchor moved by whole periods of a 33-bit clock so that `source` lands as near as possible to `now`.
    ///
    /// Two servers that began to listen before and after a wrap unwrap the same time stamp differently; the difference is
    /// a multiple of 2³³ ticks (ISO/IEC 13818-1 §2.4.3.7), 26.5 hours.
    func unwrapped(for source: SourceTime, at now: MediaTime) -> TimelineAnchor {
        let period: Int64 = 1 << 33
        let distance = now.ticks &- (source.ticks &+ offset)
        let turns = (distance &+ period / 2).flooredDivided(by: period)
        return TimelineAnchor(source: self.source, media: MediaTime(ticks: media.ticks &+ turns &* period))
    }
}
