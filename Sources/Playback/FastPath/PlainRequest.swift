// Reads a request that needs no HTTP parser: a GET whose answer depends on its path alone. Pure.

/// Where things stand in the bytes of one request head (RFC 9112 §3, §5), as offsets from the first byte.
///
/// The reading is stricter than a parser has to be: what it does not know to be harmless is left to the parser, which
/// decides what is right and what is refused.
package struct PlainRequest: Hashable, Sendable {
    package enum Reading: Hashable, Sendable {
        /// So far a request as below, whose end has not come yet.
        case incomplete
        case head(PlainRequest)
        /// Something else: the parser sees it, and all that follows on the connection.
        case other
    }

    /// The path, beginning with a slash.
    package var path: Range<Int>
    /// The path's last slash.
    package var lastSlash: Int
    /// The value of the first `User-Agent`.
    package var userAgent: Range<Int>?
    /// The value of `Accept-Encoding`.
    package var acceptEncoding: Range<Int>?
    /// Bytes of the whole head with its empty line. There is no body.
    package var length = 0
    /// A GET of a plain path without a condition, a range or anything else on which an answer may depend. Else the parser
    /// gets this request, and the next one may be plain again.
    package var isPlain: Bool

    /// A longer head is the parser's, which has bounds of its own to refuse it by. In bytes.
    package static let lengthMax = 8 << 10
    /// So is one with more fields.
    package static let fieldsMax = 64

    package static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
        var reader = Reader(bytes: bytes)
        do throws(Stop) {
            return .head(try reader.request())
        } catch {
            return error == .incomplete ? .incomplete : .other
        }
    }
}

private enum Stop: Error { case incomplete, other }

private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    mutating func request() throws(Stop) -> PlainRequest {
        let isHead = bytes.first == UInt8(ascii: "H")
        try expect(isHead ? "HEAD " : "GET ")
        let (path, lastSlash, isPlainPath) = try target()
        try expect(" HTTP/1.1\r\n")
        var request = PlainRequest(path: path, lastSlash: lastSlash, isPlain: isPlainPath && !isHead)
        var fields = 0
        while try byte(at: position) != UInt8(ascii: "\r") {
            fields += 1
            guard fields <= PlainRequest.fieldsMax else { throw .other }
            let (name, value) = try field()
            try take(name, value, &request)
        }
        try expect("\r\n")
        request.length = position
        return request
    }

    private func byte(at index: Int) throws(Stop) -> UInt8 {
        guard index < PlainRequest.lengthMax else { throw .other }
        guard index < bytes.count else { throw .incomplete }
        return bytes[index]
    }

    private mutating func expect(_ text: StaticString) throws(Stop) {
        for index in 0..<text.utf8CodeUnitCount {
            guard try byte(at: position) == text.utf8Start[index] else { throw .other }
            position += 1
        }
    }

    /// Up to the space behind it. Plain is a path of unreserved characters (RFC 3986 §2.3): it has one spelling and no query.
    private mutating func target() throws(Stop) -> (path: Range<Int>, lastSlash: Int, isPlain: Bool) {
        let start = position
        guard try byte(at: start) == UInt8(ascii: "/") else { throw .other }
        var (lastSlash, isPlain) = (start, true)
        while true {
            let next = try byte(at: position)
            switch next {
            case UInt8(ascii: "/"): lastSlash = position
            case UInt8(ascii: " "): return (start..<position, lastSlash, isPlain)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                break
            case 0x21...0x7e: isPlain = false
            default: throw .other
            }
            position += 1
        }
    }

    /// One line: a name, a colon, and a value of printable characters without the blanks before it (RFC 9112 §5).
    private mutating func field() throws(Stop) -> (name: Range<Int>, value: Range<Int>) {
        let start = position
        while true {
            switch try byte(at: position) {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                position += 1
                continue
            case UInt8(ascii: ":") where position > start: break
            default: throw .other
            }
            break
        }
        let name = start..<position
        position += 1
        while try byte(at: position) == UInt8(ascii: " ") { position += 1 }
        let first = position
        while try byte(at: position) != UInt8(ascii: "\r") {
            guard (0x20...0x7e).contains(bytes[position]) else { throw .other }
            position += 1
        }
        let value = first..<position
        try expect("\r\n")
        // Whether a blank at the end is part of the value is not for two readers to decide.
        guard value.isEmpty || bytes[value.upperBound - 1] != UInt8(ascii: " ") else { throw .other }
        return (name, value)
    }

    /// What the field means for the answer, or for where the request ends.
    private func take(
        _ name: Range<Int>, _ value: Range<Int>, _ request: inout PlainRequest
    ) throws(Stop) {
        switch name.count {
        case 2 where equals(name, "te"), 6 where equals(name, "expect"), 7 where equals(name, "upgrade"),
            7 where equals(name, "trailer"), 14 where equals(name, "content-length"),
            17 where equals(name, "transfer-encoding"):
            throw .other
        // The second is the name that the parser takes for the first, though no standard does.
        case 10 where equals(name, "connection"), 16 where equals(name, "proxy-connection"):
            guard equals(value, "keep-alive") else { throw .other }
        case 10 where equals(name, "user-agent"):
            request.userAgent = request.userAgent ?? value
        case 15 where equals(name, "accept-encoding"):
            if request.acceptEncoding != nil { request.isPlain = false }
            request.acceptEncoding = value
        case 5 where equals(name, "range"), 10 where equals(name, "weir-relay"):
            request.isPlain = false
        case 8..<20 where equals(name.prefix(3), "if-"):
            request.isPlain = false
        default: break
        }
    }

    /// - Parameter text: in lower case.
    private func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count {
            let byte = bytes[range.lowerBound + index]
            let isUpperCase = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard (isUpperCase ? byte | 0x20 : byte) == text.utf8Start[index] else { return false }
        }
        return true
    }
}
