// The answers that are written at once, for a stream that runs here.
import LiveStream
import NIOCore
import NIOHTTP1

enum FiniteAnswers {
    /// nil: the stream has nothing to show yet; ask again soon.
    static func answer(
        _ route: MediaRoute, request: MediaRequest, stream: any ReadableStream, service: PlaybackService,
        at now: NIODeadline
    ) -> MediaAnswer? {
        let window = stream.window
        var route = route
        if route == .multivariantPlaylist(nil) {
            route = .multivariantPlaylist(stream.prefersTransportStreamSegments ? .transportStream : .fragmentedMP4)
        }
        switch route {
        case .embedPage: return page(title: stream.title, request: request)
        case .mediaInformation:
            let body = MediaInformation.write(name: stream.name, title: stream.title, window: window)
            let made = Representation(contentType: "application/json", pieces: [body], entityTag: nil)
            return .representation(made, cache: .never, request: request.headers)
        case .preview: return Preview.answer(window: window, request: request)
        case .transportStream, .fragmentedMP4: return endless(route, request: request, window: window)
        case .archive: return .text(.notFound, "The stream '\(stream.name)' is not recorded on this server.")
        case .multivariantPlaylist, .mediaPlaylist, .transportStreamPlaylist, .initialization, .segment,
            .transportStreamSegment, .cutSegment:
            break
        }
        do {
            let found = try service.renditions(of: stream).representation(of: route, in: window, at: now)
            if let (made, cache) = found { return .representation(made, cache: cache, request: request.headers) }
        } catch {
            return .text(
                .internalServerError, "The segment cannot be made into a transport stream: \(error).")
        }
        if window.closed.isEmpty { return nil }
        return .text(
            .notFound, "The live window of '\(stream.name)' has no such track or segment, or has it no longer.")
    }

    /// Of an endless stream: the head for HEAD; a GET comes here only when the stream cannot be begun.
    private static func endless(_ route: MediaRoute, request: MediaRequest, window: LiveWindow) -> MediaAnswer? {
        guard let tracks = window.segments.last?.tracks else { return nil }
        guard let form = LiveForm(route, window) else {
            return .text(.notFound, "The stream has none of the tracks asked for. It has: \(tracks.listing).")
        }
        guard request.isHead else { return nil }
        return MediaAnswer(status: .ok, headers: MediaRequest.endlessFields(form), pieces: [], length: nil)
    }

    static func page(title: String, request: MediaRequest) -> MediaAnswer {
        // As players know it: `dvr=true` asks for the archive, and so does each place in it.
        let query = request.target.query
        let isArchive =
            ["true", "1", "yes"].contains(QueryItems.value(of: "dvr", in: query) ?? "")
            || ["from", "to", "ago"].contains { QueryItems.value(of: $0, in: query) != nil }
        let kind: PlayerPage.Kind = isArchive ? .archive : .live
        let made = Representation(
            contentType: "text/html; charset=utf-8", pieces: [PlayerPage.page(kind, title: title)], entityTag: nil)
        return .representation(made, cache: .seconds(60), request: request.headers)
    }
}
