// A complete answer to a request: what is written at once, in contrast to an endless stream.
import NIOCore
import NIOHTTP1

/// How long a cache between us and the viewer may keep an answer.
enum CachePolicy: Hashable {
    /// The same address will never mean other bytes.
    case immutable
    /// Changes when the next segment closes.
    case seconds(Int)
    /// Facts of this moment and errors.
    case never

    var header: String {
        switch self {
        case .immutable: "public, max-age=31536000, immutable"
        case .seconds(let seconds): "public, max-age=\(seconds)"
        case .never: "no-store"
        }
    }
}

/// A representation that may be kept and given to many viewers.
struct Representation: Sendable {
    var contentType: String
    /// The pieces of the body in order; shared with the window, never copied.
    var pieces: [ByteBuffer]
    var length: Int
    /// With its quotation marks. nil: conditional requests are not answered.
    var entityTag: String?
    /// The same text compressed, where that is worth it.
    var gzip: ByteBuffer?

    init(contentType: String, pieces: [ByteBuffer], entityTag: String?, gzip: ByteBuffer? = nil) {
        self.contentType = contentType
        self.pieces = pieces
        length = pieces.reduce(0) { $0 + $1.readableBytes }
        self.entityTag = entityTag
        self.gzip = gzip
    }

    /// The bytes of `range`, as slices of the pieces.
    func pieces(in range: Range<Int>) -> [ByteBuffer] {
        var result: [ByteBuffer] = []
        var position = 0
        for piece in pieces {
            let start = max(range.lowerBound, position)
            let end = min(range.upperBound, position + piece.readableBytes)
            if start < end,
                let slice = piece.getSlice(at: piece.readerIndex + start - position, length: end - start)
            {
                result.append(slice)
            }
            position += piece.readableBytes
        }
        return result
    }
}

/// Status, headers and body of one answer.
struct MediaAnswer {
    var status: HTTPResponseStatus
    var headers: [(String, String)]
    var pieces: [ByteBuffer]
    /// Of the body that a GET would get; `Content-Length` also for HEAD. nil: the status has no body, or it would be endless.
    var length: Int?

    /// The body is, or for GET would be, what comes until the connection ends.
    var isEndless: Bool { status == .ok && length == nil }

    /// A representation, with conditions, ranges and encodings of the request taken into account (RFC 9110 §13, §14, §12).
    static func representation(
        _ representation: Representation, cache: CachePolicy, request: HTTPHeaders
    ) -> MediaAnswer {
        var headers = [("Cache-Control", cache.header), ("Content-Type", representation.contentType)]
        var tag = representation.entityTag
        let gzip = representation.gzip.flatMap { acceptsGzip(request) ? $0 : nil }
        if representation.gzip != nil { headers.append(("Vary", "Accept-Encoding")) }
        if gzip != nil { tag = tag.map { $0.dropLast() + "-gzip\"" } }
        if let tag {
            headers.append(("ETag", tag))
            if matches(request[canonicalForm: "if-none-match"], tag) {
                return MediaAnswer(status: .notModified, headers: headers, pieces: [], length: nil)
            }
        }
        if let gzip {
            headers.append(("Content-Encoding", "gzip"))
            return MediaAnswer(status: .ok, headers: headers, pieces: [gzip], length: gzip.readableBytes)
        }
        headers.append(("Accept-Ranges", "bytes"))
        let isFresh = request.first(name: "if-range").map { $0 == tag } ?? true
        switch isFresh ? ByteRange.read(request.first(name: "range"), length: representation.length) : .whole {
        case .whole:
            return MediaAnswer(
                status: .ok, headers: headers, pieces: representation.pieces, length: representation.length)
        case .part(let range):
            headers.append(
                ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(representation.length)"))
            return MediaAnswer(
                status: .partialContent, headers: headers, pieces: representation.pieces(in: range),
                length: range.count)
        case .unsatisfiable:
            return text(
                .rangeNotSatisfiable, "The representation has \(representation.length) bytes.",
                headers: [("Content-Range", "bytes */\(representation.length)")])
        }
    }

    /// A few words for people. Never cached: the next moment may know better.
    static func text(
        _ status: HTTPResponseStatus, _ message: String, headers: [(String, String)] = []
    ) -> MediaAnswer {
        let body = ByteBuffer(string: "\(status.code) \(status.reasonPhrase)\n\(message)\n")
        return MediaAnswer(
            status: status,
            headers: [
                ("Cache-Control", CachePolicy.never.header), ("Content-Type", "text/plain; charset=utf-8"),
            ] + headers,
            pieces: [body], length: body.readableBytes)
    }

    /// Weak comparison (RFC 9110 §8.8.3.2).
    private static func matches(_ list: [Substring], _ tag: String) -> Bool {
        list.contains { $0 == "*" || $0 == tag || ($0.hasPrefix("W/") && $0.dropFirst(2) == tag) }
    }

    static func acceptsGzip(_ request: HTTPHeaders) -> Bool {
        request[canonicalForm: "accept-encoding"].contains { coding in
            let parts = coding.split(separator: ";").map { $0.filter { $0 != " " } }
            guard parts.first == "gzip" || parts.first == "*" else { return false }
            return !parts.dropFirst().contains { $0.hasPrefix("q=0") && !$0.contains { ("1"..."9").contains($0) } }
        }
    }
}
