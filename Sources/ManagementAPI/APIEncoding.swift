// How the API writes JSON: sorted keys, snake_case as users of this kind of API know it, no escaping of slashes.
import FoundationEssentials
import HTTPTypes
import Hummingbird
package import NIOCore

/// Encodes values as the API's JSON.
package enum APIEncoding {
    /// The bytes of `value` as JSON with sorted keys.
    package static func bytes(_ value: some Encodable) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ByteBuffer(bytes: try encoder.encode(value))
    }

    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        response(try bytes(value), status: status)
    }

    static func response(tree: JSONValue) -> Response {
        var bytes = ByteBuffer()
        bytes.writeJSON(tree)
        return response(bytes, status: .ok)
    }

    private static func response(_ bytes: ByteBuffer, status: HTTPResponse.Status) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: bytes))
    }
}
