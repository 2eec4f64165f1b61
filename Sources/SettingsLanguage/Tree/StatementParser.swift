// Tokens → statements. Notes mistakes and goes on, so that all of a file's mistakes are found at once.

struct StatementParser {
    /// Blocks within blocks; the language itself needs two.
    static let depthLimit = 16

    private var tokenizer: Tokenizer
    private var parserDiagnostics: [Diagnostic] = []

    init(text: String, file: String) { tokenizer = Tokenizer(text: text, file: file) }

    var diagnostics: [Diagnostic] { tokenizer.diagnostics + parserDiagnostics }

    mutating func parse() -> [Statement] { statements(openedAt: nil, depth: 0).statements }

    private mutating func statements(
        openedAt opening: SourcePosition?, depth: Int
    ) -> (statements: [Statement], end: SourcePosition) {
        var statements: [Statement] = []
        var words: [Word] = []
        while true {
            switch tokenizer.next() {
            case .word(let word):
                words.append(word)
            case .semicolon(let position):
                // An empty statement (`};`) is a harmless habit from other languages.
                if !words.isEmpty { statements.append(Statement(words: words, block: nil, end: position)) }
                words = []
            case .openBrace(let position):
                let isTooDeep = depth >= Self.depthLimit
                if isTooDeep { note(.tooLarge, position, "{", "blocks are nested more than \(Self.depthLimit) deep") }
                let inner = isTooDeep ? skipBlock() : self.statements(openedAt: position, depth: depth + 1)
                if words.isEmpty {
                    note(.namelessBlock, position, "{", "a block needs a name in front of it")
                } else {
                    statements.append(Statement(words: words, block: inner.statements, end: inner.end))
                }
                words = []
            case .closeBrace(let position):
                finish(&words, into: &statements, before: "}")
                if opening != nil { return (statements, position) }
                note(.unmatchedBrace, position, "}", "this '}' closes nothing; a '{' is missing or a '}' is too many")
            case .end(let position):
                finish(&words, into: &statements, before: "the end of the file")
                if let opening { note(.unclosedBlock, opening, "{", "this block is never closed; a '}' is missing") }
                return (statements, position)
            }
        }
    }

    /// Skips to the matching brace without recursion.
    private mutating func skipBlock() -> (statements: [Statement], end: SourcePosition) {
        var depth = 1
        while true {
            switch tokenizer.next() {
            case .openBrace: depth += 1
            case .closeBrace(let position):
                depth -= 1
                if depth == 0 { return ([], position) }
            case .end(let position): return ([], position)
            case .word, .semicolon: break
            }
        }
    }

    private mutating func finish(_ words: inout [Word], into statements: inout [Statement], before what: String) {
        guard let last = words.last else { return }
        note(.missingSemicolon, last.end, last.text, "a ';' is missing before \(what)")
        statements.append(Statement(words: words, block: nil, end: last.end))
        words = []
    }

    private mutating func note(_ code: Diagnostic.Code, _ position: SourcePosition, _ word: String, _ text: String) {
        parserDiagnostics.append(Diagnostic(code, at: position, word: word, text))
    }
}
