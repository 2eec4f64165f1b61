// Asks other servers for their archives: digests, lists, and segments in bulk.
package import Archive
import AsyncHTTPClient
import Cluster
import Foundation
package import M4F
package import NIOCore
import NIOHTTP1

/// Why another server's archive could not be had. The sentence is for operators.
package struct ArchiveFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    /// The other server has no stream of that name.
    package var isUnknownStream: Bool
    package init(_ description: String, isUnknownStream: Bool = false) {
        self.description = description
        self.isUnknownStream = isUnknownStream
    }
}

/// Who asks: the name by which peers know this server, and the key of the group.
package struct ArchiveIdentity: Hashable, Sendable {
    package var name: String
    package var key: String
    package init(name: String, key: String) {
        self.name = name
        self.key = key
    }
}

/// Requests of M4F's archive part over HTTP, with connections of its own.
package final class ArchiveClient: Sendable {
    /// From a request to the last byte of an answer in one piece.
    private static let patience = TimeAmount.seconds(60)
    /// Between two pieces of an answer in bulk.
    private static let silence = TimeAmount.seconds(20)

    /// To one server at a time: all orders of `FetchPlaces` that keep to a speed and those that do not, and questions beside them.
    private static let connections = 40

    private let http: HTTPClient
    private let utcMilliseconds: @Sendable () -> Int64

    package init(eventLoops: any EventLoopGroup, utcMilliseconds: @escaping @Sendable () -> Int64) {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.connections
        configuration.timeout.connect = .seconds(5)
        configuration.timeout.read = Self.silence
        http = HTTPClient(eventLoopGroup: eventLoops, configuration: configuration)
        self.utcMilliseconds = utcMilliseconds
    }

    package func shutdown() async throws { try await http.shutdown() }

    /// - Parameter base: `http://host:port`.
    package func digests(
        of stream: String, in range: TimeRange, known: [ArchiveRequest.KnownDay], at base: String,
        as identity: ArchiveIdentity
    ) async throws -> ArchiveDigests {
        let answer = try await whole(
            ArchiveRequest(stream: stream, .digests(range, known: known)), at: base, as: identity)
        do { return try ArchiveDigests(reading: answer) } catch { throw ArchiveFailure("\(error)") }
    }

    package func list(
        of stream: String, in range: TimeRange, at base: String, as identity: ArchiveIdentity
    ) async throws -> ArchiveList {
        let answer = try await whole(ArchiveRequest(stream: stream, .list(range)), at: base, as: identity)
        do { return try ArchiveList(reading: answer) } catch { throw ArchiveFailure("\(error)") }
    }

    /// Asks for segments in bulk and hands over what comes, as it comes. No more is read while `handle` works.
    /// - Throws: also when the answer ends early; what was handed over before is good.
    package func fetch(
        _ segments: [SegmentDigest], of stream: String, at base: String, as identity: ArchiveIdentity,
        handle: (BulkEvent) async throws -> Void
    ) async throws {
        let (request, _) = signed(ArchiveRequest(stream: stream, .fetch(segments)), base, identity)
        let response = try await execute(request, deadline: .hours(12))
        try await Self.check(response)
        var parser = BulkParser()
        do {
            for try await part in response.body {
                parser.feed(part)
                while let event = try parser.next() { try await handle(event) }
            }
        } catch {
            throw Self.failure(error)
        }
        guard parser.isEnded else { throw ArchiveFailure("the answer was cut off") }
    }

    // MARK: One request

    private func whole(
        _ question: ArchiveRequest, at base: String, as identity: ArchiveIdentity
    ) async throws -> ByteBuffer {
        let (request, nonce) = signed(question, base, identity)
        let response = try await execute(request, deadline: Self.patience)
        try await Self.check(response)
        let body: ByteBuffer
        do { body = try await response.body.collect(upTo: ArchiveLimits.answer) } catch { throw Self.failure(error) }
        guard let code = response.headers.first(name: SignatureHeader.signature),
            PeerSignature(key: identity.key).accepts(
                code, ofAnswerTo: nonce, status: 200, body: Array(body.readableBytesView))
        else { throw ArchiveFailure("its answer is not signed with this server's cluster_key") }
        return body
    }

    private func signed(
        _ question: ArchiveRequest, _ base: String, _ identity: ArchiveIdentity
    ) -> (request: HTTPClientRequest, nonce: String) {
        var (request, nonce) = HTTPClientRequest.post(
            Array(question.bytes.readableBytesView), to: M4FPath.archive, at: base, sender: identity.name,
            signature: PeerSignature(key: identity.key), utc: utcMilliseconds())
        request.headers.add(name: "Content-Type", value: "application/octet-stream")
        return (request, nonce)
    }

    private func execute(
        _ request: HTTPClientRequest, deadline: TimeAmount
    ) async throws -> HTTPClientResponse {
        do { return try await http.execute(request, timeout: deadline) } catch { throw Self.failure(error) }
    }

    private static func check(_ response: HTTPClientResponse) async throws {
        guard response.status != .ok else { return }
        let text = (try? await response.body.collect(upTo: 4096)).map { String(buffer: $0) } ?? ""
        if let word = response.headers.first(name: SignatureHeader.refusal) {
            throw ArchiveFailure(
                text.prefix(300).trimmingCharacters(in: .whitespacesAndNewlines),
                isUnknownStream: word == SignatureHeader.noStream)
        }
        throw ArchiveFailure("answers \(response.status.code): no server that lets others have its archive")
    }

    private static func failure(_ error: any Error) -> any Error {
        if error is CancellationError || error is ArchiveFailure { return error }
        if let error = error as? ArchiveMessageError { return ArchiveFailure("\(error)") }
        switch PollFailure(error) {
        case .refused: return ArchiveFailure("it refuses connections: it is not running, or has another port")
        case .timeout: return ArchiveFailure("it does not answer in time")
        case .connection(let text): return ArchiveFailure(text)
        default: return ArchiveFailure("\(error)")
        }
    }
}
