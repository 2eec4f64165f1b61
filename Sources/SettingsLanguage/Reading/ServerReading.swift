// Directives outside of blocks, and the checks that need all of the configuration.

extension SettingsReader {
    mutating func read(_ tree: [Statement]) -> ServerSettings {
        var settings = ServerSettings()
        // Collected here: assigning them resolves all streams anew.
        var templates: [TemplateDefinition] = []
        var streams: [StreamDefinition] = []
        var seen: [String: SourcePosition] = [:]
        var clusterKeyWord: Word?
        var peerWord: Word?
        for statement in tree {
            let name = statement.name
            guard let directive = ServerDirective(rawValue: name.text) else {
                unknownDirective(
                    statement, in: "the configuration", known: ServerDirective.allCases.map(\.rawValue))
                continue
            }
            switch directive {
            case .http, .https: readListener(statement, isSecure: directive == .https, into: &settings)
            case .hostname:
                once(name, in: &seen)
                readHostname(statement, into: &settings)
            case .editAuth:
                once(name, in: &seen)
                settings.editAuth = readCredentials(statement)
            case .viewAuth:
                once(name, in: &seen)
                settings.viewAuth = readCredentials(statement)
            case .clusterKey:
                once(name, in: &seen)
                clusterKeyWord = name
                readClusterKey(statement, into: &settings)
            case .peer:
                peerWord = peerWord ?? name
                needs(.cluster, name)
                if let peer = readPeer(statement) { settings.peers.append(peer) }
            case .failback:
                once(name, in: &seen)
                needs(.failback, name)
                if let failback = readFailback(statement) { settings.failback = failback }
            case .giveUp:
                once(name, in: &seen)
                readGiveUp(statement, into: &settings)
            case .handover:
                once(name, in: &seen)
                readHandover(statement, into: &settings)
            case .clusterServe:
                once(name, in: &seen)
                readClusterServe(statement, into: &settings)
            case .template:
                if let template = readTemplate(statement) { templates.append(template) }
            case .stream:
                if let stream = readStream(statement) { streams.append(stream) }
            case .vod, .file:
                if let root = readFileRoot(statement) { settings.fileRoots.append(root) }
            case .dvr:
                if let store = readStore(statement) { settings.stores.append(store) }
            case .balancer:
                if let balancer = readBalancer(statement) { settings.balancers.append(balancer) }
            case .eventSink:
                if let sink = readEventSink(statement) { settings.eventSinks.append(sink) }
            case .include: break  // replaced by the loader
            }
        }
        settings.templates = templates
        settings.definitions = streams
        checkClusterKey(hasKey: clusterKeyWord != nil, peerWord)
        checkReferences(in: settings)
        checkClusterIngest(hasKey: clusterKeyWord != nil, hasPeers: peerWord != nil)
        return settings
    }

    private mutating func readHostname(_ statement: Statement, into settings: inout ServerSettings) {
        guard let word = words(statement, 1...1, form: "hostname NAME;")?.first else { return }
        settings.hostname = value(word, "a host name") {
            HostPort(parsing: $0)?.port == nil ? HostPort(parsing: $0)?.host : nil
        }
    }

    private mutating func readCredentials(_ statement: Statement) -> Credentials? {
        needs(.authentication, statement.name)
        let form = "\(statement.name.text) USER PASSWORD;"
        guard let words = words(statement, 2...2, form: form), let password = secret(words[1]) else { return nil }
        // HTTP Basic ends the user at the first colon (RFC 7617 §2).
        guard
            let user = value(words[0], "a user name (not empty, no ':')", { $0.isEmpty || $0.contains(":") ? nil : $0 })
        else { return nil }
        return Credentials(user: user, password: password)
    }

    private mutating func readListener(_ statement: Statement, isSecure: Bool, into settings: inout ServerSettings) {
        let form = isSecure ? "https [ADDRESS:]PORT { certificate PATH; key PATH; }" : "http [ADDRESS:]PORT;"
        var plain = statement
        if isSecure { plain.block = nil }
        guard let word = words(plain, 1...1, form: form)?.first,
            var listener = value(word, "a port (1–65535) or address:port", { ListenerSettings(parsing: $0) })
        else { return }
        if isSecure {
            needs(.https, statement.name)
            listener.tls = readTLS(statement, form: form)
        }
        if let other = settings.listeners.first(where: { $0.collides(with: listener) }) {
            note(.duplicate, word, "'\(word.text)' is taken by the listener '\(other.place)'; choose another port")
        }
        settings.listeners.append(listener)
    }

    private mutating func readTLS(_ statement: Statement, form: String) -> ListenerSettings.TLS? {
        var paths: [TLSDirective: String] = [:]
        var seen: [String: SourcePosition] = [:]
        for inner in block(statement, form: form) {
            guard let directive = TLSDirective(rawValue: inner.name.text) else {
                unknownDirective(inner, in: "https", known: TLSDirective.allCases.map(\.rawValue))
                continue
            }
            once(inner.name, in: &seen)
            if let word = words(inner, 1...1, form: "\(inner.name.text) PATH;")?.first {
                paths[directive] = path(word)
            }
        }
        for directive in TLSDirective.allCases where seen[directive.rawValue] == nil && statement.block != nil {
            note(.missingWord, statement.name, "https needs '\(directive.rawValue) PATH;' (a PEM file)")
        }
        guard let certificate = paths[.certificate], let key = paths[.key] else { return nil }
        return ListenerSettings.TLS(certificate: certificate, key: key)
    }

    /// A path on this server: not empty and without line breaks or NUL.
    mutating func path(_ word: Word) -> String? {
        value(word, "a path") { text in
            text.isEmpty || text.unicodeScalars.contains(where: { $0.value < 0x20 }) ? nil : text
        }
    }

    private mutating func checkReferences(in settings: ServerSettings) {
        for reference in references {
            let word = reference.word
            let (code, what, known): (Diagnostic.Code, String, [String]) =
                switch reference.kind {
                case .template: (.unknownTemplate, "template", settings.templates.map(\.name))
                case .store: (.unknownStore, "archive store", settings.stores.map(\.name))
                case .peer: (.unknownPeer, "peer", settings.peers.map(\.name))
                case .fileRoot:
                    (.unknownFileRoot, "vod root", settings.fileDirectories.keys.sorted())
                }
            let isKnown =
                reference.kind == .peer
                ? known.contains { $0.lowercased() == word.text.lowercased() } : known.contains(word.text)
            if !isKnown {
                let suffix = known.isEmpty ? "; there is none" : ""
                note(
                    code, word, "unknown \(what) '\(word.text)'\(suffix)", allowed: known,
                    nearest: nearestMatch(to: word.text, among: known))
            }
        }
    }

    private mutating func checkClusterKey(hasKey: Bool, _ peer: Word?) {
        guard let peer, !hasKey else { return }
        note(
            .missingClusterKey, peer,
            "there are peers but no cluster_key: they will not talk to each other; add 'cluster_key KEY;'",
            severity: .warning)
    }

    private mutating func checkClusterIngest(hasKey: Bool, hasPeers: Bool) {
        for use in uses where use.feature == .clusterIngest {
            let word = Word(text: use.directive, position: use.position, end: use.position)
            if !hasPeers {
                note(.missingPeers, word, "cluster_ingest needs the list of servers: add 'peer HOST:PORT;' lines")
            }
            if !hasKey {
                note(.missingClusterKey, word, "cluster_ingest needs 'cluster_key KEY;', the same on all servers")
            }
        }
    }
}
