// `host`, `host:port`, `[::1]:port`.

/// A host with an optional port, as in `peer`, `http` and URLs.
package struct HostPort: Hashable, Sendable, CustomStringConvertible {
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    package var host: String
    package var port: Int?

    package init(host: String, port: Int? = nil) {
        self.host = host
        self.port = port
    }

    /// Nil when the host is empty or has characters that no name or address has, or the port is not 1–65535.
    package init?(parsing text: some StringProtocol) {
        let text = String(text)
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            host = String(text[text.index(after: text.startIndex)..<close])
            guard host.contains(":"), host.utf8.allSatisfy(Self.isAddressByte) else { return nil }
            let rest = text[text.index(after: close)...]
            if rest.isEmpty {
                port = nil
                return
            }
            guard rest.first == ":", let port = Self.port(rest.dropFirst()) else { return nil }
            self.port = port
        } else {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = String(parts[0])
            guard !host.isEmpty, host.utf8.count <= 253, host.utf8.allSatisfy(Self.isNameByte) else { return nil }
            if parts.count == 2 {
                guard let port = Self.port(parts[1]) else { return nil }
                self.port = port
            } else {
                port = nil
            }
        }
    }

    package var description: String {
        let shown = host.contains(":") ? "[\(host)]" : host
        return port.map { "\(shown):\($0)" } ?? shown
    }

    static func port(_ text: some StringProtocol) -> Int? {
        guard let value = QuantityText.parseWhole(String(text)), (1...65535).contains(value) else { return nil }
        return value
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "%")
    }
}
