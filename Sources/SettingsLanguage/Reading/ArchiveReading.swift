// `dvr` of a stream, named stores and file roots.

extension SettingsReader {
    mutating func readArchive(_ statement: Statement) -> Switchable<ArchiveSettings>? {
        let form =
            "dvr PATH|@STORE [AGE] [BYTES] [DISK%] [replicate] [replication_port=N] [replication_speed=RATE] [sync=TIME|off];"
        guard let words = words(statement, 1...8, form: form) else { return nil }
        let place = words[0]
        if place.text == "off" {
            if words.count > 1 { unexpected(words[1], in: statement, form: "dvr off;") }
            return .off
        }
        needs(.archive, statement.name)
        guard let text = path(place) else { return nil }
        var archive = ArchiveSettings(location: .path(text))
        if text.hasPrefix("@") {
            needs(.archiveStores, place)
            var name = place
            name.text.removeFirst()
            name.position.column += 1
            references.append(Reference(kind: .store, word: name))
            archive.location = .store(name.text)
        }
        var seen: [String: SourcePosition] = [:]
        for word in words.dropFirst() {
            if let option = word.option {
                readOption(option, word, of: statement, form: form, seen: &seen, into: &archive)
            } else if word.text == ArchiveOption.replicate.rawValue {
                once(word, in: &seen)
                needs(.replication, word)
                archive.replicates = true
            } else if let share = QuantityText.parseShare(word.text) {
                once(word, in: &seen, as: "share")
                archive.diskShare = share
            } else if let age = TimeText.parse(word.text, bare: .seconds) {
                once(word, in: &seen, as: "age")
                archive.age = checkedAge(age, word)
            } else if let bytes = QuantityText.parseBytes(word.text), (1...1 << 60).contains(bytes) {
                once(word, in: &seen, as: "bytes")
                // Whole KiB, so that it is printed with its letter: a bare number on this line is an age.
                archive.bytes = (bytes - 1) / 1024 * 1024 + 1024
            } else {
                unexpected(
                    word, in: statement, form: form,
                    allowed: ["3d (age)", "500G (bytes)", "90% (disk)", "replicate"]
                        + ["replication_port=", "replication_speed=", "sync="], code: .unknownOption)
            }
        }
        if !archive.replicates, archive.replicationPort != nil || archive.replicationSpeed != nil {
            note(
                .doubtful, statement.name, "replication options have no effect without 'replicate'", severity: .warning)
        }
        return .on(archive)
    }

    private mutating func checkedAge(_ age: Duration, _ word: Word) -> Duration {
        if age < .seconds(60) {
            note(
                .doubtful, word,
                "'\(word.text)' keeps \(age.wholeMilliseconds / 1000) s of archive; did you mean 7d or 500G?",
                severity: .warning)
        }
        return age
    }

    private mutating func readOption(
        _ option: (key: String, value: Word), _ word: Word, of statement: Statement, form: String,
        seen: inout [String: SourcePosition], into archive: inout ArchiveSettings
    ) {
        once(word, in: &seen, as: option.key)
        switch ArchiveOption(rawValue: option.key) {
        case .replicationPort: archive.replicationPort = whole(option.value, 1...65535)
        case .replicationSpeed:
            archive.replicationSpeed = value(option.value, "a speed in bytes per second, such as 50M") {
                QuantityText.parseRate($0).flatMap { $0 >= 1000 ? $0 : nil }
            }
        case .sync:
            if option.value.text == "off" {
                archive.sync = .off
            } else if let period = time(option.value, .milliseconds(100)...(.seconds(3600))) {
                archive.sync = .every(period)
            }
        case .replicate, nil:
            unexpected(
                word, in: statement, form: form,
                allowed: ["replicate", "replication_port=", "replication_speed=", "sync="],
                code: .unknownOption)
        }
    }

    mutating func readStore(_ statement: Statement) -> ArchiveStore? {
        let form = "dvr NAME { root PATH; }"
        guard let name = blockName(statement, form: form) else { return nil }
        needs(.archiveStores, statement.name)
        define("dvr", name)
        if name.text.hasPrefix("@") || name.text.contains("/") {
            note(.invalidName, name, "'\(name.text)' is no name of a store: no '/' and no '@' at its begin")
        }
        var root: String?
        var seen: [String: SourcePosition] = [:]
        for inner in block(statement, form: form) {
            guard StoreDirective(rawValue: inner.name.text) != nil else {
                unknownDirective(inner, in: "dvr", known: StoreDirective.allCases.map(\.rawValue))
                continue
            }
            once(inner.name, in: &seen)
            if let word = words(inner, 1...1, form: "root PATH;")?.first { root = path(word) }
        }
        if seen.isEmpty, statement.block != nil {
            note(.missingWord, name, "the store '\(name.text)' needs 'root PATH;'")
        }
        return root.map { ArchiveStore(name: name.text, root: $0) }
    }

    mutating func readFileRoot(_ statement: Statement) -> FileRoot? {
        let form = "vod NAME { storage PATH; }  or  file NAME { path PATH; }"
        guard let name = blockName(statement, form: form) else { return nil }
        define("vod", name)
        if let mistake = StreamName.mistake(in: name.text), name.text.contains("/") || name.text.hasPrefix(".") {
            note(.invalidName, name, mistake)
        } else if name.text.contains("/") {
            note(.invalidName, name, "'\(name.text)' is no name of a root: no '/'")
        }
        var path: String?
        var seen: [String: SourcePosition] = [:]
        for inner in block(statement, form: form) {
            guard FileRootDirective(rawValue: inner.name.text) != nil else {
                unknownDirective(inner, in: statement.name.text, known: FileRootDirective.allCases.map(\.rawValue))
                continue
            }
            once(inner.name, in: &seen, as: "storage")
            if let word = words(inner, 1...1, form: "\(inner.name.text) PATH;")?.first { path = self.path(word) }
        }
        if seen.isEmpty, statement.block != nil { note(.missingWord, name, "'\(name.text)' needs 'storage PATH;'") }
        return path.map { FileRoot(name: name.text, path: $0) }
    }
}
