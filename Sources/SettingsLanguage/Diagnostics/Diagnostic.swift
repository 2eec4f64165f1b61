// One mistake or remark about the configuration, as `weir check` prints it.

/// A mistake, a warning or a notice, with the place it is about.
package struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
    package enum Severity: String, Hashable, Sendable {
        /// The settings cannot be used: a server neither starts nor reloads.
        case error
        /// The settings can be used, but hardly as they were meant.
        case warning
        /// The directive is understood but its feature is not in this version.
        case notice
    }

    /// What kind of mistake it is, for tests, the API and the console. The raw value is stable.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case unreadableFile, includeCycle, tooLarge, invalidUTF8, controlCharacter, unterminatedQuote, unknownEscape
        case unclosedBlock, unmatchedBrace, missingSemicolon, namelessBlock
        case unknownDirective, unknownOption, missingWord, unexpectedWord, missingBlock, unexpectedBlock
        case duplicate, invalidValue, outOfRange, invalidURL, invalidName, hiddenSecret
        case unknownTemplate, unknownStore, unknownPeer, unknownFileRoot
        case missingClusterKey, missingPeers, staleTooShort, doubtful, unavailable
    }

    package var severity: Severity
    package var code: Code
    package var position: SourcePosition
    /// The wrong word as it stands in the text; `***` when it is or may be a secret.
    package var word: String
    /// One sentence for an operator: what is wrong and what to do.
    package var message: String
    /// What may stand here instead; empty when that cannot be listed.
    package var allowed: [String]
    /// The allowed word that is most like the wrong one, when there is one that is near.
    package var nearest: String?
    /// The line of the file; nil when it is unknown or holds a secret.
    package var sourceLine: String?

    /// A password in `word`, when that is a URL, is hidden, and `word` in `message` likewise: a URL may stand where a
    /// directive, a name or an option is expected.
    package init(
        _ code: Code, _ severity: Severity = .error, at position: SourcePosition, word: String, _ message: String,
        allowed: [String] = [], nearest: String? = nil
    ) {
        self.code = code
        self.severity = severity
        self.position = position
        self.word = SecretPrinting.hidden.url(word)
        self.message = self.word == word ? message : message.replacing(word, with: self.word)
        self.allowed = allowed
        self.nearest = nearest
    }

    /// `file:line:column: severity: message` with the nearest match and the allowed words in the same line.
    package var description: String {
        var text = "\(position): \(severity.rawValue): \(message)"
        if let nearest { text += "; did you mean '\(nearest)'?" }
        if !allowed.isEmpty { text += " (allowed: \(allowed.joined(separator: ", ")))" }
        return text
    }

    /// The description, and below it the line of the file with a mark under the word, as compilers print it.
    package var rendered: String {
        guard let sourceLine else { return description }
        var mark = ""
        for scalar in sourceLine.unicodeScalars.prefix(max(0, position.column - 1)) {
            mark += scalar == "\t" ? "\t" : " "
        }
        return "\(description)\n  \(sourceLine)\n  \(mark)^"
    }
}

/// The settings cannot be used. Thrown with every mistake that was found, in the order of the text.
package struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one of severity `.error`; warnings too.
    package var diagnostics: [Diagnostic]

    package init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// All diagnostics as `weir check` prints them, and a last line that counts them.
    package var description: String { Diagnostic.report(diagnostics) }
}

extension Diagnostic {
    /// The diagnostics one below the other and a last line that counts them; empty when there are none.
    package static func report(_ diagnostics: [Diagnostic]) -> String {
        guard !diagnostics.isEmpty else { return "" }
        let counts: [String] = [Severity.error, .warning, .notice].compactMap { severity in
            let count = diagnostics.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
        }
        return (diagnostics.map(\.rendered) + [counts.joined(separator: ", ")]).joined(separator: "\n")
    }
}
