// Tells from a request's path and query which stream is meant and what of it.
package import Media

/// What a player asks of one stream: the last component of the path, read.
///
/// | last component | request |
/// | --- | --- |
/// | `index.m3u8`, old `video.m3u8`, `mono.m3u8` | multivariant playlist; `?container=ts` or `fmp4` in place of the stream's own choice |
/// | `track-{t}.m3u8`, `ts.m3u8` | media playlist of one track, of TS segments |
/// | `init-{fingerprint}-{t}.mp4` | CMAF header of the tracks |
/// | `segment-{ticks}-{t}.m4s`, `segment-{ticks}.ts` | media segment that starts at `ticks` |
/// | `cut-{ticks}-{ticks}.m4s`, `.ts` | of a recording: a segment with all tracks, up to where another takes over |
/// | `mpegts`, `live.mp4` | endless MPEG-TS, endless fragmented MP4 (`?tracks=1,2` or `all`) |
/// | `embed.html`, `media_info.json` | page with a player, facts |
/// | `preview.mp4` | the newest picture: a key frame and what follows it within a chunk, as MP4 |
///
/// `{t}` is a track number, or `all` for every track that players can take. A segment's address depends on its start and track alone, so it
/// is the same live, archived and on every server. The addresses of archives: `ArchiveRoute`. Everything else is not ours
/// and is passed on.
package enum MediaRoute: Hashable, Sendable {
    /// nil: of the kind that the stream's configuration prefers.
    case multivariantPlaylist(Container?)
    case mediaPlaylist(TrackSelection)
    case transportStreamPlaylist
    case initialization(fingerprint: String, TrackSelection)
    case segment(start: MediaTime, TrackSelection)
    case transportStreamSegment(start: MediaTime)
    /// With all tracks, of an archive alone.
    case cutSegment(start: MediaTime, end: MediaTime, Container)
    case transportStream
    /// nil: the first video and the first audio track; empty: all that players can take.
    case fragmentedMP4([TrackID]?)
    case embedPage
    case mediaInformation
    case preview
    case archive(ArchiveRoute)

    package enum Container: Hashable, Sendable { case fragmentedMP4, transportStream }

    /// What became of a path.
    package enum Reading: Hashable, Sendable {
        case media(stream: String, MediaRoute)
        /// Not a player's address: somebody else answers.
        case other
        /// A player's address that cannot be right; the text says why.
        case malformed(String)
    }

    /// Reads `path` (percent-encoded, beginning with a slash) and `query` (without its question mark).
    ///
    /// The stream's name is everything before the last component and may have several parts (docs/play.md). Paths below
    /// `/streamer/` belong to the API, whatever they end in.
    package static func parse(path: Substring, query: Substring) -> Reading {
        guard let slash = path.lastIndex(of: "/"), path.first == "/", slash > path.startIndex else { return .other }
        guard !path.hasPrefix("/streamer/") else { return .other }
        let last = path[path.index(after: slash)...]
        guard let route = route(last: last, query: query) else { return .other }
        switch StreamPath.name(encoded: path[path.index(after: path.startIndex)..<slash]) {
        case .success(let name): return .media(stream: name, route)
        case .failure(let problem): return .malformed(problem.message)
        }
    }

    private static func route(last: Substring, query: Substring) -> MediaRoute? {
        if let archive = ArchiveRoute(last: last, query: query) { return .archive(archive) }
        switch last {
        case "index.m3u8", "video.m3u8", "mono.m3u8":
            switch QueryItems.value(of: "container", in: query) {
            case "ts", "mpegts": return .multivariantPlaylist(.transportStream)
            case "fmp4": return .multivariantPlaylist(.fragmentedMP4)
            default: return .multivariantPlaylist(nil)
            }
        case "ts.m3u8": return .transportStreamPlaylist
        case "mpegts": return .transportStream
        case "live.mp4": return .fragmentedMP4(QueryItems.value(of: "tracks", in: query).flatMap(trackList))
        case "embed.html": return .embedPage
        case "media_info.json": return .mediaInformation
        case "preview.mp4": return .preview
        default: break
        }
        if let middle = last.between("segment-", ".ts") {
            return ticks(middle).map { .transportStreamSegment(start: $0) }
        }
        if let middle = last.between("segment-", ".m4s"), let (start, tracks) = middle.splitOnce("-") {
            guard let start = ticks(start), let tracks = TrackSelection(tracks) else { return nil }
            return .segment(start: start, tracks)
        }
        for (ending, container) in [(".m4s", Container.fragmentedMP4), (".ts", .transportStream)] {
            guard let (start, end) = last.between("cut-", ending)?.splitOnce("-") else { continue }
            guard let start = ticks(start), let end = ticks(end) else { return nil }
            return .cutSegment(start: start, end: end, container)
        }
        if let middle = last.between("track-", ".m3u8") { return TrackSelection(middle).map { .mediaPlaylist($0) } }
        if let middle = last.between("init-", ".mp4"), let (fingerprint, tracks) = middle.splitOnce("-") {
            guard !fingerprint.isEmpty, let tracks = TrackSelection(tracks) else { return nil }
            return .initialization(fingerprint: String(fingerprint), tracks)
        }
        return nil
    }

    /// Only the one canonical spelling, so that two addresses never name the same bytes.
    private static func ticks(_ text: Substring) -> MediaTime? {
        guard let value = Int64(text), value >= 0, String(value) == text else { return nil }
        return MediaTime(ticks: value)
    }

    private static func trackList(_ text: String) -> [TrackID]? {
        if text == "all" { return [] }
        let ids = text.split(separator: ",", maxSplits: 31).compactMap { UInt32($0) }.map { TrackID($0) }
        return ids.isEmpty ? nil : ids
    }
}

extension MediaRoute {
    /// Who asks for it is watching: the request is one of its viewer's session.
    var isCounted: Bool {
        switch self {
        case .mediaPlaylist, .transportStreamPlaylist, .segment, .transportStreamSegment, .cutSegment: true
        case .archive(let part): part != .recordingStatus
        default: false
        }
    }
}

/// Which tracks a playlist or segment carries.
package enum TrackSelection: Hashable, Sendable, CustomStringConvertible {
    /// Every audio and video track.
    case all
    case one(TrackID)

    init?(_ text: Substring) {
        if text == "all" {
            self = .all
        } else if let id = UInt32(text), String(id) == text {
            self = .one(TrackID(id))
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .all: "all"
        case .one(let id): String(id.value)
        }
    }
}

extension Substring {
    /// What stands between `prefix` and `suffix`; nil when the text does not have both.
    func between(_ prefix: String, _ suffix: String) -> Substring? {
        guard utf8.count >= prefix.utf8.count + suffix.utf8.count, hasPrefix(prefix), hasSuffix(suffix) else {
            return nil
        }
        return dropFirst(prefix.count).dropLast(suffix.count)
    }

    func splitOnce(_ separator: Character) -> (Substring, Substring)? {
        guard let index = firstIndex(of: separator) else { return nil }
        return (self[..<index], self[self.index(after: index)...])
    }
}
