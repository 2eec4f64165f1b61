// UTC instants as ISO 8601 text with milliseconds.
import Media

/// The date form of EXT-X-PROGRAM-DATE-TIME (RFC 8216 §4.3.2.6): `2026-11-21T05:00:00.000Z`.
enum ProgramDateTime {
    /// Days since 1970-01-01 to year, month, day of the proleptic Gregorian calendar.
    ///
    /// The year is counted from March, so that the leap day is its last; an era is 400 years, 146 097 days.
    static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.flooredDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }

    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredDivided(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Writes a time of the years 0 to 9999; times outside are written as the nearest of them.
    static func write(_ time: MediaTime, to text: inout PlaylistText) {
        let first = days(year: 0, month: 1, day: 1) * 86_400_000
        let end = days(year: 10000, month: 1, day: 1) * 86_400_000
        let milliseconds = min(max(time.unixMilliseconds, first), end - 1)
        let day = milliseconds.flooredDivided(by: 86_400_000)
        let rest = milliseconds - day * 86_400_000
        let date = civil(days: day)
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
