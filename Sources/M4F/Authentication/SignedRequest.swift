// How a signature travels: the header fields of a signed request, and how they are read back.
package import Media

/// The header fields by which peers' requests and answers are signed.
package enum SignatureHeader {
    package static let sender = "Weir-Peer"
    /// UTC in milliseconds since the Unix epoch.
    package static let time = "Weir-Time"
    package static let nonce = "Weir-Nonce"
    package static let signature = "Weir-Signature"
    package static let refusal = "Weir-Refusal"
    /// The word of a refusal: there is no stream of that name.
    package static let noStream = "no-stream"
}

extension PeerSignature {
    /// The header fields of a request.
    ///
    /// - Parameters:
    ///   - path: with its query, exactly as it is sent.
    ///   - sender: the name of the asking server; no line end.
    ///   - now: UTC.
    package func headers(
        method: String, path: String, sender: String, body: [UInt8] = [], at now: MediaTime,
        using random: inout some RandomNumberGenerator
    ) -> (fields: [(name: String, value: String)], nonce: String) {
        let nonce = Hex.text((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        let request = Request(method: method, path: path, sender: sender, time: now.unixMilliseconds, nonce: nonce)
        let fields = [
            (SignatureHeader.sender, sender), (SignatureHeader.time, String(request.time)),
            (SignatureHeader.nonce, nonce), (SignatureHeader.signature, sign(request, body: body)),
        ]
        return (fields, nonce)
    }
}

extension PeerAuthentication {
    /// Checks a request by its header fields and answers its nonce, with which the answer is signed.
    ///
    /// - Parameter header: the value of a header field by name, without regard to case.
    /// - Throws: why it is refused.
    package mutating func check(
        method: String, path: String, header: (String) -> String?, body: [UInt8] = [], at now: MediaTime
    ) throws(PeerRefusal) -> String {
        guard let sender = header(SignatureHeader.sender),
            let time = header(SignatureHeader.time).flatMap({ Int64($0) }),
            let nonce = header(SignatureHeader.nonce), let code = header(SignatureHeader.signature)
        else { throw .unsigned }
        let request = PeerSignature.Request(method: method, path: path, sender: sender, time: time, nonce: nonce)
        try check(request, signature: code, body: body, at: now)
        return nonce
    }
}
