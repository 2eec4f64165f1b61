// The three kinds of time that media has: a source's clock, UTC, and spans of either. All count 90 kHz ticks.

/// Ticks per second of every media time in Weir: the clock of MPEG-2 systems (ISO/IEC 13818-1 §2.4.2).
///
/// One clock for all tracks keeps cuts, chunks and playlists in one unit and is exact for 24, 25, 30, 50 and 60 fps and
/// for 48 kHz AAC; see `docs/decisions/0003-one-media-clock.md` for what it costs at 44.1 kHz (at most 6 µs a frame).
package let mediaTicksPerSecond: Int64 = 90_000

/// A span of media time in 90 kHz ticks. May be negative.
package struct MediaSpan: Hashable, Comparable, Sendable {
    package var ticks: Int64

    @inlinable package init(ticks: Int64) { self.ticks = ticks }

    /// Whole milliseconds.
    @inlinable package static func milliseconds(_ value: Int64) -> MediaSpan {
        MediaSpan(ticks: value &* 90)
    }

    /// Whole seconds.
    @inlinable package static func seconds(_ value: Int64) -> MediaSpan {
        MediaSpan(ticks: value &* mediaTicksPerSecond)
    }

    package static let zero = MediaSpan(ticks: 0)

    /// The span in seconds, for playlists and statistics.
    @inlinable package var seconds: Double { Double(ticks) / Double(mediaTicksPerSecond) }

    /// The span in milliseconds, rounded down.
    @inlinable package var milliseconds: Int64 { ticks.flooredDivided(by: 90) }

    @inlinable package static func < (a: MediaSpan, b: MediaSpan) -> Bool { a.ticks < b.ticks }
    @inlinable package static func + (a: MediaSpan, b: MediaSpan) -> MediaSpan {
        MediaSpan(ticks: a.ticks &+ b.ticks)
    }
    @inlinable package static func - (a: MediaSpan, b: MediaSpan) -> MediaSpan {
        MediaSpan(ticks: a.ticks &- b.ticks)
    }
    @inlinable package static func += (a: inout MediaSpan, b: MediaSpan) { a = a + b }
    @inlinable package static func * (a: MediaSpan, n: Int64) -> MediaSpan {
        MediaSpan(ticks: a.ticks &* n)
    }
    @inlinable package static prefix func - (a: MediaSpan) -> MediaSpan {
        MediaSpan(ticks: 0 &- a.ticks)
    }
    @inlinable package var magnitude: MediaSpan { MediaSpan(ticks: abs(ticks)) }
}

/// An instant of UTC in 90 kHz ticks since 1970-01-01T00:00:00Z (leap seconds not counted, as in Unix time).
///
/// This is the time of chunks, segments, playlists and the archive: `tfdt` carries it as it is.
package struct MediaTime: Hashable, Comparable, Sendable {
    package var ticks: Int64

    @inlinable package init(ticks: Int64) { self.ticks = ticks }

    /// Milliseconds since the Unix epoch.
    @inlinable package init(unixMilliseconds: Int64) { ticks = unixMilliseconds &* 90 }

    /// Milliseconds since the Unix epoch, rounded down.
    @inlinable package var unixMilliseconds: Int64 { ticks.flooredDivided(by: 90) }

    /// The number of whole `period`s since the epoch: two times with the same number lie between the same two multiples.
    ///
    /// `period` must be positive.
    @inlinable package func index(of period: MediaSpan) -> Int64 { ticks.flooredDivided(by: period.ticks) }

    @inlinable package static func < (a: MediaTime, b: MediaTime) -> Bool { a.ticks < b.ticks }
    @inlinable package static func - (a: MediaTime, b: MediaTime) -> MediaSpan {
        MediaSpan(ticks: a.ticks &- b.ticks)
    }
    @inlinable package static func + (a: MediaTime, b: MediaSpan) -> MediaTime {
        MediaTime(ticks: a.ticks &+ b.ticks)
    }
    @inlinable package static func - (a: MediaTime, b: MediaSpan) -> MediaTime {
        MediaTime(ticks: a.ticks &- b.ticks)
    }
    @inlinable package static func += (a: inout MediaTime, b: MediaSpan) { a = a + b }
}

/// An instant of a source's own clock in 90 kHz ticks, already unwrapped (a 33-bit wrap does not show here).
///
/// Its origin means nothing; a `Timeline` maps it to `MediaTime`.
package struct SourceTime: Hashable, Comparable, Sendable {
    package var ticks: Int64

    @inlinable package init(ticks: Int64) { self.ticks = ticks }

    @inlinable package static func < (a: SourceTime, b: SourceTime) -> Bool { a.ticks < b.ticks }
    @inlinable package static func - (a: SourceTime, b: SourceTime) -> MediaSpan {
        MediaSpan(ticks: a.ticks &- b.ticks)
    }
    @inlinable package static func + (a: SourceTime, b: MediaSpan) -> SourceTime {
        SourceTime(ticks: a.ticks &+ b.ticks)
    }
    @inlinable package static func - (a: SourceTime, b: MediaSpan) -> SourceTime {
        SourceTime(ticks: a.ticks &- b.ticks)
    }
}

extension Int64 {
    /// Division that rounds towards negative infinity, so that periods before the epoch are as long as those after it.
    /// `divisor` must be positive.
    @inlinable package func flooredDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
