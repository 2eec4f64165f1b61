// Counts the fake source's frames from the epoch on, and spells the UTC instant of one.
internal import Media

/// Frame n of every fake source is shown at UTC n × 40 ms; every 50th from the epoch on starts a group of pictures.
enum FakeClock {
    static let framesPerSecond: Int64 = 25
    static let framesPerGroup: Int64 = 50
    static let frameDuration = MediaSpan(ticks: mediaTicksPerSecond / framesPerSecond)

    /// `2026-11-21` and `05:58:00.04` in ASCII.
    static func text(_ frame: Int64) -> (date: [UInt8], clock: [UInt8]) {
        let second = frame.flooredDivided(by: framesPerSecond)
        let hundredths = (frame - second * framesPerSecond) * 100 / framesPerSecond
        let day = second.flooredDivided(by: 86400)
        let ofDay = second - day * 86400
        let (year, month, dayOfMonth) = civil(day)
        return (
            digits(year, 4) + [minus] + digits(month, 2) + [minus] + digits(dayOfMonth, 2),
            digits(ofDay / 3600, 2) + [colon] + digits(ofDay / 60 % 60, 2) + [colon] + digits(ofDay % 60, 2) + [dot]
                + digits(hundredths, 2)
        )
    }

    private static let minus = UInt8(ascii: "-")
    private static let colon = UInt8(ascii: ":")
    private static let dot = UInt8(ascii: ".")

    private static func digits(_ value: Int64, _ count: Int) -> [UInt8] {
        var rest = value
        var result = [UInt8](repeating: 0, count: count)
        for index in (0..<count).reversed() {
            result[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        return result
    }

    /// The Gregorian date of a day since 1970-01-01. Counts in eras of 400 years that begin on 1 March, so that the leap
    /// day is the last of its year.
    private static func civil(_ daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = shifted.flooredDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1)
    }
}
