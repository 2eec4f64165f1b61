// What a reload finds to do.
import Testing

@testable import SettingsLanguage

private func change(_ old: String, _ new: String) throws -> SettingsChange {
    SettingsChange(
        from: try #require(check(old).loaded).settings, to: try #require(check(new).loaded).settings)
}

@Test func streamsAreAddedRemovedKept() throws {
    let found = try change(
        "stream a { input fake://fake; } stream b { input fake://fake; } stream c { input fake://fake; }",
        "stream d { input fake://fake; } stream c { input fake://fake; } stream a { input fake://fake; }")
    #expect(found.added.map(\.name) == ["d"])
    #expect(found.removed.map(\.name) == ["b"])
    #expect(found.kept == ["c", "a"])
    #expect(found.changed.isEmpty)
}

@Test(
    arguments: [
        ("input fake://fake bitrate=1M;", [.inputs]), ("input fake://fake; input fake://two;", [.inputs]),
        ("input fake://fake; backup vod/a.mp4;", [.inputs]), ("input fake://fake; segment_duration 2;", [.window]),
        ("input fake://fake; segment_count 9;", [.window]), ("input fake://fake; window_bytes 1M;", [.window]),
        ("input fake://fake; hls_container ts;", [.window]), ("input fake://fake; dvr /d;", [.archive]),
        ("input fake://fake; cluster_ingest;", [.cluster]), ("input fake://fake; title T;", [.other]),
        ("input fake://fake; on_play http://a;", [.other]), ("input fake://fake; on_publish http://a;", [.other]),
        ("input fake://fake; ondemand;", [.other]), ("input fake://fake; disabled;", [.other]),
        ("input fake://two; dvr /d; title T; segment_count 9;", [.inputs, .archive, .other, .window]),
        // The defaults, spelt out, are no change.
        ("input fake://fake; segment_duration 5; segment_count 4; window_bytes 64M; static; dvr off;", []),
    ] as [(String, Set<SettingsChange.Aspect>)])
func aspects(directives: String, expected: Set<SettingsChange.Aspect>) throws {
    let group = "cluster_key k; peer a;"
    let found = try change("\(group) stream s { input fake://fake; }", "\(group) stream s { \(directives) }")
    #expect(found.changed.first?.aspects ?? [] == expected)
    #expect(found.kept == (expected.isEmpty ? ["s"] : []))
    #expect(found.isEmpty == expected.isEmpty)
}

@Test func moveIntoATemplateIsNoChange() throws {
    let found = try change(
        "stream s { input fake://fake; segment_count 9; }",
        "template t { segment_count 9; } stream s { template t; input fake://fake; }")
    #expect(found.isEmpty)
}

@Test func changedTemplateChangesItsStreams() throws {
    let streams = "stream a { template t; input fake://fake; } stream b { input fake://fake; }"
    let found = try change("template t { dvr /d; } \(streams)", "template t { dvr /d 1d; } \(streams)")
    #expect(found.changed.map(\.name) == ["a"] && found.changed.first?.aspects == [.archive])
    #expect(found.kept == ["b"])
}

@Test func movedStoreChangesTheStreamsInIt() throws {
    let streams = "stream a { dvr @m; } stream b { dvr /x; }"
    let found = try change("dvr m { root /one; } \(streams)", "dvr m { root /two; } \(streams)")
    #expect(found.changed.map(\.name) == ["a"] && found.changed.first?.aspects == [.archive])
    #expect(found.otherDirectives == [.dvr])
}

@Test func listenersAreOpenedAndClosed() throws {
    let found = try change("http 8080; http 8081;", "http 8081; http 127.0.0.1:8082;")
    #expect(found.openedListeners == [ListenerSettings(host: "127.0.0.1", port: 8082)])
    #expect(found.closedListeners == [ListenerSettings(port: 8080)])
    #expect(try change("", "http 8080;").isEmpty, "the default listener, written out")
}

@Test func peersAreAddedRemovedChanged() throws {
    let found = try change(
        "cluster_key k; peer a; peer b; peer c;", "cluster_key k; peer A; peer b { weight 2; } peer d;")
    #expect(found.addedPeers.map(\.name) == ["d"])
    #expect(found.removedPeers.map(\.name) == ["c"])
    #expect(found.changedPeers.map(\.name) == ["b"])
}

@Test(
    arguments: [
        ("hostname h;", .hostname), ("edit_auth u p;", .editAuth), ("view_auth u p;", .viewAuth),
        ("cluster_key k;", .clusterKey), ("failback off;", .failback), ("handover make_before_break;", .handover),
        ("give_up 5;", .giveUp),
        ("cluster_serve proxy;", .clusterServe), ("vod films { storage /f; }", .vod), ("file f { path /f; }", .vod),
        ("dvr m { root /m; }", .dvr), ("balancer b { mode usage; }", .balancer),
        ("event_sink e { url http://h; }", .eventSink),
    ] as [(String, ServerDirective)])
func otherDirectives(text: String, expected: ServerDirective) throws {
    #expect(try change("", text).otherDirectives == [expected])
    #expect(try change(text, "").otherDirectives == [expected])
    #expect(try change(text, text).isEmpty)
}

@Test func changesAreSaidInLines() throws {
    let found = try change(
        "cluster_key k; peer a; peer b; hostname x; stream a { input fake://fake; } stream b { input fake://fake; }",
        "cluster_key k; peer a { weight 2; } peer c; hostname y; view_auth u p; "
            + "stream b { input fake://two; dvr /d; } stream c { input fake://fake; }")
    #expect(found.streamLines == ["stream a removed", "stream c added", "stream b changed: archive, inputs"])
    #expect(
        found.serverLines == [
            "peer b removed", "peer c added", "peer a changed", "hostname changed: holds from the next start on",
            "view_auth changed",
        ])
}

@Test func remarksThatAreNew() throws {
    let playing = "stream a { input fake://fake; on_play http://a; }\n"
    let alike = "stream b { input fake://fake; on_play http://b; }\n"
    let publishing = "stream c { input fake://fake; on_publish http://c; }\n"
    let short = "cluster_key k; peer p { fetch_timeout 1000; stale_timeout 2500; }\n"
    let features = Feature.allCases.subtracting([.onPlay, .onPublish])
    let old = try #require(check(playing).loaded)
    for (text, expected) in [
        (playing, []), ("# moved\n" + playing, []), ("", []), (playing + publishing, ["2 on_publish"]),
        (publishing + playing, ["1 on_publish"]), (playing + alike, ["2 on_play"]), (playing + short, ["2 2500"]),
    ] as [(String, [String])] {
        let new = try #require(check(text).loaded)
        #expect(
            new.remarks(given: features, newSince: old).map { "\($0.position.line) \($0.word)" } == expected, "\(text)")
        #expect(new.remarks(given: features, newSince: new) == [], "\(text)")
    }
}
