// A long answer of another server, handed to one player as it comes: nothing of it is kept.
import AsyncHTTPClient
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1

/// A file or an endless stream out of another server's archive, for one player. The other server is read as fast as the
/// player takes: one piece is under way.
final class LongAnswer: Sendable {
    enum Part: Sendable {
        /// Without a length the body ends with the connection.
        case head(HTTPResponseStatus, [(String, String)], length: Int?)
        case body(ByteBuffer)
        /// Whether all that the other server had to say came.
        case end(isWhole: Bool)
        /// It does not answer, or has the stream no more. Comes instead of a head.
        case unavailable(String)
    }

    /// An endless stream out of an archive gets a segment at a time and ends after a minute without one.
    private static let patience = Duration.seconds(70)
    private static let askedHeaders = ["range", "if-range", "if-none-match"]
    private static let givenHeaders = [
        "Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Range", "Content-Type", "ETag",
    ]

    private let request: HTTPClientRequest
    private let take: @Sendable (Part) async throws -> Void
    private let stopped = AsyncStream<Void>.makeStream()
    private let waitingSince = NIOLockedValueBox<ContinuousClock.Instant?>(nil)
    private let byteCount = NIOLockedValueBox(0)

    /// - Parameters:
    ///   - headers: of the player's request.
    ///   - take: returns when the player has taken the part; throws when it is gone.
    init(_ url: String, isHead: Bool, headers: HTTPHeaders, take: @escaping @Sendable (Part) async throws -> Void) {
        var request = RelayClient.request(url)
        request.method = isHead ? .HEAD : .GET
        for name in Self.askedHeaders {
            for value in headers[name] { request.headers.add(name: name, value: value) }
        }
        self.request = request
        self.take = take
    }

    /// The player is gone.
    func stop() { stopped.continuation.finish() }

    /// Passes on until the end, `stop`, cancellation, or too long a silence; gives the number of bytes.
    func run(_ client: HTTPClient) async -> Int {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [stopped] in for await _ in stopped.stream {} }
            group.addTask { [self] in await awaitSilence() }
            group.addTask { [self] in await pass(client) }
            // Whichever ends first ends the others.
            await group.next()
            group.cancelAll()
        }
        return byteCount.withLockedValue { $0 }
    }

    /// Returns when the other server has sent nothing for too long; how long the player takes does not count.
    private func awaitSilence() async {
        while !Task.isCancelled {
            if let since = waitingSince.withLockedValue({ $0 }), since.duration(to: .now) > Self.patience { return }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func pass(_ client: HTTPClient) async {
        var hasBegun = false
        do {
            waitingSince.withLockedValue { $0 = .now }
            let response = try await client.execute(request, timeout: .hours(24 * 365))
            let status = Int(response.status.code)
            guard status < 500, !(300..<400).contains(status) || status == 304 else {
                return try await take(.unavailable("it answers \(status)"))
            }
            let headers = Self.givenHeaders.compactMap { name in
                response.headers.first(name: name).map { (name, $0) }
            }
            let length = response.headers.first(name: "content-length").flatMap { Int($0) }
            hasBegun = true
            try await take(.head(response.status, headers, length: length))
            for try await piece in response.body {
                waitingSince.withLockedValue { $0 = nil }
                byteCount.withLockedValue { $0 += piece.readableBytes }
                try await take(.body(piece))
                waitingSince.withLockedValue { $0 = .now }
            }
            try await take(.end(isWhole: true))
        } catch {
            // The player is told, if it is still there: it sees a connection that ends too early, or is answered later.
            try? await take(hasBegun ? .end(isWhole: false) : .unavailable("\(error)"))
        }
    }
}
