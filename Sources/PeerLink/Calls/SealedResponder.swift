// Answers the calls of other servers of the group.
package import Cluster
import M4F
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
    package func handle(header: (String) -> String?, body: [UInt8]) async -> PollResponse {
        let now = utc()
        guard let sender = header(PollWire.Header.sender),
            let time = header(PollWire.Header.time).flatMap({ Int64($0) }),
            let nonce = header(PollWire.Header.nonce), let code = header(PollWire.Header.signature)
        else { return Self.text(401, "\(PeerRefusal.unsigned)") }
        // One key for the whole call: a configuration that is offered may replace it.
        let key = key()
        let request = PeerSignature.Request(
            method: "POST", path: Call.path, sender: sender, time: time, nonce: nonce)
        let refusal = authentication.withLockedValue { authentication -> PeerRefusal? in
            authentication.signature = PeerSignature(key: key)
            do throws(PeerRefusal) {
                try authentication.check(request, signature: code, body: body, at: now)
                return nil
            } catch {
                return error
            }
        }
        if let refusal { return Self.text(401, "\(refusal)") }
        guard let opened = SealedBody(clusterKey: key).open(body) else {
            return Self.text(400, "the body is not sealed with this group's cluster_key")
        }
        let call: Call
        do throws(WireFailure) {
            call = try PollWire.decode(Call.self, from: opened)
        } catch {
            return Self.text(400, "\(error)")
        }
        guard call.sender.text == sender else {
            return Self.text(400, "signed by \(sender) and sent by \(call.sender)")
        }
        do throws(WireFailure) {
            let answer = try PollWire.encode(await accept(call))
            return PollResponse(
                status: 200,
                headers: [
                    ("Content-Type", "application/json"), ("Cache-Control", "no-store"),
                    (
                        PollWire.Header.signature,
                        PeerSignature(key: key).signAnswer(to: nonce, status: 200, body: answer)
                    ),
                ], body: answer)
        } catch {
            return Self.text(500, "\(error)")
        }
    }

    private static func text(_ status: Int, _ text: String) -> PollResponse {
        PollResponse(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }
}
