// Answers the calls of other servers of the group.
package import Cluster
import M4F
import Media
import NIOConcurrencyHelpers

/// Checks who calls, opens the call and signs the answer. May be used from any task.
package final class SealedResponder<Call: SealedCall>: Sendable {
    private let authentication: NIOLockedValueBox<PeerAuthentication>
    private let key: @Sendable () -> String
    private let utc: @Sendable () -> WallTime
    private let accept: @Sendable (Call) async -> Call.Answer

    /// - Parameter key: the cluster key in force.
    package init(
        key: @escaping @Sendable () -> String, utc: @escaping @Sendable () -> WallTime,
        accept: @escaping @Sendable (Call) async -> Call.Answer
    ) {
        authentication = NIOLockedValueBox(PeerAuthentication(key: key()))
        self.key = key
        self.utc = utc
        self.accept = accept
    }

    /// - Parameters:
    ///   - header: the value of a header by name, without regard to case.
    ///   - body: as it came, at most `Call.longestRequest` bytes.
    package func handle(header: (String) -> String?, body: [UInt8]) async -> PeerResponse {
        let now = MediaTime(unixMilliseconds: utc().milliseconds)
        // One key for the whole call: a configuration that is offered may replace it.
        let key = key()
        let checked = authentication.withLockedValue { authentication in
            authentication.signature = PeerSignature(key: key)
            return Result { () throws(PeerRefusal) in
                try authentication.check(method: "POST", path: Call.path, header: header, body: body, at: now)
            }
        }
        let nonce: String
        switch checked {
        case .success(let found): nonce = found
        case .failure(let refusal): return Self.text(401, "\(refusal)")
        }
        guard let opened = SealedBody(clusterKey: key).open(body) else {
            return Self.text(400, "the body is not sealed with this group's cluster_key")
        }
        let call: Call
        do throws(WireFailure) {
            call = try PollWire.decode(Call.self, from: opened)
        } catch {
            return Self.text(400, "\(error)")
        }
        let signer = header(SignatureHeader.sender) ?? ""
        guard call.sender.text == signer else {
            return Self.text(400, "signed by \(signer) and sent by \(call.sender)")
        }
        do throws(WireFailure) {
            let answer = try PollWire.encode(await accept(call))
            return PeerResponse(
                status: 200,
                headers: [
                    ("Content-Type", "application/json"), ("Cache-Control", "no-store"),
                    (
                        SignatureHeader.signature,
                        PeerSignature(key: key).signAnswer(to: nonce, status: 200, body: answer)
                    ),
                ], body: answer)
        } catch {
            return Self.text(500, "\(error)")
        }
    }

    private static func text(_ status: Int, _ text: String) -> PeerResponse {
        PeerResponse(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }
}
