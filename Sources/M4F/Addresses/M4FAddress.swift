// The URL of another server's stream, and the HTTP addresses that it stands for.

/// What an `m4f://host[:port]/name` URL says: `m4f` and `m4s` over HTTP (port 80), `m4fs` over HTTPS (port 443).
package struct M4FAddress: Hashable, Sendable, CustomStringConvertible {
    package static let schemes = ["m4f", "m4fs", "m4s"]

    package var isSecure: Bool
    /// Without the brackets of an IPv6 address.
    package var host: String
    package var port: UInt16
    /// The stream's name there, decoded; may have several parts.
    package var stream: String

    package init(isSecure: Bool, host: String, port: UInt16?, stream: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        self.stream = stream
    }

    /// `http://host:port` without a path.
    package var base: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(isSecure ? "https" : "http")://\(name):\(port)"
    }

    package var description: String { "\(isSecure ? "m4fs" : "m4f")\(base.dropFirst(isSecure ? 5 : 4))/\(stream)" }
}

/// Paths below which M4F is asked for. The number is the version of the protocol.
package enum M4FPath {
    package static let version = 1
    package static let prefix = "/weir/m4f/1/"
    /// `/weir/m4f/1/live/NAME`
    package static let live = prefix + "live/"

    /// A stream's name as a path: every byte that is not unreserved (RFC 3986 §2.3) or a slash is percent-encoded.
    package static func encoded(_ name: String) -> String {
        var text = ""
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "%" + Hex.text([byte])
            }
        }
        return text
    }
}
