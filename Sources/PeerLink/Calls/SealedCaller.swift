// Calls another server of the group.
package import AsyncHTTPClient
package import Cluster
import M4F
import NIOCore
import NIOHTTP1

/// Sends calls, signed as polls are and sealed.
package struct SealedCaller: Sendable {
    private let http: HTTPClient
    private let nowMilliseconds: @Sendable () -> Int64

    /// - Parameter utc: milliseconds since the Unix epoch.
    package init(http: HTTPClient, utc: @escaping @Sendable () -> Int64) {
        self.http = http
        nowMilliseconds = utc
    }

    /// - Parameters:
    ///   - place: `host:port` of the peer.
    ///   - key: the cluster key of both.
    package func make<Call: SealedCall>(
        _ call: Call, at place: String, key: String, timeout: TimeSpan
    ) async throws(PollFailure) -> Call.Answer {
        let signature = PeerSignature(key: key)
        let body: [UInt8]
        do {
            body = try SealedBody(clusterKey: key).seal(try PollWire.encode(call))
        } catch {
            throw .badAnswer("cannot be sent: \(error)")
        }
        let (request, nonce) = HTTPClientRequest.post(
            body, to: Call.path, at: "http://\(place)", sender: call.sender.text, signature: signature,
            utc: nowMilliseconds())
        let status: Int
        let code: String?
        let answer: [UInt8]
        do {
            let response = try await http.execute(request, timeout: .microseconds(timeout.microseconds))
            let bytes = try await response.body.collect(upTo: Call.longestAnswer)
            status = Int(response.status.code)
            code = response.headers.first(name: SignatureHeader.signature)
            answer = Array(bytes.readableBytesView)
        } catch {
            throw PollFailure(error)
        }
        guard status == 200 else {
            throw .badAnswer("answers \(status): \(String(decoding: answer.prefix(500), as: UTF8.self))")
        }
        guard let code, signature.accepts(code, ofAnswerTo: nonce, status: status, body: answer) else {
            throw .otherKey("its answer is not signed with this server's cluster_key")
        }
        do throws(WireFailure) {
            return try PollWire.decode(Call.Answer.self, from: answer)
        } catch {
            switch error {
            case .otherProtocol(let version): throw .otherProtocol(version)
            case .malformed(let text): throw .badAnswer(text)
            }
        }
    }
}
