// Answers the polls of other servers, whatever brings them here.
package import Cluster
import M4F
import Media
import NIOConcurrencyHelpers

/// Checks, reads and answers polls. May be used from any task.
package final class PollResponder: Sendable {
    private let authentication: NIOLockedValueBox<PeerAuthentication>
    private let utc: @Sendable () -> WallTime
    private let tally: PollTally
    private let report: @Sendable (PollMessage) async -> PeerReport?

    /// - Parameter report: waits for a change as long as the message says; nil when this server is ending.
    package init(
        key: String, utc: @escaping @Sendable () -> WallTime, tally: PollTally = PollTally(),
        report: @escaping @Sendable (PollMessage) async -> PeerReport?
    ) {
        authentication = NIOLockedValueBox(PeerAuthentication(key: key))
        self.utc = utc
        self.tally = tally
        self.report = report
    }

    /// The key of a reload. What was seen stays seen.
    package func replaceKey(_ key: String) {
        authentication.withLockedValue { $0.signature = PeerSignature(key: key) }
    }

    /// - Parameters:
    ///   - path: without a query.
    ///   - header: the value of a header by name, without regard to case.
    ///   - body: as it came, at most `PollWire.longestRequest` bytes.
    package func handle(
        method: String, path: String, header: (String) -> String?, body: [UInt8]
    ) async -> PeerResponse {
        let now = MediaTime(unixMilliseconds: utc().milliseconds)
        let checked = authentication.withLockedValue { authentication in
            Result { () throws(PeerRefusal) in
                let nonce = try authentication.check(method: method, path: path, header: header, body: body, at: now)
                return (nonce: nonce, signature: authentication.signature)
            }
        }
        let nonce: String
        let signature: PeerSignature
        switch checked {
        case .success(let found): (nonce, signature) = found
        case .failure(let error): return refusal(error)
        }
        let message: PollMessage
        do throws(WireFailure) {
            message = try PollWire.decode(PollMessage.self, from: body)
        } catch {
            switch error {
            case .otherProtocol(let version):
                return Self.text(
                    409, refusal: "protocol=\(PeerReport.currentProtocol)",
                    "this server speaks version \(PeerReport.currentProtocol) of the protocol, not \(version)")
            case .malformed(let reason): return Self.text(400, refusal: "message", reason)
            }
        }
        let signer = header(SignatureHeader.sender) ?? ""
        guard message.sender.text == signer else {
            return Self.text(400, refusal: "message", "signed by \(signer) and sent by \(message.sender)")
        }
        guard let report = await report(message) else {
            return Self.text(503, refusal: "ending", "this server is shutting down")
        }
        do throws(WireFailure) {
            let body = try PollWire.encode(report)
            tally.answered(message.sender, bytes: body.count)
            return PeerResponse(
                status: 200,
                headers: [
                    ("Content-Type", "application/json"), ("Cache-Control", "no-store"),
                    (SignatureHeader.signature, signature.signAnswer(to: nonce, status: 200, body: body)),
                ], body: body)
        } catch {
            return Self.text(500, refusal: "message", "\(error)")
        }
    }

    private func refusal(_ refusal: PeerRefusal) -> PeerResponse {
        tally.refused(refusal)
        return Self.text(401, refusal: refusal.word, "refused: \(refusal)")
    }

    private static func text(_ status: Int, refusal: String, _ text: String) -> PeerResponse {
        PeerResponse(
            status: status,
            headers: [("Content-Type", "text/plain; charset=utf-8"), (SignatureHeader.refusal, refusal)],
            body: Array(text.utf8))
    }
}
