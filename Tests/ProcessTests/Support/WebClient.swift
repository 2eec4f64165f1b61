// Asks servers over HTTP, each question on a connection of its own.
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// What a server answered.
struct WebAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: Data

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Speaks through AsyncHTTPClient: a question of URLSession may hang for ever on Linux, whatever its timeout.
enum WebClient {
    // Both live as long as the tests do.
    private static let following = HTTPClient(eventLoopGroupProvider: .singleton)
    private static let staying: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Throws when no answer came. The bound on time is for a broken server.
    static func ask(
        _ url: String, method: String = "GET", headers: HTTPHeaders = [:], body: String? = nil,
        followsRedirects: Bool = true, patience: TimeAmount = .seconds(30)
    ) async throws -> WebAnswer {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        request.headers = headers
        // A kept connection may be that of a server which a test has killed since.
        request.headers.add(name: "Connection", value: "close")
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let client = followsRedirects ? following : staying
        let response = try await client.execute(request, timeout: patience)
        let data = Data(try await response.body.collect(upTo: 256 << 20).readableBytesView)
        return WebAnswer(status: Int(response.status.code), headers: response.headers, body: data)
    }
}
