// How the subcommands ask a running server: its API, with the user's credentials.
import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// The server that is asked.
struct AskedServer: ParsableArguments {
    @Option(help: "HOST:PORT or URL of the server to ask.")
    var server = "127.0.0.1:8080"

    @Option(help: "USER:PASSWORD, where the configuration has view_auth or edit_auth.")
    var user: String?

    private static let longestAnswer = 64 << 20

    private var base: String { server.contains("://") ? server : "http://\(server)" }

    /// A request for `path` below the API's base.
    func request(_ path: String, method: String = "GET") -> HTTPClientRequest {
        var request = HTTPClientRequest(url: "\(base)/streamer/api/v3/\(path)")
        request.method = .init(rawValue: method)
        if let user {
            request.headers.add(name: "Authorization", value: "Bearer \(Data(user.utf8).base64EncodedString())")
        }
        return request
    }

    /// The body of the answer. Throws in a sentence what the server or the connection says.
    func ask(_ path: String, method: String = "GET") async throws -> ByteBuffer {
        let response: HTTPClientResponse
        let body: ByteBuffer
        do {
            response = try await HTTPClient.shared.execute(request(path, method: method), timeout: .seconds(10))
            body = try await response.body.collect(upTo: Self.longestAnswer)
        } catch {
            throw ValidationError("\(base) does not answer: \(error)")
        }
        guard (200..<300).contains(response.status.code) else {
            throw ValidationError("\(base) answers \(response.status.code): \(String(buffer: body))")
        }
        return body
    }

    func get<Value: Decodable>(_ type: Value.Type, _ path: String) async throws -> Value {
        try JSONDecoder().decode(type, from: Data(try await ask(path).readableBytesView))
    }
}

/// JSON on one line, for scripts.
func jsonLine(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
