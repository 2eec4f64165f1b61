// `peer`, `cluster_key` and what the group does when a server dies or returns.

extension SettingsReader {
    mutating func readPeer(_ statement: Statement) -> PeerSettings? {
        let form = "peer HOST[:PORT];  or  peer NAME { address HOST:PORT; … }"
        var line = statement
        line.block = nil
        guard let word = words(line, 1...1, form: form)?.first else { return nil }
        let place = value(word, "a host with an optional port", { HostPort(parsing: $0) })
        if let place {
            define(
                "peer", word, key: place.host.lowercased(),
                hint: "on one machine, give each a name of its own: peer NAME { address \(word.text); }")
        }
        var peer = PeerSettings(name: place?.host ?? "", port: place?.port ?? PeerSettings.defaultPort)
        var fetch: (value: Duration, word: Word)?
        var stale: (value: Duration, word: Word)?
        var seen: [String: SourcePosition] = [:]
        for inner in statement.block ?? [] {
            guard let directive = PeerDirective(rawValue: inner.name.text) else {
                unknownDirective(inner, in: "peer", known: PeerDirective.allCases.map(\.rawValue))
                continue
            }
            once(inner.name, in: &seen)
            guard let word = words(inner, 1...1, form: "\(inner.name.text) VALUE;")?.first else { continue }
            switch directive {
            case .address: peer.address = value(word, "host[:port]", { HostPort(parsing: $0) })
            case .publicURL: peer.publicURL = webURL(word)
            case .fetchTimeout: fetch = peerTime(word, from: 100)
            case .staleTimeout: stale = peerTime(word, from: 200)
            case .weight: peer.weight = whole(word, 0...1000) ?? 1
            case .channelLimit: peer.channelLimit = whole(word, 0...1_000_000)
            }
        }
        if let fetch { peer.fetchTimeout = fetch.value }
        peer.staleTimeout = stale?.value ?? peer.fetchTimeout * PeerSettings.defaultStaleFactor
        if let word = stale?.word ?? fetch?.word { checkTimeouts(of: peer, at: word) }
        return place == nil ? nil : peer
    }

    private mutating func peerTime(_ word: Word, from low: Int64) -> (value: Duration, word: Word)? {
        time(word, .milliseconds(low)...(.seconds(3600)), bare: .milliseconds).map { ($0, word) }
    }

    /// Below two periods a single lost answer is a death; below three there is no room for a slow one after it.
    private mutating func checkTimeouts(of peer: PeerSettings, at word: Word) {
        let stale = TimeText.print(peer.staleTimeout, bare: .milliseconds)
        let fetch = TimeText.print(peer.fetchTimeout, bare: .milliseconds)
        if peer.staleTimeout < peer.fetchTimeout * 2 {
            note(
                .staleTooShort, word,
                "stale_timeout \(stale) ms is less than twice fetch_timeout \(fetch) ms: one lost answer would count as "
                    + "death; use at least three times")
        } else if peer.staleTimeout < peer.fetchTimeout * 3 {
            note(
                .staleTooShort, word,
                "stale_timeout \(stale) ms is less than three times fetch_timeout \(fetch) ms: a slow answer after a lost "
                    + "one counts as death", severity: .warning)
        }
    }

    mutating func readFailback(_ statement: Statement) -> Failback? {
        let form = "failback immediate;  or  failback delayed SECONDS;  or  failback off;"
        guard let words = words(statement, 1...2, form: form) else { return nil }
        if words[0].text == "delayed" {
            guard words.count == 2 else {
                return self.words(statement, 2...2, form: "failback delayed SECONDS;") == nil ? nil : .standard
            }
            return time(words[1], .seconds(1)...(.seconds(86400))).map(Failback.delayed)
        }
        if words.count == 2 { unexpected(words[1], in: statement, form: form) }
        return value(words[0], "a way of failing back", allowed: ["immediate", "delayed", "off"]) {
            $0 == "immediate" ? .immediate : $0 == "off" ? .off : nil
        }
    }

    mutating func readClusterKey(_ statement: Statement, into settings: inout ServerSettings) {
        needs(.cluster, statement.name)
        guard let word = words(statement, 1...1, form: "cluster_key KEY;")?.first else { return }
        settings.clusterKey = secret(word)
    }

    mutating func readGiveUp(_ statement: Statement, into settings: inout ServerSettings) {
        needs(.failback, statement.name)
        guard let word = words(statement, 1...1, form: "give_up SECONDS;")?.first,
            let span = time(word, .seconds(1)...(.seconds(86400)))
        else { return }
        settings.giveUp = span
    }

    mutating func readHandover(_ statement: Statement, into settings: inout ServerSettings) {
        guard let word = words(statement, 1...1, form: "handover break_before_make|make_before_break;")?.first,
            let handover: Handover = choice(word, "a way of handing over")
        else { return }
        if handover == .makeBeforeBreak { needs(.makeBeforeBreak, statement.name) }
        settings.handover = handover
    }

    mutating func readClusterServe(_ statement: Statement, into settings: inout ServerSettings) {
        guard let word = words(statement, 1...1, form: "cluster_serve redirect|proxy;")?.first,
            let serve: ClusterServe = choice(word, "a way of serving")
        else { return }
        if serve == .proxy { needs(.clusterProxy, statement.name) }
        settings.clusterServe = serve
    }
}
