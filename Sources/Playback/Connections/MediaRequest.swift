// A player's request as far as its answer depends on it, and the heads of answers.
import LiveStream
import Media
import NIOCore
import NIOHTTP1

struct MediaRequest: Sendable {
    let target: RequestTarget
    let headers: HTTPHeaders
    let version: HTTPVersion
    let isHead: Bool
    let isKeepAlive: Bool
    private let reading: MediaRoute.Reading
    private let method: HTTPMethod

    /// nil when the request is for somebody else: not a player's address, or a publisher that sends to one.
    init?(_ head: HTTPRequestHead) {
        guard let target = RequestTarget(head.uri) else { return nil }
        let reading = MediaRoute.parse(path: target.path, query: target.query)
        switch reading {
        case .other: return nil
        case .media(_, .transportStream) where head.method == .POST || head.method == .PUT: return nil
        case .media, .malformed: break
        }
        self.target = target
        self.reading = reading
        headers = head.headers
        version = head.version
        method = head.method
        isHead = head.method == .HEAD
        isKeepAlive = head.isKeepAlive
    }

    /// What is asked for; nil when the request is answered without looking at a stream.
    var media: (String, MediaRoute)? {
        guard method == .GET || method == .HEAD, case .media(let name, let route) = reading else { return nil }
        return (name, route)
    }

    /// The answer when `media` is nil.
    var refusal: MediaAnswer {
        switch (reading, method) {
        case (.malformed(let problem), _): return .text(.badRequest, problem)
        case (_, .OPTIONS):
            return MediaAnswer(
                status: .noContent,
                headers: [
                    ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
                    ("Access-Control-Allow-Headers", "Range, If-None-Match, If-Range"),
                    ("Access-Control-Max-Age", "86400"),
                ], pieces: [], length: nil)
        default:
            return .text(
                .methodNotAllowed, "A player's address takes GET, HEAD and OPTIONS, not \(method.rawValue).",
                headers: [("Allow", "GET, HEAD, OPTIONS")])
        }
    }

    /// The player says which segments it takes.
    var namesContainer: Bool { QueryItems.value(of: "container", in: target.query) != nil }

    /// Sent by another server of the group for its viewers.
    var isRelayed: Bool { headers.contains(name: RelayClient.header) }

    var userAgent: String { headers.first(name: "user-agent") ?? "" }

    func responseHead(_ answer: MediaAnswer) -> HTTPResponseHead {
        Self.responseHead(answer, version: version, isKeepAlive: isKeepAlive)
    }

    static func responseHead(_ answer: MediaAnswer, version: HTTPVersion, isKeepAlive: Bool) -> HTTPResponseHead {
        var fields = HTTPHeaders(answer.headers)
        if let length = answer.length { fields.add(name: "Content-Length", value: String(length)) }
        addCommon(&fields)
        if !isKeepAlive {
            fields.add(name: "Connection", value: "close")
        } else if version == .http1_0 {
            fields.add(name: "Connection", value: "keep-alive")
        }
        return HTTPResponseHead(version: version, status: answer.status, headers: fields)
    }

    /// The head of an endless body: HTTP/1.0 framing, so that nothing is framed per viewer.
    func endlessHead(_ form: LiveForm) -> HTTPResponseHead { endlessHead(Self.endlessFields(form)) }

    static func endlessFields(_ form: LiveForm) -> [(String, String)] {
        var fields = [("Cache-Control", "no-store")]
        switch form {
        case .transportStream: fields.append(("Content-Type", "video/mp2t"))
        case .fragmentedMP4(_, let tracks, let chosen):
            fields.append(("Content-Type", tracks.contentType(of: chosen)))
            fields.append(("X-Tracks", tracks.listing))
        }
        return fields
    }

    func endlessHead(_ headers: [(String, String)]) -> HTTPResponseHead {
        var fields = HTTPHeaders(headers + [("Connection", "close")])
        Self.addCommon(&fields)
        return HTTPResponseHead(version: .http1_0, status: .ok, headers: fields)
    }

    private static func addCommon(_ fields: inout HTTPHeaders) {
        fields.add(name: "Access-Control-Allow-Origin", value: "*")
        fields.add(name: "Access-Control-Expose-Headers", value: "Content-Range, ETag, Retry-After, X-Tracks")
        fields.add(name: "X-Content-Type-Options", value: "nosniff")
    }
}
