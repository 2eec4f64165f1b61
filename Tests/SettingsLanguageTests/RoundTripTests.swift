// Generated settings of every kind are printed and read back as the same settings.
import TestSupport
import Testing

@testable import SettingsLanguage

/// Draws settings that the reader could have made; references point to what is there.
private struct SettingsMaker {
    var random: SeededGenerator

    mutating func chance(_ percent: Int = 50) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    mutating func some<Value>(_ make: (inout SettingsMaker) -> Value) -> Value? { chance() ? make(&self) : nil }
    mutating func one<Value>(of values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &random)] }
    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    mutating func span(_ low: Int, _ high: Int) -> Duration { .milliseconds(number(low...high)) }

    mutating func text() -> String {
        let pieces = [" ", ";", "{", "}", "\"", "'", "\\", "#", "=", "\n", "\t", "é", "💡", "\u{7}", "a", "off", "b/c"]
        return (0...number(0...6)).map { _ in one(of: pieces) }.joined()
    }
    /// Without control characters: paths do not have them.
    mutating func path() -> String { "/" + text().filter { $0 != "\n" && $0 != "\t" && $0 != "\u{7}" } }
    mutating func name(_ index: Int) -> String { one(of: ["cam", "news/hd", "a~b", "x.y-z_0+@"]) + "\(index)" }

    mutating func webURL() -> WebURL {
        let texts = ["http://a", "https://u:p@[::1]:8443/x?token=1;2", "http://h:80/#{a}", "http://h/a='b'"]
        return WebURL(parsing: one(of: texts))!
    }

    mutating func input() throws -> InputSettings {
        let url = try InputURL(parsing: one(of: InputScheme.allCases.map(\.example) + ["rtsp://u:p@h/x?a=1;b#c"]))
        var input = InputSettings(url: url)
        input.priority = some { $0.number(1...1000) }
        input.sourceTimeout = some { $0.span(100, 86_400_000) }
        input.isHot = chance(20)
        input.program = some { $0.number(1...65535) }
        if url.scheme == .fake { input.bitrate = some { Int64($0.number(10_000...1_000_000_000)) } }
        return input
    }

    mutating func archive(stores: [String]) -> ArchiveSettings {
        var archive = ArchiveSettings(location: .path(path()))
        if !stores.isEmpty, chance() { archive.location = .store(one(of: stores)) }
        archive.age = some { $0.span(60_000, 9_000_000_000) }
        archive.bytes = some { Int64($0.number(1...1 << 40)) * 1024 }
        archive.diskShare = some { $0.number(1...100) }
        archive.replicates = chance()
        if archive.replicates {
            archive.replicationPort = some { $0.number(1...65535) }
            archive.replicationSpeed = some { Int64($0.number(1000...1 << 40)) }
        }
        archive.sync = one(of: [.off, ArchiveSettings.defaultSync, .every(span(100, 3_600_000))])
        return archive
    }

    mutating func directives(stores: [String], peers: [String]) throws -> StreamDirectives {
        var made = StreamDirectives()
        made.title = some { $0.text() }
        for _ in 0..<number(0...3) { made.inputs.append(try input()) }
        made.backup = some {
            BackupSettings(
                path: "vod/" + $0.one(of: ["a.mp4", "x y", "b;c"]).replacing(" ", with: "_"),
                timeout: $0.some { $0.span(100, 86_400_000) }, isRecorded: $0.chance())
        }
        made.segmentDuration = some { $0.span(200, 60_000) }
        made.segmentCount = some { $0.number(1...1000) }
        made.windowBytes = some { Int64($0.number(1 << 20...64 << 30)) }
        made.hlsContainer = some { $0.one(of: HLSContainer.allCases) }
        made.archive = some { $0.chance(20) ? .off : .on($0.archive(stores: stores)) }
        made.clusterIngest = some { maker in
            if peers.isEmpty || maker.chance(20) { return .off }
            return .on(ClusterIngestSettings(captureAt: maker.some { $0.one(of: peers) }))
        }
        made.onPlay = some { $0.webURL() }
        made.onPublish = some { $0.webURL() }
        made.startup = some { $0.chance() ? .always : .onDemand(idle: $0.span(1000, 86_400_000)) }
        made.isDisabled = some { $0.chance() }
        return made
    }

    mutating func peer(_ index: Int) -> PeerSettings {
        var peer = PeerSettings(name: "peer\(index).example", port: one(of: [80, 8080, number(1...65535)]))
        peer.address = some {
            HostPort(host: $0.one(of: ["10.0.0.1", "::1", "h_1"]), port: $0.some { $0.number(1...65535) })
        }
        peer.publicURL = some { $0.webURL() }
        if chance() {
            peer.fetchTimeout = span(100, 100_000)
            peer.staleTimeout = peer.fetchTimeout * 3 + span(0, 1000)
        }
        peer.weight = number(0...1000)
        peer.channelLimit = some { $0.number(0...1_000_000) }
        return peer
    }

    mutating func filters() -> [EventSinkSettings.Filter] {
        (0..<number(0...2)).map { _ in
            let fields = EventSinkSettings.Condition.Field.allCases.prefix(number(1...4))
            return .init(
                conditions: fields.map { .init(field: $0, values: chance() ? ["a", "b c", "d=e"] : ["*"]) })
        }
    }

    mutating func settings() throws -> ServerSettings {
        var made = ServerSettings()
        for index in 0..<number(0...3) {
            var listener = ListenerSettings(host: one(of: [nil, "127.0.0.1", "::1"]), port: 8000 + index)
            if chance(30) { listener.tls = .init(certificate: path(), key: path()) }
            made.listeners.append(listener)
        }
        made.hostname = some { $0.one(of: ["peer0.example", "Host-1"]) }
        made.editAuth = some {
            Credentials(user: "admin" + $0.text().replacing(":", with: ""), password: Secret($0.text()))
        }
        made.viewAuth = some { Credentials(user: "guest", password: Secret("x" + $0.text())) }
        for index in 0..<number(0...3) { made.peers.append(peer(index)) }
        let peers = made.peers.map(\.name)
        if !peers.isEmpty || chance() { made.clusterKey = Secret("k" + text()) }
        made.failback = one(of: [.standard, .immediate, .off, .delayed(span(1000, 86_400_000))])
        made.giveUp = span(1000, 86_400_000)
        made.handover = one(of: Handover.allCases)
        made.clusterServe = one(of: ClusterServe.allCases)
        for index in 0..<number(0...2) { made.fileRoots.append(FileRoot(name: "films \(index)", path: path())) }
        for index in 0..<number(0...2) { made.stores.append(ArchiveStore(name: "store;\(index)", root: path())) }
        for index in 0..<number(0...2) {
            made.eventSinks.append(
                EventSinkSettings(name: "sink\(index)", url: webURL(), only: filters(), except: filters()))
        }
        if chance() {
            made.balancers = [
                BalancerSettings(name: text() + "x", mode: one(of: BalancerSettings.Mode.allCases), peers: peers)
            ]
        }
        let stores = made.stores.map(\.name)
        for index in 0..<number(0...2) {
            made.templates.append(
                TemplateDefinition(name: "t \(index)", directives: try directives(stores: stores, peers: peers)))
        }
        let templates = made.templates.map(\.name)
        for index in 0..<number(0...4) {
            made.definitions.append(
                StreamDefinition(
                    name: name(index), template: templates.isEmpty ? nil : some { $0.one(of: templates) },
                    directives: try directives(stores: stores, peers: peers)))
        }
        return made
    }
}

@Test(arguments: 0..<8) func whatIsPrintedIsReadBack(seed: UInt64) throws {
    var maker = SettingsMaker(random: SeededGenerator(seed: seed))
    for round in 0..<100 {
        let settings = try maker.settings()
        let printed = settings.text(secrets: .shown)
        let result = check(printed)
        try #require(
            result.loaded?.settings == settings,
            "seed \(seed), round \(round)\n\(Diagnostic.report(result.diagnostics))\n\(printed)")
        #expect(result.loaded?.settings.text(secrets: .shown) == printed)
        #expect(SettingsChange(from: settings, to: settings).isEmpty)
    }
}
