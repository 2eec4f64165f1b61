// Settings → configuration text. Reading the text gives equal settings.

extension ServerSettings {
    /// The settings as configuration text: what differs from the defaults, streams with their templates as written.
    ///
    /// - Parameter secrets: with `.hidden`, keys and passwords are `***`, also those in URLs. Such a text cannot be
    ///   loaded again: reading it is an error at each `***`.
    package func text(secrets: SecretPrinting) -> String {
        var printer = SettingsPrinter(secrets: secrets)
        printer.print(self)
        return printer.text
    }
}

/// Collects lines.
struct SettingsPrinter {
    let secrets: SecretPrinting
    private(set) var text = ""
    private var depth = 0

    init(secrets: SecretPrinting) { self.secrets = secrets }

    mutating func line(_ words: String...) {
        text += String(repeating: "  ", count: depth) + words.joined(separator: " ") + ";\n"
    }

    /// A block; with `orLine`, one without content becomes a line.
    mutating func block(_ head: String..., orLine: Bool = false, _ content: (inout SettingsPrinter) -> Void) {
        var inner = SettingsPrinter(secrets: secrets)
        inner.depth = depth + 1
        content(&inner)
        let indent = String(repeating: "  ", count: depth)
        text += indent + head.joined(separator: " ")
        text += inner.text.isEmpty && orLine ? ";\n" : " {\n\(inner.text)\(indent)}\n"
    }

    func word(_ value: String) -> String { Word.quoted(value) }
    func word(_ secret: Secret) -> String { secrets == .shown ? Word.quoted(secret.value) : Secret.placeholder }
    func url(_ text: String) -> String { Word.quoted(secrets.url(text)) }

    mutating func print(_ settings: ServerSettings) {
        for listener in settings.listeners {
            if let tls = listener.tls {
                block("https", word(listener.place)) {
                    $0.line("certificate", $0.word(tls.certificate))
                    $0.line("key", $0.word(tls.key))
                }
            } else {
                line("http", word(listener.place))
            }
        }
        if let hostname = settings.hostname { line("hostname", word(hostname)) }
        if let auth = settings.editAuth { line("edit_auth", word(auth.user), word(auth.password)) }
        if let auth = settings.viewAuth { line("view_auth", word(auth.user), word(auth.password)) }
        if let key = settings.clusterKey { line("cluster_key", word(key)) }
        for peer in settings.peers { print(peer) }
        if settings.giveUp != .seconds(30) { line("give_up", TimeText.print(settings.giveUp, bare: .seconds)) }
        switch settings.failback {
        case .standard: break
        case .immediate: line("failback", "immediate")
        case .delayed(let span): line("failback", "delayed", TimeText.print(span, bare: .seconds))
        case .off: line("failback", "off")
        }
        if settings.handover != .breakBeforeMake { line("handover", settings.handover.rawValue) }
        if settings.clusterServe != .redirect { line("cluster_serve", settings.clusterServe.rawValue) }
        for root in settings.fileRoots { block("vod", word(root.name)) { $0.line("storage", $0.word(root.path)) } }
        for store in settings.stores { block("dvr", word(store.name)) { $0.line("root", $0.word(store.root)) } }
        for sink in settings.eventSinks { print(sink) }
        for balancer in settings.balancers {
            block("balancer", word(balancer.name)) { inner in
                if balancer.mode != .clients { inner.line("mode", balancer.mode.rawValue) }
                for peer in balancer.peers { inner.line("peer", inner.word(peer)) }
            }
        }
        for template in settings.templates {
            block("template", word(template.name)) { $0.print(template.directives) }
        }
        for stream in settings.definitions {
            block("stream", word(stream.name)) { inner in
                if let template = stream.template { inner.line("template", inner.word(template)) }
                inner.print(stream.directives)
            }
        }
    }

    private mutating func print(_ peer: PeerSettings) {
        let isStandard =
            peer.fetchTimeout == PeerSettings.defaultFetchTimeout
            && peer.staleTimeout == PeerSettings.defaultFetchTimeout * PeerSettings.defaultStaleFactor
        block("peer", word(HostPort(host: peer.name, port: peer.port).description), orLine: true) { inner in
            if let address = peer.address { inner.line("address", inner.word(address.description)) }
            if let url = peer.publicURL { inner.line("public", inner.url(url.text)) }
            if !isStandard {
                inner.line("fetch_timeout", TimeText.print(peer.fetchTimeout, bare: .milliseconds))
                inner.line("stale_timeout", TimeText.print(peer.staleTimeout, bare: .milliseconds))
            }
            if peer.weight != 1 { inner.line("weight", "\(peer.weight)") }
            if let limit = peer.channelLimit { inner.line("channel_limit", "\(limit)") }
        }
    }

    private mutating func print(_ sink: EventSinkSettings) {
        block("event_sink", word(sink.name)) { inner in
            inner.line("url", inner.url(sink.url.text))
            let filters = sink.only.map { ("only", $0) } + sink.except.map { ("except", $0) }
            for (kind, filter) in filters {
                let words = filter.conditions.map {
                    "\($0.field.rawValue)=\(Word.quoted($0.values.joined(separator: ",")))"
                }
                inner.line(kind, words.joined(separator: " "))
            }
        }
    }
}
