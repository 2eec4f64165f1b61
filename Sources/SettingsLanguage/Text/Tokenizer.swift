// Configuration text → tokens with positions. Never fails: mistakes are noted and reading goes on.

enum Token {
    case word(Word)
    case semicolon(SourcePosition)
    case openBrace(SourcePosition)
    case closeBrace(SourcePosition)
    case end(SourcePosition)
}

/// Splits text into words, `;`, `{` and `}`.
///
/// White space separates words. `#` at the begin of a word starts a comment to the end of the line; inside a word it is
/// an ordinary character (`title Door#1;`). Quotes, double or single, may hold everything but a line break and may begin
/// inside a word (`key="a b"`). A backslash escapes in and outside of quotes.
struct Tokenizer {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var place: SourcePosition
    private(set) var diagnostics: [Diagnostic] = []

    init(text: String, file: String) {
        scalars = Array(text.unicodeScalars)
        place = SourcePosition(file: file)
        if scalars.first == "\u{FEFF}" { index = 1 }
    }

    /// C0 and C1 control characters and the line and paragraph separators of Unicode.
    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
            || scalar.value == 0x2029 || scalar.value == 0xFEFF
    }

    mutating func next() -> Token {
        while let scalar = peek {
            let start = place
            switch scalar {
            case "#":
                while let other = peek, other != "\n" { advance(other) }
            case ";":
                advance(scalar)
                return .semicolon(start)
            case "{":
                advance(scalar)
                return .openBrace(start)
            case "}":
                advance(scalar)
                return .closeBrace(start)
            case _ where scalar.properties.isWhitespace:
                advance(scalar)
            case _ where Self.isControl(scalar):
                noteControlCharacter(scalar)
            default:
                return .word(readWord())
            }
        }
        return .end(place)
    }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func advance(_ scalar: Unicode.Scalar) {
        index += 1
        if scalar == "\n" {
            place.line += 1
            place.column = 1
        } else {
            place.column += 1
        }
    }

    private mutating func readWord() -> Word {
        let start = place
        var text = String.UnicodeScalarView()
        var length = 0
        var optionKeyLength: Int?
        var mayBeOption = true
        reading: while let scalar = peek {
            switch scalar {
            case ";", "{", "}":
                break reading
            case "\"", "'":
                mayBeOption = false
                readQuoted(by: scalar, into: &text)
            case "\\":
                mayBeOption = false
                readEscape(into: &text)
            case _ where scalar.properties.isWhitespace:
                break reading
            case _ where Self.isControl(scalar):
                noteControlCharacter(scalar)
            default:
                if scalar == "=", mayBeOption, length > 0, optionKeyLength == nil { optionKeyLength = length }
                if !Self.isKeyCharacter(scalar) { mayBeOption = false }
                text.append(scalar)
                length += 1
                advance(scalar)
            }
        }
        return Word(text: String(text), position: start, end: place, optionKeyLength: optionKeyLength)
    }

    private static func isKeyCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
        default: false
        }
    }

    private mutating func readQuoted(by quote: Unicode.Scalar, into text: inout String.UnicodeScalarView) {
        let start = place
        advance(quote)
        while let scalar = peek, scalar != "\n" {
            if scalar == quote {
                advance(scalar)
                return
            }
            if scalar == "\\" {
                readEscape(into: &text)
            } else if scalar != "\t", Self.isControl(scalar) {
                noteControlCharacter(scalar)
            } else {
                text.append(scalar)
                advance(scalar)
            }
        }
        diagnostics.append(
            Diagnostic(
                .unterminatedQuote, at: start, word: String(Character(quote)),
                "this quote is not closed on its line; write a line break inside a value as \\n"))
    }

    private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
        "n": "\n", "t": "\t", "\\": "\\", "\"": "\"", "'": "'", ";": ";", "{": "{", "}": "}", "#": "#", " ": " ",
        "=": "=",
    ]

    private mutating func readEscape(into text: inout String.UnicodeScalarView) {
        let start = place
        advance("\\")
        guard let scalar = peek, scalar != "\n" else {
            note(.unknownEscape, start, "\\", "nothing follows this backslash; a backslash itself is written \\\\")
            return
        }
        advance(scalar)
        if let meant = Self.escapes[scalar] {
            text.append(meant)
        } else if scalar == "u", let meant = readCodePoint() {
            text.append(meant)
        } else {
            let shown = Self.isControl(scalar) ? "\\" : "\\" + String(Character(scalar))
            diagnostics.append(
                Diagnostic(
                    .unknownEscape, at: start, word: shown,
                    "'\(shown)' is no escape; a backslash itself is written \\\\",
                    allowed: [#"\n"#, #"\t"#, #"\\"#, #"\""#, #"\'"#, #"\;"#, #"\{"#, #"\}"#, #"\#"#, #"\u{1F4A1}"#]))
        }
    }

    /// `{` 1 to 6 hexadecimal digits `}` of a valid Unicode scalar; nothing is consumed when it is not that.
    private mutating func readCodePoint() -> Unicode.Scalar? {
        let saved = (index, place)
        var digits = ""
        if peek == "{" {
            advance("{")
            while let scalar = peek, digits.count < 6, scalar.properties.isASCIIHexDigit {
                digits.unicodeScalars.append(scalar)
                advance(scalar)
            }
            if peek == "}", let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) {
                advance("}")
                return scalar
            }
        }
        (index, place) = saved
        return nil
    }

    private mutating func noteControlCharacter(_ scalar: Unicode.Scalar) {
        let code = "U+" + String(scalar.value, radix: 16, uppercase: true)
        note(.controlCharacter, place, code, "control character \(code) is not allowed in the text; write it as \\u{…}")
        advance(scalar)
    }

    private mutating func note(_ code: Diagnostic.Code, _ position: SourcePosition, _ word: String, _ text: String) {
        diagnostics.append(Diagnostic(code, at: position, word: word, text))
    }
}
