// The two arguments FROM and TO of the archive's tools.
import Archive
import ArgumentParser
import Media

struct UTCRange: ParsableArguments {
    @Argument(help: "UTC in seconds where the range begins.")
    var from: Int64

    @Argument(help: "UTC in seconds where the range ends.")
    var to: Int64

    var range: TimeRange {
        TimeRange(MediaTime(unixMilliseconds: from * 1000), MediaTime(unixMilliseconds: to * 1000))
    }

    /// The last second that four digits of a year can write bounds both.
    func validate() throws {
        guard from >= 0, from < to, to < 253_402_300_800 else {
            throw ValidationError("FROM and TO are UTC in seconds, FROM before TO")
        }
    }
}
