// `input` and its old spelling `url`.

extension SettingsReader {
    mutating func readInput(_ statement: Statement) -> InputSettings? {
        let form = "input URL [priority=N] [source_timeout=SECONDS] [program=N] [bitrate=RATE] [hot];"
        guard let words = words(statement, 1...(1 + InputOption.allCases.count), form: form) else { return nil }
        let word = words[0]
        guard !hidesSecret(word, true) else { return nil }
        var input: InputSettings?
        do {
            let url = try InputURL(parsing: word.text)
            let directive = Word(
                text: "\(statement.name.text) \(url.scheme.rawValue)://", position: word.position, end: word.end)
            needs(.input(url.scheme), directive)
            if url.scheme == .file { fileRoot(of: url.path, at: word) }
            input = InputSettings(url: url)
        } catch {
            note(.invalidURL, word, "'\(word.text)': \(error.message)", allowed: error.allowed, nearest: error.nearest)
        }
        // Options are read behind a wrong URL too: all mistakes in one go.
        var options = input ?? InputSettings(url: Self.placeholderURL)
        var seen: [String: SourcePosition] = [:]
        for word in words.dropFirst() { readOption(word, of: statement, form: form, seen: &seen, into: &options) }
        return input == nil ? nil : options
    }

    private mutating func readOption(
        _ word: Word, of statement: Statement, form: String, seen: inout [String: SourcePosition],
        into input: inout InputSettings
    ) {
        let key = word.option?.key ?? word.text
        guard let option = InputOption(rawValue: key), option == .hot || word.option != nil else {
            let allowed = InputOption.allCases.map { $0 == .hot ? "hot" : $0.rawValue + "=" }
            unexpected(word, in: statement, form: form, allowed: allowed, code: .unknownOption)
            return
        }
        once(word, in: &seen, as: key)
        // Every option but the flag has a value: checked above.
        let given = word.option?.value ?? Word(text: "true", position: word.position, end: word.end)
        switch option {
        case .priority: input.priority = whole(given, 1...1000)
        case .sourceTimeout: input.sourceTimeout = time(given, .milliseconds(100)...(.seconds(86400)))
        case .program:
            needs(.programSelection, word)
            input.program = whole(given, 1...65535)
        case .bitrate:
            input.bitrate = value(given, "a bitrate from 10K to 1G bits per second, such as 2M") {
                QuantityText.parseRate($0).flatMap { (10_000...1_000_000_000).contains($0) ? $0 : nil }
            }
            if input.url.scheme != .fake {
                note(.doubtful, word, "bitrate= is for fake:// only; here it has no effect", severity: .warning)
            }
        case .hot:
            let isHot = value(given, "a switch", allowed: ["true", "false"], QuantityText.parseSwitch)
            if isHot == true { needs(.hotInput, word) }
            input.isHot = isHot ?? false
        }
    }

    private static let placeholderURL = InputURL.placeholder
}

extension InputURL {
    /// Stands in for a URL that could not be read while its options are checked; never leaves the reader.
    fileprivate static let placeholder = InputURL(scheme: .fake, text: "fake://fake", address: nil, path: "fake")
}
