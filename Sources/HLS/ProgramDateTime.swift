// UTC instants as ISO 8601 text with milliseconds.
import Media

/// The date form of EXT-X-PROGRAM-DATE-TIME (RFC 8216 §4.3.2.6): `2026-11-21T05:00:00.000Z`.
enum ProgramDateTime {
    private static let millisecondsPerDay: Int64 = 86_400_000
    private static let first = CivilDate.daysSinceEpoch(toYear: 0) * millisecondsPerDay
    private static let end = CivilDate.daysSinceEpoch(toYear: 10_000) * millisecondsPerDay

    /// Writes a time of the years 0 to 9999; times outside are written as the nearest of them.
    static func write(_ time: MediaTime, to text: inout PlaylistText) {
        let milliseconds = min(max(time.unixMilliseconds, first), end - 1)
        let day = milliseconds.flooredDivided(by: millisecondsPerDay)
        let rest = milliseconds - day * millisecondsPerDay
        let date = CivilDate(daysSinceEpoch: day)
        text.put(date.year, width: 4)
        text.put("-")
        text.put(date.month, width: 2)
        text.put("-")
        text.put(date.day, width: 2)
        text.put("T")
        text.put(rest / 3_600_000, width: 2)
        text.put(":")
        text.put(rest / 60_000 % 60, width: 2)
        text.put(":")
        text.put(rest / 1000 % 60, width: 2)
        text.put(".")
        text.put(rest % 1000, width: 3)
        text.put("Z")
    }
}
