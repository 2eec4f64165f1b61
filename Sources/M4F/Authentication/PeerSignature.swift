// What a peer signs and how: HMAC-SHA256 with the cluster key, which itself never travels.
import Crypto

/// The signature of requests and answers between peers.
///
/// Signed is a text of lines, none of which can hold a line end, so that no two requests have the same text:
///
///     weir-request-1            weir-answer-1
///     METHOD                    nonce of the request
///     path                      status code
///     sender                    SHA-256 of the body, hex
///     UTC milliseconds
///     nonce
///     SHA-256 of the body, hex
package struct PeerSignature: Hashable, Sendable {
    private let key: [UInt8]

    package init(key: String) { self.key = Array(key.utf8) }

    /// The parts of a request that are signed, its body apart.
    package struct Request: Hashable, Sendable {
        package var method: String
        package var path: String
        package var sender: String
        /// UTC, milliseconds since the Unix epoch.
        package var time: Int64
        /// At least 16 characters, never used twice.
        package var nonce: String
        package init(method: String, path: String, sender: String, time: Int64, nonce: String) {
            self.method = method
            self.path = path
            self.sender = sender
            self.time = time
            self.nonce = nonce
        }
    }

    /// 64 hex digits.
    package func sign(_ request: Request, body: [UInt8]) -> String {
        Hex.text(code(text(of: request, body: body)))
    }

    package func accepts(_ signature: String, of request: Request, body: [UInt8]) -> Bool {
        matches(signature, text(of: request, body: body))
    }

    package func signAnswer(to nonce: String, status: Int, body: [UInt8]) -> String {
        Hex.text(code(answerText(to: nonce, status: status, body: body)))
    }

    package func accepts(_ signature: String, ofAnswerTo nonce: String, status: Int, body: [UInt8]) -> Bool {
        matches(signature, answerText(to: nonce, status: status, body: body))
    }

    private func text(of request: Request, body: [UInt8]) -> String {
        [
            "weir-request-1", request.method, request.path, request.sender, String(request.time), request.nonce,
            digest(of: body),
        ].joined(separator: "\n")
    }

    private func answerText(to nonce: String, status: Int, body: [UInt8]) -> String {
        ["weir-answer-1", nonce, String(status), digest(of: body)].joined(separator: "\n")
    }

    private func digest(of body: [UInt8]) -> String { Hex.text(SHA256.hash(data: body)) }

    private func code(_ text: String) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key))
    }

    /// Takes the same time wherever the difference is.
    private func matches(_ signature: String, _ text: String) -> Bool {
        guard let bytes = Hex.bytes(signature) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            bytes, authenticating: Array(text.utf8), using: SymmetricKey(data: key))
    }
}
