// Asks another server of the group for what a player asked of this one.
import AsyncHTTPClient
import Media
import NIOCore
import NIOHTTP1

/// What another server said.
enum RelayedAnswer: Sendable {
    case media(Representation, CachePolicy)
    /// There is no such thing, or the request was wrong: its own words.
    case refusal(MediaAnswer)
    /// It does not answer, or has the stream no more: somebody else may have it in a moment.
    case unavailable(String)
}

/// Requests to other servers on connections of their own: a player's request never waits for another player's download.
struct RelayClient: Sendable {
    /// Marks a request of another server: it is answered where it arrives or not at all, and not counted as a viewer.
    static let header = "Weir-Relay"
    /// Longer answers are not relayed: they would have to be held in memory whole.
    static let longestAnswer = 64 << 20

    let http: HTTPClient

    /// The settings of a client for relaying: an owner that has stopped to send is given up before players do.
    static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(1), read: .seconds(5)))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        return configuration
    }

    /// For answers without an end: their readers watch for silence themselves, and none waits until another ends.
    static var endlessConfiguration: HTTPClient.Configuration {
        var configuration = configuration
        configuration.timeout = .init(connect: .seconds(1))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 100_000
        return configuration
    }

    func fetch(_ url: String, timeout: TimeAmount) async -> RelayedAnswer {
        do {
            let response = try await http.execute(Self.request(url), timeout: timeout)
            let status = Int(response.status.code)
            guard status < 500, !(300..<400).contains(status) else {
                return .unavailable("it answers \(status)")
            }
            if let length = response.headers.first(name: "content-length").flatMap({ Int($0) }),
                length > Self.longestAnswer
            {
                return .refusal(Self.tooLong)
            }
            let body = try await response.body.collect(upTo: Self.longestAnswer)
            let type = response.headers.first(name: "content-type") ?? "application/octet-stream"
            let cache = response.headers.first(name: "cache-control")
            guard status == 200 else {
                return .refusal(
                    MediaAnswer(
                        status: response.status,
                        headers: [("Cache-Control", cache ?? "no-store"), ("Content-Type", type)],
                        pieces: [body], length: body.readableBytes))
            }
            return .media(
                Representation(
                    contentType: type, pieces: [body], entityTag: response.headers.first(name: "etag")),
                CachePolicy(header: cache))
        } catch is NIOTooManyBytesError {
            return .refusal(Self.tooLong)
        } catch {
            return .unavailable("\(error)")
        }
    }

    /// An endless answer, chunk by chunk as they come. Throws when it ends badly; nil: it has no such stream now.
    func open(_ url: String) async throws -> HTTPClientResponse.Body? {
        let response = try await http.execute(Self.request(url), timeout: .hours(24 * 365))
        return response.status == .ok ? response.body : nil
    }

    static func request(_ url: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: header, value: "1")
        return request
    }

    private static var tooLong: MediaAnswer {
        .text(
            .badGateway,
            "This answer is longer than \(longestAnswer >> 20) MiB and is not relayed: ask the server that has the stream."
        )
    }
}

extension CachePolicy {
    /// As another Weir wrote it.
    init(header: String?) {
        let words = (header ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
        if words.contains("no-store") {
            self = .never
        } else if words.contains("immutable") {
            self = .immutable
        } else {
            let age = words.compactMap { $0.hasPrefix("max-age=") ? Int($0.dropFirst("max-age=".count)) : nil }.first
            self = age.map { .seconds(max(0, $0)) } ?? .never
        }
    }
}
