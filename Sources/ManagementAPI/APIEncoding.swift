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

    /// The tree of `value`, for lists that are filtered or sorted by field.
    package static func tree(_ value: some Encodable) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
    }

    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let bytes = try bytes(value)
        return Response(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: bytes))
    }
}
