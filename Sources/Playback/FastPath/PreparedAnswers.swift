// The answers that players ask for again and again, ready to be written: live playlists, headers and segments.
import LiveStream
import Media
import NIOCore
import NIOHTTP1

/// One for each event loop, on which it lives: what is found here takes no lock but that of the stream's window.
///
/// An answer is found by its path alone and is the same that `MediaRequestHandler` would give, from which it is made. It is of use as
/// long as the same stream is here and no segment has closed; segments longer, until they leave the window.
final class PreparedAnswers {
    /// Addresses of one stream: beyond it somebody invents them.
    private static let answersMax = 512

    /// An answer in the codings that clients take.
    private struct Codings {
        var plain: PreparedAnswer
        /// The same as `plain` where nothing is compressed.
        var gzip: PreparedAnswer
        /// Of a segment, which stays what it is.
        var segment: MediaTime?
        /// The request counts for its viewer's session.
        var isCounted: Bool
    }

    private final class OfStream {
        weak var stream: (any ReadableStream)?
        /// Of the window that was looked at last.
        var version: UInt64?
        var newest: Int64 = .min
        var newestEnd: MediaTime?
        var oldest: Int64 = .min
        var answers: [String: Codings] = [:]
        var lastUse: NIODeadline

        init(_ stream: any ReadableStream, at now: NIODeadline) {
            self.stream = stream
            lastUse = now
        }
    }

    private var streams: [String: OfStream] = [:]

    /// The answer to a GET of `/{name}/{last}`; nil where another way of answering has to be gone.
    func find(
        _ last: String, of name: String, acceptsGzip: Bool, service: PlaybackService, at now: NIODeadline
    ) -> (answer: PreparedAnswer, isCounted: Bool)? {
        guard case .here(let stream) = service.directory.locate(name) else {
            streams[name] = nil
            return nil
        }
        let entry: OfStream
        if let known = streams[name], known.stream === stream {
            entry = known
        } else {
            entry = OfStream(stream, at: now)
        }
        renew(entry, stream)
        if let known = entry.answers[last] {
            entry.lastUse = now
            return (acceptsGzip ? known.gzip : known.plain, known.isCounted)
        }
        guard let made = make(last, of: name, stream, service: service, at: now) else { return nil }
        if entry.answers.count >= Self.answersMax { entry.answers.removeAll() }
        entry.answers[last] = made
        entry.lastUse = now
        streams[name] = entry
        return (acceptsGzip ? made.gzip : made.plain, made.isCounted)
    }

    /// Lets go of the streams that nobody asked for within `idleAfter`, or that are gone.
    func releaseIdle(at now: NIODeadline, after idleAfter: TimeAmount) {
        streams = streams.filter { $0.value.stream != nil && $0.value.lastUse + idleAfter > now }
    }

    /// Lets go of what is of no use any more. The window changes with each chunk, which most requests come between.
    private func renew(_ entry: OfStream, _ stream: any ReadableStream) {
        guard entry.version != stream.windowVersion else { return }
        let window = stream.window
        entry.version = window.version
        let closed = window.closed
        guard let first = closed.first, let last = closed.last else { return entry.answers.removeAll() }
        if entry.newest == last.sequence, entry.newestEnd == last.end, entry.oldest == first.sequence { return }
        (entry.newest, entry.newestEnd, entry.oldest) = (last.sequence, last.end, first.sequence)
        entry.answers = entry.answers.filter { $0.value.segment.map { $0 >= first.start } ?? false }
    }

    /// Errors are not kept: the usual way says them.
    private func make(
        _ last: String, of name: String, _ stream: any ReadableStream,
        service: PlaybackService, at now: NIODeadline
    ) -> Codings? {
        guard case .media(name, let route) = MediaRoute.parse(path: "/\(name)/\(last)", query: "") else { return nil }
        let segment: MediaTime?
        switch route {
        case .mediaPlaylist, .transportStreamPlaylist, .initialization: segment = nil
        case .segment(let start, _), .transportStreamSegment(let start): segment = start
        default: return nil
        }
        guard
            let found = try? service.renditions(of: stream).representation(of: route, in: stream.window, at: now)
        else { return nil }
        let (made, cache) = found
        let plain = PreparedAnswer(.representation(made, cache: cache, request: [:]))
        let gzip =
            made.gzip == nil
            ? plain : PreparedAnswer(.representation(made, cache: cache, request: ["Accept-Encoding": "gzip"]))
        return Codings(plain: plain, gzip: gzip, segment: segment, isCounted: route.isCounted)
    }
}
