// Tree → typed settings. Every mistake is noted; reading always goes on.

/// Reads statements into settings. What is returned may be used only when there was no error.
struct SettingsReader {
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var uses: [FeatureUse] = []
    /// Names that must exist somewhere in the configuration, checked when all of it is read.
    var references: [Reference] = []
    /// Where names were defined first, by kind.
    private var definitions: [String: SourcePosition] = [:]

    struct Reference {
        enum Kind: String { case template, store, peer, fileRoot }
        var kind: Kind
        var word: Word
    }

    mutating func note(
        _ code: Diagnostic.Code, _ word: Word, _ message: String, severity: Diagnostic.Severity = .error,
        allowed: [String] = [], nearest: String? = nil
    ) {
        diagnostics.append(
            Diagnostic(
                code, severity, at: word.position, word: word.text, message, allowed: allowed, nearest: nearest))
    }

    mutating func needs(_ feature: Feature, _ word: Word) {
        uses.append(FeatureUse(feature: feature, directive: word.text, position: word.position))
    }

    /// Notes a second definition of the same name. `kind` is shown to the operator.
    mutating func define(_ kind: String, _ word: Word, key: String? = nil, hint: String = "give it another name") {
        let key = "\(kind) \(key ?? word.text)"
        if let first = definitions[key] {
            note(.duplicate, word, "\(kind) '\(word.text)' is already defined at \(first); \(hint)")
        } else {
            definitions[key] = word.position
        }
    }

    /// Notes a directive that stands twice in one block and may stand only once.
    mutating func once(_ word: Word, in seen: inout [String: SourcePosition], as key: String? = nil) {
        if let first = seen[key ?? word.text] {
            note(.duplicate, word, "'\(word.text)' is already given at \(first); remove one of them")
        } else {
            seen[key ?? word.text] = word.position
        }
    }

    mutating func unknownDirective(_ statement: Statement, in block: String, known: [String]) {
        let word = statement.name
        let nearest = nearestMatch(to: word.text, among: known)
        note(
            .unknownDirective, word, "unknown directive '\(word.text)' in \(block)", allowed: known, nearest: nearest)
    }

    /// The words after the name when there is the wanted number of them and no block; nil with a note otherwise.
    ///
    /// - Parameter form: how the directive is written, for the message: `title TEXT;`.
    mutating func words(_ statement: Statement, _ counts: ClosedRange<Int>, form: String) -> [Word]? {
        noBlock(statement, form: form)
        let words = Array(statement.words.dropFirst())
        if words.count < counts.lowerBound {
            let last = statement.words[statement.words.count - 1]
            diagnostics.append(
                Diagnostic(
                    .missingWord, at: last.end, word: statement.name.text,
                    "'\(statement.name.text)' is incomplete; it is written: \(form)"))
            return nil
        }
        if words.count > counts.upperBound {
            unexpected(words[counts.upperBound], in: statement, form: form)
            return Array(words.prefix(counts.upperBound))
        }
        return words
    }

    /// A word that has no place in its statement. When it begins a new line, a `;` was forgotten before it.
    mutating func unexpected(
        _ word: Word, in statement: Statement, form: String, allowed: [String] = [],
        code: Diagnostic.Code = .unexpectedWord
    ) {
        if let index = statement.words.firstIndex(of: word), index > 0 {
            let before = statement.words[index - 1]
            if before.position.file != word.position.file || before.position.line < word.position.line {
                let shown = Self.isSecret(statement.name.text) ? Secret.placeholder : before.text
                diagnostics.append(
                    Diagnostic(
                        .missingSemicolon, at: before.end, word: shown, "a ';' is missing after '\(shown)'"))
                return
            }
        }
        if Self.isSecret(statement.name.text) {
            let hidden = Word(text: Secret.placeholder, position: word.position, end: word.end)
            note(code, hidden, "a word too many; '\(statement.name.text)' is written: \(form)")
        } else {
            note(
                code, word, "'\(word.text)' is not expected here; '\(statement.name.text)' is written: \(form)",
                allowed: allowed, nearest: nearestMatch(to: word.text, among: allowed))
        }
    }

    mutating func noBlock(_ statement: Statement, form: String) {
        guard statement.block != nil else { return }
        note(.unexpectedBlock, statement.name, "'\(statement.name.text)' has no block here; it is written: \(form)")
    }

    /// The block of a statement that must have one; empty with a note otherwise.
    mutating func block(_ statement: Statement, form: String) -> [Statement] {
        if let block = statement.block { return block }
        note(.missingBlock, statement.name, "'\(statement.name.text)' needs a block; it is written: \(form)")
        return []
    }

    /// The typed value of `word`, or nil with a note that says what may stand there.
    mutating func value<Value>(
        _ word: Word, _ what: String, allowed: [String] = [], _ parse: (String) -> Value?
    ) -> Value? {
        if let value = parse(word.text) { return value }
        note(
            .invalidValue, word, "'\(word.text)' is not \(what)", allowed: allowed,
            nearest: nearestMatch(to: word.text, among: allowed))
        return nil
    }

    mutating func choice<Value: RawRepresentable & CaseIterable>(_ word: Word, _ what: String) -> Value?
    where Value.RawValue == String {
        value(word, what, allowed: Value.allCases.map(\.rawValue)) { Value(rawValue: $0) }
    }

    mutating func whole(_ word: Word, _ range: ClosedRange<Int>) -> Int? {
        guard let number = value(word, "a whole number", QuantityText.parseWhole) else { return nil }
        if range.contains(number) { return number }
        outOfRange(word, "\(range.lowerBound)", "\(range.upperBound)")
        return nil
    }

    mutating func time(_ word: Word, _ range: ClosedRange<Duration>, bare: TimeText.BareUnit = .seconds) -> Duration? {
        let what = "a time such as \(bare == .seconds ? "15 (seconds), 30m, 12h or 3d" : "1000 (milliseconds) or 5s")"
        guard let time = value(word, what, { TimeText.parse($0, bare: bare) }) else { return nil }
        if range.contains(time) { return time }
        outOfRange(
            word, TimeText.print(range.lowerBound, bare: bare), TimeText.print(range.upperBound, bare: bare))
        return nil
    }

    private mutating func outOfRange(_ word: Word, _ low: String, _ high: String) {
        note(.outOfRange, word, "\(word.text) is out of range; from \(low) to \(high) is possible")
    }

    mutating func webURL(_ word: Word) -> WebURL? {
        guard !hidesSecret(word, SecretPrinting.hidden.url(word.text) != word.text) else { return nil }
        if let url = WebURL(parsing: word.text) { return url }
        let form = "is no URL of the form http://host[:port]/path or https://…"
        let hint = URLPassword(in: word.text)?.endsTheHost == true ? "; it has \(URLPassword.hint)" : ""
        note(.invalidURL, word, "'\(word.text)' \(form)\(hint)")
        return nil
    }

    mutating func secret(_ word: Word) -> Secret? {
        if word.text.isEmpty {
            note(.invalidValue, word, "a password or key cannot be empty")
            return nil
        }
        return hidesSecret(word, true) ? nil : Secret(word.text)
    }

    /// Notes a secret that was printed as `***` and is now read back: it must not replace the real one.
    mutating func hidesSecret(_ word: Word, _ mayHoldSecret: Bool) -> Bool {
        let placeholder = Secret.placeholder
        guard mayHoldSecret || word.text.contains("://"),
            word.text == placeholder || word.text.contains(":\(placeholder)@") || word.text.contains("=\(placeholder)")
        else { return false }
        let hidden = Word(text: placeholder, position: word.position, end: word.end)
        note(.hiddenSecret, hidden, "'\(placeholder)' stands for a secret that was hidden; write the secret itself")
        return true
    }

    static func isSecret(_ directive: String) -> Bool {
        switch ServerDirective(rawValue: directive) {
        case .clusterKey, .editAuth, .viewAuth: true
        default: false
        }
    }
}
