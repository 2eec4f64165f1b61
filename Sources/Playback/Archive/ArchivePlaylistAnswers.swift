// Playlists and facts of an archive as answers.
import Archive
import ArchiveStorage
import CMAF
import HLS
import Media
import NIOCore
import NIOHTTP1

extension ArchivePlayback {
    func playlist(
        _ route: ArchiveRoute, of stream: String, in store: ArchiveStore, request: MediaRequest
    ) throws -> ArchiveAnswer {
        if case .inTransportStream(let form) = route {
            return try playlist(form, .transportStream, of: stream, in: store, request: request)
        }
        return try playlist(route, .fragmentedMP4, of: stream, in: store, request: request)
    }

    private func playlist(
        _ route: ArchiveRoute, _ container: MediaRoute.Container, of stream: String, in store: ArchiveStore,
        request: MediaRequest
    ) throws -> ArchiveAnswer {
        let now = now()
        switch route {
        case .recordingStatus: return try status(of: stream, in: store, request: request)
        case .range(let from, let until): return try growing(route, container, stream, store, from, until, now, request)
        case .from(let from): return try growing(route, container, stream, store, from, nil, now, request)
        case .delayed(let delay):
            let end = now - delay
            return try sliding(route, container, stream, store, TimeRange(end - Self.slidingWindow, end), request)
        case .export, .follow, .followDelayed, .inTransportStream:
            // A GET is answered before, as it has no end; this is for HEAD.
            return .made(
                MediaAnswer(
                    status: .ok, headers: [("Content-Type", "video/mp2t"), ("Cache-Control", "no-store")], pieces: [],
                    length: nil))
        case .rewind(let depth):
            return try sliding(route, container, stream, store, TimeRange(now - depth, now), request)
        }
    }

    /// A list of what begins at an instant. As long as it grows, its begin may be what is deleted next: then it counts on as
    /// a sliding one does, and is no `EVENT` list, of which nothing may go (RFC 8216 §4.3.3.5). Else its first segment
    /// stays where it is, and its number follows from it alone.
    private func growing(
        _ route: ArchiveRoute, _ container: MediaRoute.Container, _ stream: String, _ store: ArchiveStore,
        _ from: MediaTime, _ until: MediaTime?,
        _ now: MediaTime, _ request: MediaRequest
    ) throws -> ArchiveAnswer {
        let range = TimeRange(from, until ?? max(from, now))
        let selection = try store.reader.selection(of: stream, in: range)
        guard let first = selection.entries.first?.segment.start else { return nothing(stream) }
        let recordedUntil = store.reader.stream(stream)?.end
        let isEnded = until.map { until in
            until + Self.settled <= now || recordedUntil.map { $0 >= until } ?? false
        }
        let isOldest = try !store.reader.has(stream, before: first - Self.settled)
        let list = try ArchivePlaylists.media(
            selection, container, isEnded: isEnded ?? false, startsAtBegin: route == .from(from),
            mayLoseItsBegin: isOldest,
            numbers: isOldest
                ? numbers.numbers(of: selection.entries, for: .init(stream: stream, route: route)) { _, _ in nil }
                : (SlidingNumbers.sequence(of: first), 0)
        ) { try headers.name(of: $0, in: store) }
        return answer(list, request)
    }

    /// The segments that have ended before the range's end.
    private func sliding(
        _ route: ArchiveRoute, _ container: MediaRoute.Container, _ stream: String, _ store: ArchiveStore,
        _ range: TimeRange, _ request: MediaRequest
    ) throws -> ArchiveAnswer {
        let segments = try store.reader.segments(of: stream, startingIn: range).filter { $0.end <= range.end }
        let selection = PlaybackSelection(segments, in: range)
        guard !selection.entries.isEmpty else { return nothing(stream) }
        let numbers = try numbers.numbers(of: selection.entries, for: .init(stream: stream, route: route)) { from, to in
            let passed = try store.reader.selection(of: stream, in: TimeRange(from, to + MediaSpan(ticks: 1))).entries
            return (Int64(passed.count - 1), Int64(passed.dropFirst().filter(\.isDiscontinuous).count))
        }
        let list = try ArchivePlaylists.media(
            selection, container, isEnded: false, startsAtBegin: false, mayLoseItsBegin: true, numbers: numbers
        ) { try headers.name(of: $0, in: store) }
        return answer(list, request)
    }

    private func answer(_ list: MediaPlaylist, _ request: MediaRequest) -> ArchiveAnswer {
        let bytes = ByteBuffer(bytes: list.write())
        let made = Representation(
            contentType: "application/vnd.apple.mpegurl", pieces: [bytes], entityTag: "\"\(Fingerprint(of: bytes))\"")
        // Retention takes from old ranges, and what was deleted must not be promised for long.
        return .made(.representation(made, cache: .seconds(list.isEnded ? 30 : 1), request: request.headers))
    }

    func nothing(_ stream: String) -> ArchiveAnswer {
        .nothing(
            .text(
                .notFound,
                "The archive of '\(stream)' has nothing in this range. recording_status.json tells what it has."))
    }

    /// `[{"stream": "cam", "ranges": [{"from": 1790000000, "duration": 3600}], "gaps": […]}]`, UTC and lengths in whole
    /// seconds; gaps between the ranges have a `cause` besides.
    private func status(
        of stream: String, in store: ArchiveStore, request: MediaRequest
    ) throws -> ArchiveAnswer {
        func fields(_ range: TimeRange) -> String {
            "\"from\":\(range.start.unixMilliseconds / 1000),\"duration\":\(range.duration.milliseconds / 1000)"
        }
        let recorded = try store.reader.ranges(of: stream).ranges
        let ranges = recorded.map { "{\(fields($0))}" }
        var gaps: [String] = []
        if let first = recorded.first?.start, let last = recorded.last?.end {
            gaps = store.reader.gaps(of: stream, in: TimeRange(first, last), at: last).map {
                "{\(fields($0.range)),\"cause\":\"\($0.cause.rawValue)\"}"
            }
        }
        let text =
            "[{\"stream\":\(MediaInformation.quoted(stream)),\"ranges\":[\(ranges.joined(separator: ","))],"
            + "\"gaps\":[\(gaps.joined(separator: ","))]}]\n"
        let made = Representation(
            contentType: "application/json", pieces: [ByteBuffer(string: text)], entityTag: nil)
        let answer = MediaAnswer.representation(made, cache: .never, request: request.headers)
        return recorded.isEmpty ? .nothing(answer) : .made(answer)
    }
}
