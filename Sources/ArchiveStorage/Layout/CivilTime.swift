// Days and times of UTC as they stand in the names of archive files.
import Media

/// A date and time of day in UTC.
struct CivilTime: Hashable, Sendable {
    private var day: CivilDate
    private var millisecondOfDay: Int64

    init(_ time: MediaTime) {
        let milliseconds = time.unixMilliseconds
        let days = milliseconds.flooredDivided(by: 86_400_000)
        millisecondOfDay = milliseconds - days * 86_400_000
        day = CivilDate(daysSinceEpoch: days)
    }

    /// `2026-11-21`
    var date: String { "\(padded(day.year, 4))-\(padded(day.month, 2))-\(padded(day.day, 2))" }

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
