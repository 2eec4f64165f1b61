// Finds the passwords and keys in a configuration text, also in comments and in texts with mistakes.

/// A secret as it stands in a text.
struct SecretPlace {
    /// Scalars of the word, quotes included.
    var range: Range<Int>
    /// The heads of the blocks around it and the directive, with secrets hidden: `stream cam/input`.
    var context: String
    var directive: String
    /// The word as written.
    var raw: String
    /// The word as it may be shown.
    var masked: String
}

/// Walks over a text word by word.
struct SecretPlaces {
    private(set) var places: [SecretPlace] = []
    private let scalars: [Unicode.Scalar]
    private let lineStarts: [Int]
    private let offset: Int
    /// Words that already hold `***` are places too, for putting secrets back.
    private let findsPlaceholders: Bool

    private static let secretDirectives = ServerDirective.allCases.map(\.rawValue).filter(SettingsReader.isSecret)

    /// - Parameter offset: where `scalars` begins in the text that ranges are told in.
    init(_ scalars: [Unicode.Scalar], offset: Int = 0, findsPlaceholders: Bool) {
        self.scalars = scalars
        self.offset = offset
        self.findsPlaceholders = findsPlaceholders
        lineStarts = [0] + scalars.indices.filter { scalars[$0] == "\n" }.map { $0 + 1 }
        walk()
    }

    private mutating func walk() {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        var tokenizer = Tokenizer(text: String(text), file: "")
        // The tokenizer steps over a byte order mark without counting it.
        let shift = scalars.first == "\u{FEFF}" ? 1 : 0
        var heads: [String] = []
        var words: [Word] = []
        var end = 0
        while true {
            switch tokenizer.next() {
            case .word(let word):
                lookForComments(in: end..<index(word.position, shift))
                end = index(word.end, shift)
                words.append(word)
            case .semicolon(let place):
                lookForComments(in: end..<index(place, shift))
                end = index(place, shift) + 1
                _ = look(at: &words, below: heads, shift: shift)
            case .openBrace(let place):
                lookForComments(in: end..<index(place, shift))
                end = index(place, shift) + 1
                heads.append(look(at: &words, below: heads, shift: shift))
            case .closeBrace(let place):
                lookForComments(in: end..<index(place, shift))
                end = index(place, shift) + 1
                _ = look(at: &words, below: heads, shift: shift)
                _ = heads.popLast()
            case .end:
                lookForComments(in: end..<scalars.count)
                _ = look(at: &words, below: heads, shift: shift)
                return
            }
        }
    }

    private func index(_ place: SourcePosition, _ shift: Int) -> Int {
        min(scalars.count, lineStarts[place.line - 1] + place.column - 1 + (place.line == 1 ? shift : 0))
    }

    /// Notes the secrets of a statement and gives its words as they may be shown. Empties `words`.
    private mutating func look(at words: inout [Word], below heads: [String], shift: Int) -> String {
        defer { words = [] }
        guard let name = words.first?.text else { return "" }
        let nearest = nearestMatch(to: name, among: Self.secretDirectives)
        // `edit_auth user password`: the user is shown, unless the directive is misspelt and could be another one.
        let firstSecret =
            nearest == nil ? Int.max : nearest == ServerDirective.clusterKey.rawValue || nearest != name ? 1 : 2
        // A URL behind a `;` too many is taken for a directive.
        let directive = SecretPrinting.hidden.url(name)
        let context = (heads + [directive]).joined(separator: "/")
        var shown: [String] = []
        for (number, word) in words.enumerated() {
            let raw = Self.text(scalars[index(word.position, shift)..<index(word.end, shift)])
            let url = SecretPrinting.hidden.url(word.text)
            let masked: String
            if number >= firstSecret {
                masked = Secret.placeholder
            } else if url == word.text {
                masked = raw
            } else {
                masked = raw == word.text ? url : Word.quoted(url)
            }
            shown.append(masked)
            guard masked != raw || (findsPlaceholders && raw.range(ofText: Secret.placeholder) != nil) else { continue }
            places.append(
                SecretPlace(
                    range: offset + index(word.position, shift)..<offset + index(word.end, shift), context: context,
                    directive: directive, raw: raw, masked: masked))
        }
        return shown.joined(separator: " ")
    }

    /// A directive that was taken out by a `#` has a secret as well.
    private mutating func lookForComments(in gap: Range<Int>) {
        var start = gap.lowerBound
        while let hash = (start..<max(start, gap.upperBound)).first(where: { scalars[$0] == "#" }) {
            let end = (hash..<gap.upperBound).first { scalars[$0] == "\n" } ?? gap.upperBound
            let content = (hash..<end).first { scalars[$0] != "#" } ?? end
            // A second `#` is no comment within the comment, so that this goes one level deep only.
            var inner = SecretPlaces(
                scalars[content..<end].map { $0 == "#" ? " " : $0 }, offset: offset + content,
                findsPlaceholders: findsPlaceholders)
            for index in inner.places.indices { inner.places[index].context = "#" + inner.places[index].context }
            places += inner.places
            start = end
        }
    }

    static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
