// Tells from the last component of a path which part of an archive is meant.
package import Media

/// What a player asks of an archive. Times are UTC.
///
/// | last component | request |
/// | --- | --- |
/// | `archive-{from}-{seconds}.m3u8`, old `index-…`, `video-…`, `mono-…` | playlist of a range |
/// | `archive-{from}-now.m3u8` | playlist from an instant on that grows |
/// | `archive-{from}-{seconds}.mp4`, `.ts` | a range as one file |
/// | `archive-{from}-now.mp4` | what there is of it at this moment as one file |
/// | `archive-{from}-now.ts`, `timeshift_abs-{utc}.ts` | endless from an instant on |
/// | `timeshift_abs-{utc}.m3u8`, live playlist with `?utc=` | the same as a playlist, begins to play at its start |
/// | `timeshift_rel-{seconds}.m3u8`, `.ts` | live, so much later |
/// | `rewind-{seconds}.m3u8` | live, with so much to go back to |
/// | `recording_status.json` | what is recorded |
///
/// A playlist is one of fragmented MP4; with `?container=ts`, or where the stream's own playlists are, one of MPEG-TS.
package indirect enum ArchiveRoute: Hashable, Sendable {
    /// Without an end: up to now, and growing.
    case range(from: MediaTime, until: MediaTime?)
    case from(MediaTime)
    case delayed(by: MediaSpan)
    case rewind(MediaSpan)
    /// A file of what is there; without an end: up to now.
    case export(ExportForm, from: MediaTime, until: MediaTime?)
    /// Endless, as a transport stream.
    case follow(from: MediaTime)
    case followDelayed(by: MediaSpan)
    case recordingStatus
    /// A playlist with the same segments as MPEG-TS.
    case inTransportStream(ArchiveRoute)

    /// UTC beyond the year 5000 is a mistake, mostly milliseconds; and no playlist is longer than a year of it.
    private static let latest: Int64 = 95_617_584_000
    private static let longest: Int64 = 366 * 86_400

    init?(last: Substring, query: Substring) {
        self.init(form: last, query)
        if ["ts", "mpegts"].contains(QueryItems.value(of: "container", in: query)) { self = inTransportStream }
    }

    /// Those that are no playlists stay what they are.
    var inTransportStream: ArchiveRoute { isPlaylist ? .inTransportStream(self) : self }

    var isPlaylist: Bool {
        switch self {
        case .range, .from, .delayed, .rewind: true
        case .export, .follow, .followDelayed, .recordingStatus, .inTransportStream: false
        }
    }

    private init?(form last: Substring, _ query: Substring) {
        switch last {
        case "recording_status.json": self = .recordingStatus
        case "index.m3u8", "video.m3u8", "mono.m3u8":
            guard let utc = QueryItems.value(of: "utc", in: query), let time = Self.number(utc[...], Self.latest) else {
                return nil
            }
            self = .from(Self.time(time))
        default:
            // Old players say `video-timeshift_abs-…` and `mono-timeshift_rel-…`.
            let shift = last.droppingPrefix("video-").droppingPrefix("mono-")
            if let (middle, isPlaylist) = Self.shift(shift, "timeshift_abs-") {
                guard let utc = Self.number(middle, Self.latest) else { return nil }
                self = isPlaylist ? .from(Self.time(utc)) : .follow(from: Self.time(utc))
            } else if let (middle, isPlaylist) = Self.shift(shift, "timeshift_rel-") {
                guard let seconds = Self.number(middle, Self.longest) else { return nil }
                self = isPlaylist ? .delayed(by: .seconds(seconds)) : .followDelayed(by: .seconds(seconds))
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

    private static func shift(_ last: Substring, _ prefix: String) -> (middle: Substring, isPlaylist: Bool)? {
        if let middle = last.between(prefix, ".m3u8") { return (middle, true) }
        return last.between(prefix, ".ts").map { ($0, false) }
    }

    private static func range(_ last: Substring) -> ArchiveRoute? {
        for form in ExportForm.allCases {
            guard let (start, length) = last.between("archive-", ".\(form.rawValue)")?.splitOnce("-") else { continue }
            guard let start = number(start, latest) else { return nil }
            if length == "now" {
                return form == .ts
                    ? .follow(from: time(start)) : .export(form, from: time(start), until: nil)
            }
            guard let length = number(length, longest), length > 0 else { return nil }
            return .export(form, from: time(start), until: time(start + length))
        }
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

extension Substring {
    fileprivate func droppingPrefix(_ prefix: String) -> Substring {
        hasPrefix(prefix) ? dropFirst(prefix.count) : self
    }
}
