// Finds the password in a URL, also in one that is written wrong.

/// The password of a URL's user part: `user:password@host` (RFC 3986 §3.2.1).
///
/// It is looked for as people write it, not as the standard wants it, because what is not found is shown: from the first `:`
/// behind the scheme to the last `@`, across `/` and `?`, which only an escaped password keeps out of it. Where `://` is
/// missing or has a slash too few, the first `:` may be that of the scheme or that of the password; it counts as the
/// password's.
///
/// | text | password |
/// | --- | --- |
/// | `rtsp://admin:pa/ss@10.0.0.5/1` | `pa/ss` |
/// | `rtsp:/u:secret@h/1` | `secret` |
/// | `rtsp:u:secret@h/1` | `u:secret` |
/// | `tshttp://host/live@1` | none |
/// | `tshttp://host:8080/live@1` | `8080/live`: it cannot be told from one |
struct URLPassword {
    private let text: String
    /// May be empty.
    let range: Range<String.Index>

    /// Nil when the text has none. A sentence has none outside of a URL with `:/` in it.
    init?(in text: String) {
        guard let at = text.lastIndex(of: "@") else { return nil }
        let head = text[..<at]
        guard let first = Self.isSentence(text) ? head.range(ofText: ":/")?.lowerBound : head.firstIndex(of: ":") else {
            return nil
        }
        self.text = text
        let behind = head[head.index(after: first)...]
        if behind.first == "/", let second = behind.firstIndex(of: ":") {
            range = head.index(after: second)..<at
        } else if behind.starts(with: "//") {
            return nil
        } else {
            range = behind.startIndex..<at
        }
    }

    /// It has a `/`, `?` or `#`, which end the host (RFC 3986 §3.2): whoever reads the URL by the standard finds another
    /// host, and no password.
    var endsTheHost: Bool { text[range].contains { $0 == "/" || $0 == "?" || $0 == "#" } }

    /// What to do when `endsTheHost`.
    static let hint =
        "an '@' behind the end of its host: in a password '/', '?' and '#' are written %2F, %3F and %23, elsewhere '@' is %40"

    /// White space before the first `:` or right behind it.
    private static func isSentence(_ text: String) -> Bool {
        guard let space = text.firstIndex(where: \.isWhitespace) else { return false }
        guard let colon = text.firstIndex(of: ":") else { return true }
        return space <= text.index(after: colon)
    }
}
