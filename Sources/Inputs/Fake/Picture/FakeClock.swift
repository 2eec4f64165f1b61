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
        let date = CivilDate(daysSinceEpoch: day)
        return (
            digits(date.year, 4) + [minus] + digits(date.month, 2) + [minus] + digits(date.day, 2),
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
}
