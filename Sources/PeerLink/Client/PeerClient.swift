// Sends polls to other servers over connections of its own.
import AsyncHTTPClient
package import Cluster
import Foundation
package import M4F
package import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks peers for their reports. It has connections of its own and is given an event loop that no media uses: a heartbeat
/// never waits behind media.
package struct PeerClient: Sendable {
    private let http: HTTPClient
    private let nowMilliseconds: @Sendable () -> Int64

    /// - Parameter utc: milliseconds since the Unix epoch.
    package init(eventLoop: any EventLoop, utc: @escaping @Sendable () -> Int64) {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        // A refused connection is evidence: it must be heard of at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroup: eventLoop, configuration: configuration)
        nowMilliseconds = utc
    }

    package func shutdown() async throws { try await http.shutdown() }

    /// - Parameters:
    ///   - place: `host:port` of the peer.
    ///   - timeout: from now to the last byte of the answer.
    ///   - received: told how many bytes the report had.
    package func poll(
        _ message: PollMessage, at place: String, signature: PeerSignature, timeout: TimeSpan,
        received: (Int) -> Void = { _ in }
    ) async throws(PollFailure) -> PeerReport {
        let body: [UInt8]
        do throws(WireFailure) { body = try PollWire.encode(message) } catch { throw .badAnswer("\(error)") }
        var (request, nonce) = HTTPClientRequest.post(
            body, to: PollWire.path, at: "http://\(place)", sender: message.sender.text, signature: signature,
            utc: nowMilliseconds())
        request.headers.add(name: "Content-Type", value: "application/json")

        let status: Int
        let headers: HTTPHeaders
        let answer: [UInt8]
        do {
            let response = try await http.execute(request, timeout: .microseconds(timeout.microseconds))
            let bytes = try await response.body.collect(upTo: PollWire.longestAnswer)
            (status, headers, answer) = (Int(response.status.code), response.headers, Array(bytes.readableBytesView))
        } catch {
            throw PollFailure(error)
        }
        try Self.checkStatus(status, headers, answer)
        guard let code = headers.first(name: SignatureHeader.signature),
            signature.accepts(code, ofAnswerTo: nonce, status: status, body: answer)
        else { throw .otherKey("its answer is not signed with this server's cluster_key") }
        do throws(WireFailure) {
            let report = try PollWire.decode(PeerReport.self, from: answer)
            received(answer.count)
            return report
        } catch {
            switch error {
            case .otherProtocol(let version): throw .otherProtocol(version)
            case .malformed(let text): throw .badAnswer(text)
            }
        }
    }

    private static func checkStatus(_ status: Int, _ headers: HTTPHeaders, _ body: [UInt8]) throws(PollFailure) {
        guard status != 200 else { return }
        let text = String(decoding: body.prefix(500), as: UTF8.self)
        switch headers.first(name: SignatureHeader.refusal) {
        case PeerRefusal.otherKey.word: throw .otherKey(text)
        case let word? where word.hasPrefix("protocol="):
            throw .otherProtocol(Int(word.dropFirst("protocol=".count)) ?? 0)
        case .some: throw .badAnswer(text)
        case nil: throw .badAnswer("answers \(status): either it is no Weir or it is in no group")
        }
    }
}

extension PollFailure {
    /// What an error of the connection tells about the peer.
    init(_ error: any Error) {
        if let error = error as? HTTPClientError, error == .deadlineExceeded || error == .connectTimeout {
            self = .timeout
        } else if let error = error as? IOError {
            self = error.errnoCode == ECONNREFUSED ? .refused : .connection(error.description)
        } else if let error = error as? NIOConnectionError {
            let codes = error.connectionErrors.compactMap { ($0.error as? IOError)?.errnoCode }
            if codes.contains(ECONNREFUSED) {
                self = .refused
            } else if error.connectionErrors.isEmpty {
                self = .connection("no address is known for \(error.host)")
            } else {
                self = .connection("cannot connect to \(error.host):\(error.port): \(error.connectionErrors[0].error)")
            }
        } else if let error = error as? HTTPClientError {
            self = .connection(error.shortDescription)
        } else {
            self = .connection("\(error)")
        }
    }
}
