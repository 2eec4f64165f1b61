// The target of a request line, split into path and query as they were sent.

package struct RequestTarget: Sendable {
    /// Percent-encoded, beginning with a slash.
    package var path: Substring
    /// Without the question mark; empty when there is none.
    package var query: Substring

    /// Takes origin-form and absolute-form (RFC 9112 §3.2); nil for `*` and what is neither.
    package init?(_ uri: String) {
        var rest = uri[...]
        if rest.first != "/" {
            guard let scheme = ["http://", "https://"].first(where: { rest.hasPrefix($0) }) else { return nil }
            rest = rest.dropFirst(scheme.count)
            guard let slash = rest.firstIndex(of: "/") else { return nil }
            rest = rest[slash...]
        }
        // A fragment never goes over the wire; a client that sends one means the part before it.
        if let hash = rest.firstIndex(of: "#") { rest = rest[..<hash] }
        if let mark = rest.firstIndex(of: "?") {
            path = rest[..<mark]
            query = rest[rest.index(after: mark)...]
        } else {
            path = rest
            query = ""
        }
    }
}
