// Which lines of the text hold secrets and are not shown below a diagnostic.

/// The lines of statements with passwords and keys, of words that look like one of them misspelt, and of URLs with a
/// password in them.
struct SecretLines {
    private var lines: Set<SourcePosition> = []

    init(in tree: [Statement]) { add(tree) }

    func contains(_ place: SourcePosition) -> Bool {
        lines.contains(SourcePosition(file: place.file, line: place.line))
    }

    private mutating func add(_ statements: [Statement]) {
        let secret = ServerDirective.allCases.map(\.rawValue).filter(SettingsReader.isSecret)
        for statement in statements {
            let isSecret = nearestMatch(to: statement.name.text, among: secret) != nil
            for word in statement.words {
                let looksSecret = secret.contains(word.text) || SecretPrinting.hidden.url(word.text) != word.text
                if isSecret || looksSecret {
                    // A secret may follow on the next line when a `;` or a line break stands wrong.
                    for line in word.position.line...word.position.line + 1 {
                        lines.insert(SourcePosition(file: word.position.file, line: line))
                    }
                }
            }
            add(statement.block ?? [])
        }
    }
}
