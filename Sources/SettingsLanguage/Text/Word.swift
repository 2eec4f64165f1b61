// One word of a statement, and how a value is written as a word.

/// A word of the configuration text after quotes and escapes are resolved.
package struct Word: Hashable, Sendable {
    package var text: String
    package var position: SourcePosition
    /// Where the text after the word begins; a missing `;` is reported there.
    package var end: SourcePosition
    /// Number of scalars before the `=` of an option, nil when the word is no `key=value`. Quoted `=` do not count.
    package var optionKeyLength: Int?

    package init(text: String, position: SourcePosition, end: SourcePosition, optionKeyLength: Int? = nil) {
        self.text = text
        self.position = position
        self.end = end
        self.optionKeyLength = optionKeyLength
    }

    /// The word as `key=value`, the value as a word of its own with its own position.
    package var option: (key: String, value: Word)? {
        guard let length = optionKeyLength else { return nil }
        let scalars = text.unicodeScalars
        let split = scalars.index(scalars.startIndex, offsetBy: length)
        var place = position
        place.column += length + 1
        return (
            String(scalars[..<split]),
            Word(text: String(scalars[scalars.index(after: split)...]), position: place, end: end)
        )
    }

    /// Writes `value` so that reading gives it back: as it is where that is possible, else in double quotes.
    ///
    /// A value with `=` is quoted, so that it is never taken for an option.
    package static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case ";", "{", "}", "\"", "'", "\\", "#", "=": false
                default: scalar.value > 0x20 && !Tokenizer.isControl(scalar) && !scalar.properties.isWhitespace
                }
            }
        if isPlain { return value }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case _ where Tokenizer.isControl(scalar): text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
