// Directives outside of streams: listeners, the group, balancers, event sinks, files, features.
import Testing

@testable import SettingsLanguage

private func settings(_ text: String) throws -> ServerSettings { try #require(check(text).loaded).settings }

@Test func listeners() throws {
    let text = "http 8080; http 127.0.0.1:8081; http [::1]:8081; http *:8082; https 8443 { certificate /c; key /k; }"
    let found = try settings(text)
    #expect(found.listeners.map(\.place) == ["8080", "127.0.0.1:8081", "[::1]:8081", "8082", "8443"])
    #expect(found.listeners.map { $0.tls?.key } == [nil, nil, nil, nil, "/k"])
    let moved = found.listening(at: [ListenerSettings(port: 1)])
    #expect(moved.listeners.map(\.port) == [1, 8443], "--listen replaces http, not https")
    #expect(try settings("").effectiveListeners == [.standard])
}

@Test(
    arguments: [
        ("http 0;", .invalidValue), ("http 65536;", .invalidValue), ("http 80 81;", .unexpectedWord),
        ("http 8080; https 127.0.0.1:8080 { certificate /c; key /k; }", .duplicate), ("https 443;", .missingBlock),
        ("https 443 { certificate /c; }", .missingWord),
        ("https 443 { certificate /c; kye /k; key /k; }", .unknownDirective),
        ("http 80 { }", .unexpectedBlock), ("edit_auth a;", .missingWord), ("edit_auth a:b c;", .invalidValue),
        ("edit_auth a \"\";", .invalidValue), ("edit_auth a b; edit_auth a b;", .duplicate),
        ("hostname a:1;", .invalidValue),
        ("failback sometimes;", .invalidValue), ("failback delayed;", .missingWord),
        ("failback delayed 0;", .outOfRange),
        ("give_up;", .missingWord), ("give_up 0;", .outOfRange), ("give_up never;", .invalidValue),
        ("failback off 5;", .unexpectedWord), ("handover never;", .invalidValue),
        ("cluster_serve poxy;", .invalidValue),
        ("cluster_key k; peer a; peer A:81;", .duplicate), ("peer a;", .missingClusterKey),
        ("cluster_key k; peer a { fetch_timeout 99; }", .outOfRange),
        ("cluster_key k; peer a { weight 1001; }", .outOfRange),
        ("cluster_key k; peer a { public a.example; }", .invalidURL), ("balancer b { peer x; }", .unknownPeer),
        ("balancer b { mode fastest; }", .invalidValue), ("event_sink e { }", .missingWord),
        ("event_sink e { url http://h; only evnt=a; }", .unknownOption),
        ("event_sink e { url http://h; only event=a,; }", .invalidValue), ("vod v { }", .missingWord),
        ("vod v { storage a; path b; }", .duplicate), ("vod v { storage a; } file v { path b; }", .duplicate),
        ("vod a/b { storage a; }", .invalidName), ("{ }", .namelessBlock), ("http 80", .missingSemicolon),
        ("vod v { storage a;", .unclosedBlock), ("}", .unmatchedBrace), ("cluster_key \"a;", .unterminatedQuote),
    ] as [(String, Diagnostic.Code)])
func mistakes(text: String, code: Diagnostic.Code) {
    #expect(check(text).codes.first == code, "\(check(text).diagnostics)")
}

@Test func groupDirectives() throws {
    #expect(try settings("").failback == .delayed(.seconds(10)))
    #expect(try settings("failback immediate;").failback == .immediate)
    #expect(try settings("failback delayed 5m;").failback == .delayed(.seconds(300)))
    #expect(try settings("failback off;").failback == .off)
    #expect(try settings("").giveUp == .seconds(30))
    #expect(try settings("give_up 2m;").giveUp == .seconds(120))
    #expect(try settings("handover make_before_break;").handover == .makeBeforeBreak)
    #expect(try settings("cluster_serve proxy;").clusterServe == .proxy)
    let peer = try #require(
        settings(
            "cluster_key k; peer a:81 { address b; public https://c/; fetch_timeout 2s; weight 0; channel_limit 3; }"
        ).peers.first)
    #expect(peer.contact == HostPort(host: "b", port: 81) && peer.viewerURL == "https://c")
    #expect(peer.fetchTimeout == .seconds(2) && peer.staleTimeout == .seconds(8))
    #expect(peer.weight == 0 && peer.channelLimit == 3)
    let secure = try settings(
        "http 80; https 8443 { certificate /c; key /k; } https 9443 { certificate /c; key /k; } "
            + "cluster_key k; peer a:81 { address [::1]:5; } peer b; peer c { public http://c.example; }")
    #expect(
        secure.peers.map { secure.secureViewerURL(of: $0) } == [
            "https://[::1]:8443", "https://b:8443", "http://c.example",
        ])
    let open = try settings("cluster_key k; peer a;")
    #expect(open.secureViewerURL(of: open.peers[0]) == nil, "it is not known that it listens with TLS")
    let plain = try settings("cluster_key k; peer a;").peers[0]
    #expect(plain.viewerURL == "http://a:80")
    // The defaults of the pages; the last one is the port of the reference page's third peer.
    #expect(plain.fetchTimeout == .seconds(5) && plain.staleTimeout == .seconds(20))
    #expect(plain.weight == 1 && plain.channelLimit == nil && plain.contact == HostPort(host: "a", port: 80))
    let docs = String(decoding: try RepositorySource().read("docs/cluster.md"), as: UTF8.self)
    #expect(
        docs.contains("`fetch_timeout` (default\n5000 ms)")
            && docs.contains("`stale_timeout` (default four times that)"))
}

@Test func balancers() throws {
    let found = try settings("cluster_key k; peer p1; peer p2; balancer lb { mode usage; peer p1; peer P2; }")
    #expect(found.balancers == [BalancerSettings(name: "lb", mode: .usage, peers: ["p1", "P2"])])
    #expect(check("cluster_key k; peer p; balancer b { peer p; peer P; }").codes == [.duplicate], "names have no case")
}

@Test func eventSinks() throws {
    let sink = try #require(
        settings("event_sink n { url https://u:p@h/x; only event=a,b level=error; except media=*; }").eventSinks.first)
    #expect(
        sink.only == [
            .init(conditions: [.init(field: .event, values: ["a", "b"]), .init(field: .level, values: ["error"])])
        ])
    #expect(sink.except == [.init(conditions: [.init(field: .media, values: ["*"])])])
    #expect("\(sink.url)" == "https://u:***@h/x")
}

@Test func fileRoots() throws {
    let found = try settings("vod films { storage /f; } file old { path /o; }")
    #expect(found.fileDirectories == ["films": "/f", "old": "/o", "vod": "vod"])
    #expect(try settings("vod vod { storage /v; }").fileDirectories == ["vod": "/v"])
    let unknown = check("vod films { storage /f; } stream s { input file://filsm/a.mp4; }").diagnostics
    #expect(unknown.map(\.allowed) == [["films", "vod"]] && unknown.first?.nearest == "films")
    #expect(check("vod films { storage /f; } file films { path /o; }").codes == [.duplicate])
}

@Test func whatTheServerDoesNotHaveIsNamedWithItsPlace() throws {
    let text = """
        https 443 { certificate /c; key /k; }
        cluster_key k; peer a;
        stream s {
          input srt://h:1;
          input fake://fake hot;
          dvr /d replicate;
        }
        """
    let loaded = try #require(check(text).loaded)
    #expect(loaded.unavailable(given: Feature.allCases).isEmpty)
    let all = loaded.unavailable(given: [.input(.fake)])
    #expect(all.map(\.word) == ["https", "cluster_key", "peer", "input srt://", "hot", "dvr", "replicate"])
    #expect(all.map(\.position.line) == [1, 2, 2, 4, 5, 6, 6])
    #expect(all.allSatisfy { $0.severity == .notice && $0.code == .unavailable })
    #expect(
        loaded.unavailable(given: Feature.allCases.subtracting([.replication])).first?.description
            == "weir.conf:6:10: notice: 'replicate' has no effect: replication of archives is not available in this version"
    )
}

@Test func featuresOfAllDirectivesHaveNames() {
    #expect(Set(Feature.allCases.map(\.description)).count == Feature.allCases.count)
    let uses = check("stream s { \(InputScheme.allCases.map { "input \($0.example);" }.joined()) }").loaded?.uses
    #expect(uses?.map(\.feature) == InputScheme.allCases.map(Feature.input), "every example of a scheme is read")
}
