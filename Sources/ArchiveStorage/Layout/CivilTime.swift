// Days and times of UTC as they stand in the names of archive files.
import Media

/// A date and time of day in UTC, proleptic Gregorian calendar.
struct CivilTime: Hashable, Sendable {
    var year: Int64
    var month: Int64
    var day: Int64
    var millisecondOfDay: Int64

    /// After "days from civil" and its inverse by Howard Hinnant (public domain): years begin in March, so that the leap
    /// day is the last of its year.
    init(_ time: MediaTime) {
        let milliseconds = time.unixMilliseconds
        let days = milliseconds.flooredDivided(by: 86_400_000)
        millisecondOfDay = milliseconds - days * 86_400_000
        let shifted = days + 719_468
        let era = shifted.flooredDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `2026-11-21`
    var date: String { "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" }

    /// `10-00-07.040`
    var timeOfDay: String {
        let seconds = millisecondOfDay / 1000
        return "\(padded(seconds / 3600, 2))-\(padded(seconds / 60 % 60, 2))-\(padded(seconds % 60, 2))"
            + ".\(padded(millisecondOfDay % 1000, 3))"
    }
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
