// What is plain, what is the parser's, and what is not there yet.
import Testing

@testable import Playback

@Suite struct PlainRequestTests {
    private func read(_ text: String) -> PlainRequest.Reading {
        Array(text.utf8).withUnsafeBytes { PlainRequest.read($0) }
    }

    private let head = "GET /a/b.m3u8 HTTP/1.1\r\nHost: h\r\nUser-Agent:  x y\r\nAccept-Encoding: gzip\r\n\r\n"

    @Test func placesAreThoseInTheBytes() throws {
        guard case .head(let request) = read(head + "GET /next") else {
            Issue.record("not read")
            return
        }
        let bytes = Array(head.utf8)
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        #expect(text(request.path) == "/a/b.m3u8" && request.lastSlash == 6)
        #expect(request.userAgent.map(text) == "x y" && request.acceptEncoding.map(text) == "gzip")
        #expect(request.length == bytes.count && request.isPlain)
    }

    @Test func eachBeginningIsIncomplete() {
        let bytes = Array(head.utf8)
        for count in bytes.indices {
            #expect(bytes[..<count].withUnsafeBytes { PlainRequest.read($0) } == .incomplete, "\(count)")
        }
    }

    @Test(arguments: [
        "Range: bytes=0-", "IF-NONE-MATCH: *", "If-Modified-Since: x", "if-range: \"x\"", "If-Match: *",
        "if-unmodified-since: x", "\(RelayClient.header): 1", "Accept-Encoding: br\r\nAccept-Encoding: gzip",
    ]) func whatDependsOnMoreThanThePathIsNotPlain(fields: String) throws {
        guard case .head(let request) = read("GET /a/b HTTP/1.1\r\n\(fields)\r\n\r\n") else {
            Issue.record("not read")
            return
        }
        #expect(!request.isPlain)
    }

    @Test(arguments: ["HEAD /a/b", "GET /a/b?c", "GET /a/%62", "GET /a/b*"]) func soAreOtherWays(line: String) {
        guard case .head(let request) = read("\(line) HTTP/1.1\r\n\r\n") else {
            Issue.record("not read")
            return
        }
        #expect(!request.isPlain)
    }

    @Test(arguments: [
        "POST /a HTTP/1.1\r\n", "GET a HTTP/1.1\r\n", "GET /a HTTP/1.0\r\n", "GET /a\u{7f} HTTP/1.1\r\n",
        "GET /a  HTTP/1.1\r\n",
        "GET /a HTTP/1.1\n", "get /a HTTP/1.1\r\n", "GET /a HTTP/1.1\r\n folded: x\r\n",
        "GET /a HTTP/1.1\r\nno colon\r\n",
        "GET /a HTTP/1.1\r\nx : y\r\n", "GET /a HTTP/1.1\r\n: y\r\n", "GET /a HTTP/1.1\r\nx: \u{e9}\r\n",
        "GET /a HTTP/1.1\r\nx: y\n",
        "GET /a HTTP/1.1\r\nx: a\u{0}b\r\n", "GET /a HTTP/1.1\r\nx: a\tb\r\n", "GET /a HTTP/1.1\r\nx: a \r\n",
        "GET /a HTTP/1.1\r\nContent-Length: 0\r\n",
        "GET /a HTTP/1.1\r\ntransfer-encoding: x\r\n",
        "GET /a HTTP/1.1\r\nUPGRADE: x\r\n", "GET /a HTTP/1.1\r\nExpect: x\r\n", "GET /a HTTP/1.1\r\nTE: x\r\n",
        "GET /a HTTP/1.1\r\nTrailer: x\r\n", "GET /a HTTP/1.1\r\nConnection: close\r\n",
        "GET /a HTTP/1.1\r\nconnection: a, b\r\n", "GET /a HTTP/1.1\r\nProxy-Connection: close\r\n",
        "GET /a HTTP/1.1\r\n\rx", "\r\nGET /a HTTP/1.1\r\n",
    ]) func theRestIsTheParsers(head: String) {
        #expect(read(head + "\r\n") == .other)
    }

    @Test func whatIsLongerThanItsBoundsIsTheParsers() {
        func head(_ fields: [String]) -> String {
            "GET /a HTTP/1.1\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        }
        let most = Array(repeating: "x:", count: PlainRequest.fieldsMax)
        #expect(read(head(most)) != .other && read(head(most + ["x:"])) == .other)
        let room = PlainRequest.lengthMax - head(["x:"]).utf8.count
        let longest = head(["x:" + String(repeating: "y", count: room)])
        let longer = head(["x:" + String(repeating: "y", count: room + 1)])
        #expect(read(longest) != .other && read(longer) == .other)
        // Of what is too long no end is waited for.
        func cut(_ head: String) -> String { String(decoding: head.utf8.dropLast(), as: UTF8.self) }
        #expect(read(cut(longest)) == .incomplete && read(cut(longer)) == .other)
    }
}
