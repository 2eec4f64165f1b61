// The URL of an input, taken apart as far as all kinds agree: scheme://user@host:port/path?query.
package import Ingest
import Media

/// An input's URL in its parts. Described without its password, so that it may stand in messages.
package struct InputURL: Hashable, Sendable, CustomStringConvertible {
    /// In lower case.
    package var scheme: String
    /// What stands before `@`: user and password, or the source of source-specific multicast.
    package var userInfo: String?
    /// Without the brackets of an IPv6 address.
    package var host: String
    package var port: UInt16?
    /// From the slash after the host to the query, percent-encoded as written; empty or starting with `/`.
    package var path: String
    package var query: String?

    /// - Throws: `.misconfigured`, naming what is wrong.
    package init(_ text: String) throws(InputFailure) {
        guard let colon = text.firstRange(of: "://"), colon.lowerBound > text.startIndex else {
            throw Self.refusal(text, "has no scheme; write it like udp://239.0.0.1:1234")
        }
        scheme = text[..<colon.lowerBound].lowercased()
        var rest = text[colon.upperBound...]
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        path = String(rest[slash...])
        var authority = rest[..<slash]
        if let at = authority.lastIndex(of: "@") {
            userInfo = String(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        var portText: Substring?
        if authority.first == "[" {
            guard let bracket = authority.firstIndex(of: "]") else {
                throw Self.refusal(text, "has an IPv6 address without its closing bracket")
            }
            host = String(authority[authority.index(after: authority.startIndex)..<bracket])
            let after = authority[authority.index(after: bracket)...]
            guard after.isEmpty || after.first == ":" else {
                throw Self.refusal(text, "has something other than a port after its IPv6 address")
            }
            portText = after.isEmpty ? nil : after.dropFirst()
        } else if let separator = authority.lastIndex(of: ":") {
            host = String(authority[..<separator])
            guard !host.contains(":") else {
                throw Self.refusal(text, "has an IPv6 address without brackets; write it like [::1]:1234")
            }
            portText = authority[authority.index(after: separator)...]
        } else {
            host = String(authority)
        }
        if let portText {
            guard let number = UInt16(portText), number > 0, portText.utf8.first != UInt8(ascii: "+") else {
                throw Self.refusal(text, "has the port «\(portText)»; a port is a number from 1 to 65535")
            }
            port = number
        }
    }

    /// The URL with its password, if it has one, replaced by `***`, and without its query, which may hold a token.
    package var description: String {
        let user = userInfo.map { info in
            info.firstIndex(of: ":").map { "\(info[..<$0]):***@" } ?? "\(info)@"
        }
        return "\(scheme)://\(user ?? "")\(hostAndPort)\(path)"
    }

    package var hostAndPort: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port.map { "\(name):\($0)" } ?? name
    }

    /// The path's parts with `%xx` decoded, empty ones left out; nil where an escape is broken or the result is not UTF-8.
    package var pathParts: [String]? {
        var parts: [String] = []
        for part in path.split(separator: "/") {
            guard let decoded = PercentEncoding.decoded(part) else { return nil }
            parts.append(decoded)
        }
        return parts
    }

    private static func refusal(_ text: String, _ reason: String) -> InputFailure {
        // A URL that cannot be read may still have a password in it: show nothing before the last @.
        let shown = text.lastIndex(of: "@").map { "***" + text[$0...] } ?? text
        return InputFailure(code: .misconfigured, message: "input «\(shown)» \(reason)")
    }
}
