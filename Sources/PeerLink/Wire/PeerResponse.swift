// The answer to a request of another server, before it is HTTP.

/// Status, header fields and body of an answer, whatever carries it.
package struct PeerResponse: Hashable, Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package static func == (a: PeerResponse, b: PeerResponse) -> Bool {
        a.status == b.status && a.body == b.body && a.headers.elementsEqual(b.headers, by: ==)
    }
    package func hash(into hasher: inout Hasher) {
        hasher.combine(status)
        hasher.combine(body)
    }
}
