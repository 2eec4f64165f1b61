// Any bytes of a connection: what is taken for a plain request without the HTTP parser is the same request for the parser.
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Playback

enum RequestHeadCheck {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(FuzzFinding) {
        guard case .head(let request) = PlainRequest.read(bytes) else { return }
        try demand(request.length <= bytes.count, "\(request.length) of \(bytes.count) bytes")
        let whole = UnsafeRawBufferPointer(rebasing: bytes[..<request.length])
        try demand(PlainRequest.read(whole) == .head(request), "what follows a request changes it")
        for length in 0..<request.length {
            let begin = UnsafeRawBufferPointer(rebasing: bytes[..<length])
            try demand(PlainRequest.read(begin) == .incomplete, "whole after \(length) of \(request.length) bytes")
        }
        guard request.isPlain else { return }
        let parts: [HTTPServerRequestPart]
        do {
            parts = try parsed(whole)
        } catch {
            throw FuzzFinding("the parser refuses it: \(error)")
        }
        guard parts.count == 2, case .head(let head) = parts[0], case .end(nil) = parts[1] else {
            throw FuzzFinding("for the parser it is \(parts)")
        }
        func text(_ range: Range<Int>?) -> String? { range.map { String(decoding: whole[$0], as: UTF8.self) } }
        try demand(head.method == .GET && head.version == .http1_1 && head.isKeepAlive, "another request: \(head)")
        try demand(head.uri == text(request.path), "another path: \(head.uri)")
        try demand(head.headers.first(name: "user-agent") == text(request.userAgent), "another player: \(head)")
        let codings = head.headers["accept-encoding"]
        try demand(codings == [text(request.acceptEncoding)].compactMap { $0 }, "other codings: \(head)")
        for name in [
            "range", "if-range", "if-none-match", "content-length", "transfer-encoding", "weir-relay", "expect",
        ] {
            try demand(!head.headers.contains(name: name), "\(name) was overlooked")
        }
    }

    private static func parsed(_ bytes: UnsafeRawBufferPointer) throws -> [HTTPServerRequestPart] {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder()))
        try channel.writeInbound(ByteBuffer(bytes: bytes))
        var parts: [HTTPServerRequestPart] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) { parts.append(part) }
        _ = try channel.finish(acceptAlreadyClosed: true)
        return parts
    }
}
