// `event_sink` and `balancer`.

extension SettingsReader {
    mutating func readEventSink(_ statement: Statement) -> EventSinkSettings? {
        let form = "event_sink NAME { url URL; [only event=A,B;] [except media=PATTERN;] }"
        guard let name = blockName(statement, form: form) else { return nil }
        needs(.eventSink, statement.name)
        define("event_sink", name)
        var url: WebURL?
        var only: [EventSinkSettings.Filter] = []
        var except: [EventSinkSettings.Filter] = []
        var seen: [String: SourcePosition] = [:]
        for inner in block(statement, form: form) {
            switch EventSinkDirective(rawValue: inner.name.text) {
            case .url:
                once(inner.name, in: &seen)
                if let word = words(inner, 1...1, form: "url URL;")?.first { url = webURL(word) }
            case .only: if let filter = readFilter(inner) { only.append(filter) }
            case .except: if let filter = readFilter(inner) { except.append(filter) }
            case nil: unknownDirective(inner, in: "event_sink", known: EventSinkDirective.allCases.map(\.rawValue))
            }
        }
        if seen.isEmpty, statement.block != nil { note(.missingWord, name, "'\(name.text)' needs 'url URL;'") }
        return url.map { EventSinkSettings(name: name.text, url: $0, only: only, except: except) }
    }

    private mutating func readFilter(_ statement: Statement) -> EventSinkSettings.Filter? {
        let fields = EventSinkSettings.Condition.Field.allCases
        let form = "\(statement.name.text) event=A,B [media=PATTERN];"
        var conditions: [EventSinkSettings.Condition] = []
        var seen: [String: SourcePosition] = [:]
        for word in words(statement, 1...fields.count, form: form) ?? [] {
            guard let option = word.option, let field = EventSinkSettings.Condition.Field(rawValue: option.key) else {
                unexpected(
                    word, in: statement, form: form, allowed: fields.map { $0.rawValue + "=" }, code: .unknownOption)
                continue
            }
            once(word, in: &seen, as: option.key)
            let values = option.value.text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            if values.contains("") {
                note(.invalidValue, option.value, "'\(option.value.text)' has an empty value; write \(option.key)=A,B")
            }
            conditions.append(EventSinkSettings.Condition(field: field, values: values))
        }
        return conditions.isEmpty ? nil : EventSinkSettings.Filter(conditions: conditions)
    }

    mutating func readBalancer(_ statement: Statement) -> BalancerSettings? {
        let form = "balancer NAME { mode clients|bitrate|usage|streams; peer NAME; … }"
        guard let name = blockName(statement, form: form) else { return nil }
        needs(.balancer, statement.name)
        define("balancer", name)
        var balancer = BalancerSettings(name: name.text)
        var seen: [String: SourcePosition] = [:]
        for inner in block(statement, form: form) {
            switch BalancerDirective(rawValue: inner.name.text) {
            case .mode:
                once(inner.name, in: &seen)
                if let word = words(inner, 1...1, form: "mode MODE;")?.first {
                    balancer.mode = choice(word, "a mode") ?? .clients
                }
            case .peer:
                if let word = words(inner, 1...1, form: "peer NAME;")?.first {
                    references.append(Reference(kind: .peer, word: word))
                    if balancer.peers.contains(where: { $0.lowercased() == word.text.lowercased() }) {
                        note(.duplicate, word, "peer '\(word.text)' is in this balancer already")
                    }
                    balancer.peers.append(word.text)
                }
            case nil: unknownDirective(inner, in: "balancer", known: BalancerDirective.allCases.map(\.rawValue))
            }
        }
        return balancer
    }
}
