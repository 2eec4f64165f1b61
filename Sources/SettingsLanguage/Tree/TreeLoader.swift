// Reads a file, its `conf.d` and everything it includes into one tree.

/// Statements of all files in reading order, `include` replaced by what it names.
struct TreeLoader<Source: SettingsSource> {
    /// A configuration of 10 000 streams has about 2 MB.
    static var fileSizeLimit: Int { 16 << 20 }
    static var fileCountLimit: Int { 4096 }

    let source: Source
    private(set) var diagnostics: [Diagnostic] = []
    /// The lines of each file that was read, for diagnostics.
    private(set) var lines: [String: [Substring]] = [:]
    private(set) var files: [String] = []
    private var open: [String] = []

    init(source: Source) { self.source = source }

    /// The statements of `path`, then those of `conf.d/*.conf` beside it, in order of file names.
    mutating func load(_ path: String) -> [Statement] {
        let start = SourcePosition(file: path)
        var statements = load(path, wantedAt: start, word: path)
        let pattern = Self.resolve("conf.d/*.conf", besideFile: path)
        for extra in matches(pattern, wantedAt: start, word: pattern) {
            statements += load(extra, wantedAt: start, word: extra)
        }
        return statements
    }

    private mutating func load(_ path: String, wantedAt position: SourcePosition, word: String) -> [Statement] {
        if open.contains(path) {
            let circle = (open.drop { $0 != path } + [path]).joined(separator: " → ")
            note(.includeCycle, position, word, "'\(path)' includes itself: \(circle)")
            return []
        }
        guard files.count < Self.fileCountLimit else {
            note(.tooLarge, position, word, "more than \(Self.fileCountLimit) files are included")
            return []
        }
        let bytes: [UInt8]
        do {
            bytes = try source.read(path)
        } catch {
            note(.unreadableFile, position, word, "cannot read '\(path)': \(error.message)")
            return []
        }
        guard bytes.count <= Self.fileSizeLimit else {
            note(.tooLarge, position, word, "'\(path)' is larger than \(Self.fileSizeLimit >> 20) MiB")
            return []
        }
        files.append(path)
        let text = String(decoding: bytes, as: UTF8.self)
        lines[path] = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Substring.init)
        if let place = Self.firstInvalidUTF8(bytes, file: path) {
            note(.invalidUTF8, place, "\u{FFFD}", "the file is not valid UTF-8 here; save it as UTF-8")
        }
        var parser = StatementParser(text: text, file: path)
        open.append(path)
        defer { open.removeLast() }
        let parsed = parser.parse()
        diagnostics += parser.diagnostics
        return expand(parsed)
    }

    private mutating func expand(_ statements: [Statement]) -> [Statement] {
        var result: [Statement] = []
        for var statement in statements {
            if statement.name.text == "include" {
                result += included(by: statement)
            } else {
                if let block = statement.block { statement.block = expand(block) }
                result.append(statement)
            }
        }
        return result
    }

    private mutating func included(by statement: Statement) -> [Statement] {
        guard statement.words.count > 1 else {
            note(.missingWord, statement.name.end, "include", "'include' needs a path: include streams.conf;")
            return []
        }
        if statement.words.count > 2 {
            let extra = statement.words[2]
            note(.unexpectedWord, extra.position, extra.text, "'include' takes one path; '\(extra.text)' is too much")
        }
        if statement.block != nil {
            note(.unexpectedBlock, statement.name.position, "include", "'include' has no block; end it with ';'")
        }
        let word = statement.words[1]
        let path = Self.resolve(word.text, besideFile: word.position.file)
        guard path.contains("*") || path.contains("?") else {
            return load(path, wantedAt: word.position, word: word.text)
        }
        var result: [Statement] = []
        for match in matches(path, wantedAt: word.position, word: word.text) {
            result += load(match, wantedAt: word.position, word: word.text)
        }
        return result
    }

    private mutating func matches(_ pattern: String, wantedAt place: SourcePosition, word: String) -> [String] {
        do {
            return try source.paths(matching: pattern).sorted()
        } catch {
            note(.unreadableFile, place, word, "cannot list '\(pattern)': \(error.message)")
            return []
        }
    }

    private mutating func note(_ code: Diagnostic.Code, _ position: SourcePosition, _ word: String, _ text: String) {
        diagnostics.append(Diagnostic(code, at: position, word: word, text))
    }

    /// A relative path is taken from the directory of the file that names it.
    static func resolve(_ path: String, besideFile file: String) -> String {
        var path = path
        while path.hasPrefix("./") { path.removeFirst(2) }
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    private static func firstInvalidUTF8(_ bytes: [UInt8], file: String) -> SourcePosition? {
        var place = SourcePosition(file: file)
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue("\n"):
                place.line += 1
                place.column = 1
            case .scalarValue: place.column += 1
            case .emptyInput: return nil
            case .error: return place
            }
        }
    }
}
