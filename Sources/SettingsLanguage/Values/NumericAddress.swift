// Whether a text is a numeric IP address, and of a multicast group.

/// A numeric address in its text form: what `inet_pton` takes, told without it, so that settings are checked alike on every system.
enum NumericAddress: Equatable {
    case ipv4(isGroup: Bool)
    case ipv6(isGroup: Bool)

    var isGroup: Bool {
        switch self {
        case .ipv4(let isGroup), .ipv6(let isGroup): isGroup
        }
    }

    /// Nil for names and for anything that is not quite an address.
    init?(_ text: some StringProtocol) {
        if let bytes = Self.ipv4(text) {
            self = .ipv4(isGroup: bytes[0] >> 4 == 0xe)
        } else if Self.isIPv6(String(text)) {
            // ff00::/8 (RFC 4291 §2.7); a group of four digits that begins so.
            self = .ipv6(isGroup: text.lowercased().hasPrefix("ff") && text.prefix { $0 != ":" }.count == 4)
        } else {
            return nil
        }
    }

    /// Four decimal numbers up to 255, without zeros in front.
    private static func ipv4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part.count == 1 || part.first != "0",
                let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// Eight groups of up to four hexadecimal digits (RFC 4291 §2.2), one run of zeros as `::`, the last two perhaps as IPv4.
    private static func isIPv6(_ text: String) -> Bool {
        guard let gap = text.range(ofText: "::") else { return groups(text[...], isLast: true) == 8 }
        let (left, right) = (text[..<gap.lowerBound], text[gap.upperBound...])
        guard let before = left.isEmpty ? 0 : groups(left, isLast: false),
            let after = right.isEmpty ? 0 : groups(right, isLast: true)
        else { return false }
        return before + after <= 7
    }

    private static func groups(_ text: Substring, isLast: Bool) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var count = 0
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, ipv4(part) != nil {
                count += 2
            } else if (1...4).contains(part.count), part.utf8.allSatisfy(isHexDigit) {
                count += 1
            } else {
                return nil
            }
        }
        return count
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
