// A signed request to another server of the group, as HTTP.
import AsyncHTTPClient
import M4F
import Media
import NIOCore
import NIOHTTP1

extension HTTPClientRequest {
    /// A POST with `body`, signed for this moment.
    ///
    /// - Parameters:
    ///   - base: `http://host:port`.
    ///   - milliseconds: UTC since the Unix epoch.
    /// - Returns: also the nonce, which the signature of the answer refers to.
    static func post(
        _ body: [UInt8], to path: String, at base: String, sender: String, signature: PeerSignature,
        utc milliseconds: Int64
    ) -> (request: HTTPClientRequest, nonce: String) {
        var random = SystemRandomNumberGenerator()
        let (fields, nonce) = signature.headers(
            method: "POST", path: path, sender: sender, body: body, at: MediaTime(unixMilliseconds: milliseconds),
            using: &random)
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        for (name, value) in fields { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        return (request, nonce)
    }
}
