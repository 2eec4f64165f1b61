// Days since the epoch as dates of the calendar, and back.

/// A date of the proleptic Gregorian calendar in UTC.
///
/// After "days from civil" and its inverse by Howard Hinnant (public domain): an era is 400 years, 146 097 days; years begin
/// in March, so that the leap day is the last of its year.
package struct CivilDate: Hashable, Sendable {
    package var year: Int64
    /// 1 to 12.
    package var month: Int64
    /// 1 to 31.
    package var day: Int64

    /// - Parameter days: since 1970-01-01; negative before it.
    package init(daysSinceEpoch days: Int64) {
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

    /// The first day of `year`, counted since 1970-01-01.
    package static func daysSinceEpoch(toYear year: Int64) -> Int64 {
        // January belongs to the year that began last March; its first day is the 307th of it.
        let marchYear = year - 1
        let era = marchYear.flooredDivided(by: 400)
        let yearOfEra = marchYear - era * 400
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + 306 - 719_468
    }
}
