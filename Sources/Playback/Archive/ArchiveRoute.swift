// Tells from the last component of a path which part of an archive is meant.
package import Media

/// What a player asks of an archive. Times are UTC.
///
/// | last component | request |
/// | --- | --- |
/// | `archive-{from}-{seconds}.m3u8`, old `index-…`, `video-…`, `mono-…` | playlist of a range |
/// | `archive-{from}-now.m3u8` | playlist from an instant on that grows |
/// | `timeshift_abs-{utc}.m3u8`, live playlist with `?utc=` | the same, begins to play at its start |
/// | `timeshift_rel-{seconds}.m3u8` | live, so much later |
/// | `rewind-{seconds}.m3u8` | live, with so much to go back to |
/// | `recording_status.json` | what is recorded |
package enum ArchiveRoute: Hashable, Sendable {
    /// Without an end: up to now, and growing.
    case range(from: MediaTime, until: MediaTime?)
    case from(MediaTime)
    case delayed(by: MediaSpan)
    case rewind(MediaSpan)
    case recordingStatus

    /// UTC beyond the year 5000 is a mistake, mostly milliseconds; and no playlist is longer than a year of it.
    private static let latest: Int64 = 95_617_584_000
    private static let longest: Int64 = 366 * 86_400

    init?(last: Substring, query: Substring) {
        switch last {
        case "recording_status.json": self = .recordingStatus
        case "index.m3u8", "video.m3u8", "mono.m3u8":
            guard let utc = QueryItems.value(of: "utc", in: query), let time = Self.number(utc[...], Self.latest) else {
                return nil
            }
            self = .from(Self.time(time))
        default:
            if let middle = last.between("timeshift_abs-", ".m3u8") {
                guard let utc = Self.number(middle, Self.latest) else { return nil }
                self = .from(Self.time(utc))
            } else if let middle = last.between("timeshift_rel-", ".m3u8") {
                guard let seconds = Self.number(middle, Self.longest) else { return nil }
                self = .delayed(by: .seconds(seconds))
            } else if let middle = last.between("rewind-", ".m3u8") {
                guard let seconds = Self.number(middle, Self.longest), seconds > 0 else { return nil }
                self = .rewind(.seconds(seconds))
            } else if let range = Self.range(last) {
                self = range
            } else {
                return nil
            }
        }
    }

    private static func range(_ last: Substring) -> ArchiveRoute? {
        for prefix in ["archive-", "index-", "video-", "mono-"] {
            guard let (from, length) = last.between(prefix, ".m3u8")?.splitOnce("-") else { continue }
            guard let from = number(from, latest) else { return nil }
            if length == "now" { return .range(from: time(from), until: nil) }
            guard let length = number(length, longest), length > 0 else { return nil }
            return .range(from: time(from), until: time(from + length))
        }
        return nil
    }

    private static func number(_ text: Substring, _ largest: Int64) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int64(text) else {
            return nil
        }
        return value <= largest ? value : nil
    }

    private static func time(_ seconds: Int64) -> MediaTime { MediaTime(ticks: seconds * mediaTicksPerSecond) }
}
