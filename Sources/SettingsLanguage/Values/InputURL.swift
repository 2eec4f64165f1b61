// An input's URL, split into what a reader of settings needs.

/// A URL whose scheme is known and whose parts have the form that this scheme needs.
package struct InputURL: Hashable, Sendable, CustomStringConvertible {
    package let scheme: InputScheme
    /// The URL as written; may hold a password.
    package let text: String
    /// Host and port; nil for kinds without (`file`, `fake`, `copy` …). The host of `udp://:1234`, which listens on all addresses,
    /// is empty.
    package let address: HostPort?
    /// What follows the address after `/`, else everything behind `://`. Without the query.
    package let path: String

    /// Without its secrets: for logs and pages.
    package var description: String { SecretPrinting.hidden.url(text) }

    init(scheme: InputScheme, text: String, address: HostPort?, path: String) {
        self.scheme = scheme
        self.text = text
        self.address = address
        self.path = path
    }

    /// Why a text is no input URL.
    struct Mistake: Error, Equatable {
        var message: String
        var allowed: [String] = []
        var nearest: String?
    }

    /// - Throws: a `Mistake` when the scheme is unknown or what follows has not the scheme's form.
    init(parsing text: String) throws(Mistake) {
        guard let colon = text.range(ofText: "://") else {
            throw Mistake(message: "an input is a URL with '://'", allowed: InputScheme.allCases.map(\.example))
        }
        let word = String(text[..<colon.lowerBound])
        guard let scheme = InputScheme(rawValue: word) else {
            let known = InputScheme.allCases.map(\.rawValue)
            throw Mistake(
                message: "unknown kind of input '\(SecretPrinting.hidden.url(word))://'",
                allowed: known.map { $0 + "://" },
                nearest: nearestMatch(to: word, among: known).map { $0 + "://" })
        }
        if let bad = text.unicodeScalars.first(where: { Tokenizer.isControl($0) || $0.properties.isWhitespace }) {
            let code = "U+" + String(bad.value, radix: 16, uppercase: true)
            throw Mistake(message: "a URL has no white space or control characters (here \(code))")
        }
        self.scheme = scheme
        self.text = text
        let rest = text[colon.upperBound...].prefix { $0 != "?" }
        switch scheme.shape {
        case .listeningAddress:
            if URLPassword(in: text)?.endsTheHost == true { throw Mistake(message: "the URL has " + URLPassword.hint) }
            let listening = try ListeningAddress(parsing: rest)
            address = HostPort(host: listening.host, port: listening.port)
            path = listening.interface
        case .hostAndPort, .host:
            if URLPassword(in: text)?.endsTheHost == true { throw Mistake(message: "the URL has " + URLPassword.hint) }
            let authority = rest.prefix { $0 != "/" }
            let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
            guard let address = HostPort(parsing: place) else {
                throw Mistake(message: "the URL needs a host, and after ':' a port of 1 to 65535: \(scheme.example)")
            }
            if scheme.shape == .hostAndPort, address.port == nil {
                throw Mistake(message: "a \(scheme.rawValue):// URL needs a port: \(scheme.example)")
            }
            self.address = address
            path = String(rest.dropFirst(authority.count).drop { $0 == "/" })
        case .path, .word, .streamName, .streamNameAndSeconds, .anything:
            address = nil
            path = String(rest)
            try Self.check(path, of: scheme)
        }
    }

    private static func check(_ path: String, of scheme: InputScheme) throws(Mistake) {
        switch scheme.shape {
        case .path:
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            if parts.contains(where: { $0 == ".." || $0 == "." }) {
                let shown = SecretPrinting.hidden.url(path)
                throw Mistake(message: "a path cannot leave its root: no '.' and '..' in '\(shown)'")
            }
            if parts.count < 2 || parts.contains("") {
                throw Mistake(message: "the URL names a root and a file in it: \(scheme.example)")
            }
        case .word:
            if path.isEmpty { throw Mistake(message: "the URL is incomplete: \(scheme.example)") }
        case .streamName:
            try checkName(path, hint: ": \(scheme.example)")
        case .streamNameAndSeconds:
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            guard let seconds = QuantityText.parseWhole(String(path[slash...].dropFirst())), seconds > 0 else {
                throw Mistake(message: "the URL ends with the delay in seconds: \(scheme.example)")
            }
            try checkName(String(path[..<slash]))
        case .listeningAddress, .hostAndPort, .host, .anything: break
        }
    }

    private static func checkName(_ name: String, hint: String = "") throws(Mistake) {
        guard let mistake = StreamName.mistake(in: name) else { return }
        throw Mistake(message: mistake.replacing(name, with: SecretPrinting.hidden.url(name)) + hint)
    }
}

/// An `http://` or `https://` URL that Weir calls: `public`, `on_play`, `event_sink`.
package struct WebURL: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package let isSecure: Bool
    package let address: HostPort

    /// Nil when it is not `http[s]://host[:port][/path]`, or when a password in it may be taken for its path.
    package init?(parsing text: String) {
        let scheme = text.hasPrefix("https://") ? "https://" : "http://"
        guard text.hasPrefix(scheme),
            !text.unicodeScalars.contains(where: { Tokenizer.isControl($0) || $0.properties.isWhitespace }),
            URLPassword(in: text)?.endsTheHost != true
        else { return nil }
        let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        guard let address = HostPort(parsing: place) else { return nil }
        self.text = text
        isSecure = scheme == "https://"
        self.address = address
    }

    /// Without its secrets: for logs and pages.
    package var description: String { SecretPrinting.hidden.url(text) }
}
