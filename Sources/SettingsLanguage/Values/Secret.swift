// Values that must not reach a log, a page or an answer.

/// A password or key. Every way of printing it gives `***`; only `value` gives the secret.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package static let placeholder = "***"

    package var value: String

    package init(_ value: String) { self.value = value }

    package var description: String { Self.placeholder }
    package var debugDescription: String { Self.placeholder }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Whether passwords and keys are written out.
package enum SecretPrinting: Hashable, Sendable {
    /// As they are: for the configuration file itself.
    case shown
    /// As `***`: for logs, pages and answers. Reading such a text is an error, so that no secret is lost by it.
    case hidden
}

extension SecretPrinting {
    /// `url` with the password of its user part (`URLPassword`) and the values of query keys that carry secrets replaced.
    package func url(_ url: String) -> String {
        self == .shown ? url : SecretPrinting.masking(url)
    }

    private static let secretKeys: Set<String> = [
        "password", "passphrase", "passwd", "pass", "pwd", "token", "key", "secret", "auth", "apikey", "api_key",
        "access_token",
    ]

    private static func masking(_ url: String) -> String {
        var text = url
        if let password = URLPassword(in: text) { text.replaceSubrange(password.range, with: Secret.placeholder) }
        guard let question = text.firstIndex(of: "?") else { return text }
        let pairs = text[text.index(after: question)...].split(separator: "&", omittingEmptySubsequences: false)
        let masked = pairs.map { pair -> String in
            guard let equals = pair.firstIndex(of: "="), secretKeys.contains(pair[..<equals].lowercased()) else {
                return String(pair)
            }
            return "\(pair[...equals])\(Secret.placeholder)"
        }
        return text[...question] + masked.joined(separator: "&")
    }
}

extension StringProtocol {
    /// The first occurrence of `part`, compared by UTF-8.
    func range(ofText part: String) -> Range<Index>? {
        let wanted = Array(part.utf8)
        var start = startIndex
        while start < endIndex {
            if utf8[start...].starts(with: wanted),
                let end = utf8.index(start, offsetBy: wanted.count, limitedBy: endIndex)
            {
                return start..<end
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}
