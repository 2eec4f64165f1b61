// `stream` and `template` blocks.

extension SettingsReader {
    mutating func readTemplate(_ statement: Statement) -> TemplateDefinition? {
        let form = "template NAME { … }"
        guard let name = blockName(statement, form: form) else { return nil }
        define("template", name)
        let (directives, _) = readDirectives(block(statement, form: form), in: "template")
        return TemplateDefinition(name: name.text, directives: directives)
    }

    mutating func readStream(_ statement: Statement) -> StreamDefinition? {
        let form = "stream NAME { input URL; … }"
        guard let name = blockName(statement, form: form) else { return nil }
        if let mistake = StreamName.mistake(in: name.text) { note(.invalidName, name, mistake) }
        define("stream", name)
        let (directives, template) = readDirectives(block(statement, form: form), in: "stream")
        return StreamDefinition(name: name.text, template: template, directives: directives)
    }

    /// The only word between a block's directive and its `{`.
    mutating func blockName(_ statement: Statement, form: String) -> Word? {
        var line = statement
        line.block = nil
        guard let name = words(line, 1...1, form: form)?.first else { return nil }
        return value(name, "a name") { $0.isEmpty ? nil : name }
    }

    private mutating func readDirectives(
        _ statements: [Statement], in block: String
    ) -> (directives: StreamDirectives, template: String?) {
        var directives = StreamDirectives()
        var template: String?
        var seen: [String: SourcePosition] = [:]
        for statement in statements {
            let name = statement.name
            let known = StreamDirective.allCases.filter { $0 != .template || block == "stream" }
            guard let directive = StreamDirective(rawValue: name.text), known.contains(directive) else {
                unknownDirective(statement, in: block, known: known.map(\.rawValue))
                continue
            }
            switch directive {
            case .input, .url:
                if let input = readInput(statement) { directives.inputs.append(input) }
                continue
            case .static, .ondemand: once(name, in: &seen, as: "static")
            default: once(name, in: &seen)
            }
            if directive == .dvr {
                directives.archive = readArchive(statement)
            } else if directive == .clusterIngest {
                directives.clusterIngest = readClusterIngest(statement)
            } else if directive == .backup {
                directives.backup = readBackup(statement)
            } else if directive == .ondemand || directive == .static {
                directives.startup = readStartup(statement, isOnDemand: directive == .ondemand)
            } else if directive == .disabled {
                directives.isDisabled = readDisabled(statement)
            } else if let word = words(statement, 1...1, form: "\(name.text) VALUE;")?.first {
                if directive == .template {
                    references.append(Reference(kind: .template, word: word))
                    template = word.text
                } else {
                    readValue(directive, name, word, into: &directives)
                }
            }
        }
        return (directives, template)
    }

    private mutating func readValue(
        _ directive: StreamDirective, _ name: Word, _ word: Word, into directives: inout StreamDirectives
    ) {
        switch directive {
        case .title: directives.title = word.text
        case .segmentDuration:
            directives.segmentDuration = time(word, .milliseconds(200)...(.seconds(60)))
        case .segmentCount: directives.segmentCount = whole(word, 1...1000)
        case .windowBytes:
            directives.windowBytes = value(word, "a size from 1M to 64G such as 64M") {
                QuantityText.parseBytes($0).flatMap { (1 << 20...64 << 30).contains($0) ? $0 : nil }
            }
        case .hlsContainer:
            directives.hlsContainer = choice(word, "a container")
            if directives.hlsContainer == .ts { needs(.transportStreamSegments, name) }
        case .onPlay:
            needs(.onPlay, name)
            directives.onPlay = webURL(word)
        case .onPublish:
            needs(.onPublish, name)
            directives.onPublish = webURL(word)
        default: break
        }
    }

    private mutating func readClusterIngest(_ statement: Statement) -> Switchable<ClusterIngestSettings>? {
        let form = "cluster_ingest [capture_at=PEER];  or  cluster_ingest off;"
        guard let word = words(statement, 0...1, form: form)?.first else {
            needs(.clusterIngest, statement.name)
            return .on(ClusterIngestSettings())
        }
        if word.text == "off" { return .off }
        guard let option = word.option, option.key == "capture_at" else {
            unexpected(word, in: statement, form: form, allowed: ["capture_at=", "off"], code: .unknownOption)
            return nil
        }
        needs(.clusterIngest, statement.name)
        references.append(Reference(kind: .peer, word: option.value))
        return .on(ClusterIngestSettings(captureAt: option.value.text))
    }

    private mutating func readBackup(_ statement: Statement) -> BackupSettings? {
        let form = "backup ROOT/PATH [timeout=SECONDS] [dvr=true|false];"
        needs(.backup, statement.name)
        guard let words = words(statement, 1...3, form: form) else { return nil }
        var place = words[0]
        if place.text.hasPrefix("file://") {
            place.text.removeFirst(7)
        }
        do {
            _ = try InputURL(parsing: "file://" + place.text)
        } catch {
            note(.invalidURL, words[0], "'\(words[0].text)' is not a file to fall back on: \(error.message)")
            return nil
        }
        fileRoot(of: place.text, at: words[0])
        var backup = BackupSettings(path: place.text)
        var seen: [String: SourcePosition] = [:]
        for word in words.dropFirst() {
            switch word.option?.key {
            case "timeout":
                once(word, in: &seen, as: "timeout")
                backup.timeout = word.option.flatMap { time($0.value, .milliseconds(100)...(.seconds(86400))) }
            case "dvr":
                once(word, in: &seen, as: "dvr")
                let choices = ["true", "false"]
                backup.isRecorded =
                    word.option.flatMap {
                        value($0.value, "a switch", allowed: choices, QuantityText.parseSwitch)
                    } ?? false
            default:
                unexpected(word, in: statement, form: form, allowed: ["timeout=", "dvr="], code: .unknownOption)
            }
        }
        return backup
    }

    /// Notes that the first part of `path` must be a declared root.
    mutating func fileRoot(of path: String, at word: Word) {
        let root = String(path.prefix { $0 != "/" })
        references.append(Reference(kind: .fileRoot, word: Word(text: root, position: word.position, end: word.end)))
    }

    private mutating func readStartup(_ statement: Statement, isOnDemand: Bool) -> StreamStartup? {
        let form = isOnDemand ? "ondemand [IDLE_SECONDS];" : "static;"
        guard let words = words(statement, 0...(isOnDemand ? 1 : 0), form: form), isOnDemand else { return .always }
        needs(.onDemand, statement.name)
        guard let word = words.first else { return .onDemand(idle: .seconds(60)) }
        return time(word, .seconds(1)...(.seconds(86400))).map { .onDemand(idle: $0) }
    }

    private mutating func readDisabled(_ statement: Statement) -> Bool? {
        needs(.disabledStream, statement.name)
        guard let word = words(statement, 0...1, form: "disabled [true|false];")?.first else { return true }
        return value(word, "a switch", allowed: ["true", "false"], QuantityText.parseSwitch)
    }
}
