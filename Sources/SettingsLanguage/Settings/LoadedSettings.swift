// The way in: from a path to checked settings or to all mistakes.

/// Settings without errors, and what was remarked while reading them.
package struct LoadedSettings: Equatable, Sendable {
    package var settings: ServerSettings
    package var warnings: [Diagnostic]
    /// Every file that was read, the main file first.
    package var files: [String]
    /// Directives that need a feature, in the order of the text.
    package var uses: [FeatureUse]

    /// A notice for each directive whose feature is not among those the server has.
    package func unavailable(given features: Set<Feature>) -> [Diagnostic] {
        uses.filter { !features.contains($0.feature) }.map { use in
            Diagnostic(
                .unavailable, .notice, at: use.position, word: use.directive,
                "'\(use.directive)' has no effect: \(use.feature) is not available in this version")
        }
    }
}

extension LoadedSettings {
    /// What an operator should know of these settings: the warnings, and what has no effect.
    package func remarks(given features: Set<Feature>) -> [Diagnostic] { warnings + unavailable(given: features) }

    /// The remarks that `earlier` did not have. One that only moved to another line is not new; of several that say the
    /// same in one file, those that stay in their place are taken for the old ones.
    package func remarks(given features: Set<Feature>, newSince earlier: LoadedSettings) -> [Diagnostic] {
        func unplaced(_ remark: Diagnostic) -> Diagnostic {
            var unplaced = remark
            unplaced.position = SourcePosition(file: remark.position.file)
            unplaced.sourceLine = nil
            return unplaced
        }
        var before: [Diagnostic: [SourcePosition]] = [:]
        for remark in earlier.remarks(given: features) {
            before[unplaced(remark), default: []].append(remark.position)
        }
        let moved = remarks(given: features).filter { remark in
            guard let place = before[unplaced(remark)]?.firstIndex(of: remark.position) else { return true }
            before[unplaced(remark)]?.remove(at: place)
            return false
        }
        return moved.filter { before[unplaced($0)]?.popLast() == nil }
    }
}

/// What reading a configuration gives: diagnostics always, settings when none of them is an error.
package struct SettingsCheck: Equatable, Sendable {
    package var loaded: LoadedSettings?
    /// Errors and warnings in the order of the text.
    package var diagnostics: [Diagnostic]

    /// Reads and checks `path`, its `conf.d/*.conf` and what they include. Never throws and never stops at the first
    /// mistake.
    package init(path: String, in source: some SettingsSource) {
        var loader = TreeLoader(source: source)
        let tree = loader.load(path)
        var reader = SettingsReader()
        let settings = reader.read(tree)
        let secrets = SecretLines(in: tree)
        let order = Dictionary(
            loader.files.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let found = (loader.diagnostics + reader.diagnostics).sorted {
            let a = order[$0.position.file] ?? .max
            let b = order[$1.position.file] ?? .max
            return a == b ? $0.position < $1.position : a < b
        }
        diagnostics = found.map { diagnostic in
            var shown = diagnostic
            let place = diagnostic.position
            if let lines = loader.lines[place.file], lines.indices.contains(place.line - 1), !secrets.contains(place) {
                let line = String(lines[place.line - 1])
                // A longer line would not fit any terminal, and a minified file is one line. A comment may have a secret too.
                if line.utf8.count <= 500,
                    !line.unicodeScalars.contains(where: { $0 != "\t" && Tokenizer.isControl($0) }),
                    MaskedText(line).text == line
                {
                    shown.sourceLine = line
                }
            }
            return shown
        }
        if !diagnostics.contains(where: { $0.severity == .error }) {
            loaded = LoadedSettings(
                settings: settings, warnings: diagnostics, files: loader.files, uses: reader.uses)
        }
    }
}

extension LoadedSettings {
    /// Reads and checks `path`, its `conf.d/*.conf` and what they include.
    ///
    /// - Throws: `SettingsError` with all mistakes when there is at least one error.
    package static func load(
        _ path: String, from source: some SettingsSource
    ) throws(SettingsError) -> LoadedSettings {
        let check = SettingsCheck(path: path, in: source)
        guard let loaded = check.loaded else { throw SettingsError(diagnostics: check.diagnostics) }
        return loaded
    }
}
