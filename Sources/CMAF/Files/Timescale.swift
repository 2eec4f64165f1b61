// From a track's own clock to 90 kHz, without ever overflowing or adding up rounding.

/// A track's clock and its place on the file's presentation timeline.
struct TrackClock {
    /// Ticks per second, above zero.
    var timescale: UInt32
    /// Added to media times, in ticks of `timescale` (edit list: minus the first media time).
    var shift: Int64 = 0
    /// Added afterwards, in ticks of 90 kHz (edit list: empty edits at the start).
    var delay: Int64 = 0

    private static let largest: Int64 = 1 << 60

    /// `time` in 90 kHz ticks, rounded down from the whole time, so that errors do not add up; nil beyond 400 000 years.
    func ticks(_ time: Int64) -> Int64? {
        guard (-Self.largest...Self.largest).contains(time) else { return nil }
        return Self.rescaled(time + shift, from: timescale).map { $0 + delay }
    }

    /// A span without shift.
    static func rescaled(_ time: Int64, from timescale: UInt32) -> Int64? {
        guard (-2 * largest...2 * largest).contains(time), timescale > 0 else { return nil }
        let scale = Int64(timescale)
        var (whole, rest) = time.quotientAndRemainder(dividingBy: scale)
        if rest < 0 { (whole, rest) = (whole - 1, rest + scale) }
        let (product, overflow) = whole.multipliedReportingOverflow(by: 90_000)
        guard !overflow, abs(product / 2) < largest else { return nil }
        return product + rest * 90_000 / scale
    }
}
