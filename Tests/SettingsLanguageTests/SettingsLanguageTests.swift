// The reference pages' configurations load unchanged, are printed and read back, and survive damage without a trap.
import TestSupport
import Testing

@testable import SettingsLanguage

/// Configurations of the two reference pages, text unchanged, one fixture per server.
private let fixtures: [String] = [
    """
    cluster_key abcd;
    peer flussonic:8080;
    peer streamer:8081;
    peer s03.myhosting.com;
    stream cam01 {
      input file://vod/bunny.mp4;
      cluster_ingest;
    }
    stream cam02 {
      input file://vod/bunny.mp4;
      cluster_ingest;
    }
    stream cam03 {
      input fake://fake;
      cluster_ingest capture_at=streamer;
    }
    """,
    """
    cluster_key abcd;
    peer flussonic1:8080;
    peer streamer:8081 {
      fetch_timeout 1000;
      stale_timeout 3000;
    }
    """,
    """
    stream example_stream {
      url udp://224.1.2.3:1234;
      url m4f://flussonic_2.myhosting.com/example;
      dvr /storage 3d replicate;
    }
    """,
    """
    stream example_stream {
      url m4f://flussonic_1.myhosting.com/example;
      url udp://224.1.2.3:1234;
      dvr /storage 3d replicate;
    }
    """,
]

@Test("Every configuration of the reference pages loads unchanged and without a remark", arguments: fixtures)
func referencePagesLoad(text: String) throws {
    let loaded = try LoadedSettings.load("weir.conf", from: TextSettingsSource(["weir.conf": text]))
    #expect(loaded.warnings.isEmpty)
    let printed = loaded.settings.text(secrets: .shown)
    #expect(check(printed).loaded?.settings == loaded.settings, "printed: \(printed)")
}

@Test func typedValuesOfTheReplicationPage() throws {
    let settings = try #require(check(fixtures[2]).loaded).settings
    let stream = try #require(settings.streams.first)
    #expect(stream.inputs.map(\.url.scheme) == [.udp, .m4f])
    #expect(stream.archive == ArchiveSettings(location: .path("/storage"), age: .seconds(259_200), replicates: true))
}

@Test func allMistakesInOneGo() {
    let found = check(
        "stream a {\n  inptu fake://fake;\n  input upd://239.0.0.1:1;\n}\nstream a { cluster_ingest; }\nhttp 70000;"
    ).diagnostics
    #expect(
        found.map(\.code) == [
            .unknownDirective, .invalidURL, .duplicate, .missingPeers, .missingClusterKey, .invalidValue,
        ])
    #expect(found.first?.position == SourcePosition(file: "weir.conf", line: 2, column: 3))
    #expect(found.first?.nearest == "input")
    #expect(found[1].nearest == "udp://")
    let line = found[0].description
    #expect(line.hasPrefix("weir.conf:2:3: error: ") && line.contains("inptu") && line.contains("'input'"), "\(line)")
    #expect(line.contains("(allowed: ") && line.contains("segment_duration"), "\(line)")
}

@Test(arguments: [(1999, Diagnostic.Severity.error), (2999, .warning), (3000, nil)] as [(Int, Diagnostic.Severity?)])
func staleTimeoutAgainstFetchTimeout(stale: Int, severity: Diagnostic.Severity?) {
    let text = "cluster_key k; peer a { fetch_timeout 1000; stale_timeout \(stale); }"
    #expect(check(text).diagnostics.map(\.severity) == (severity.map { [$0] } ?? []))
}

@Test func secretsAreNeitherPrintedNorReadBack() throws {
    let secret = "hunter2"
    let text = "cluster_key \(secret); edit_auth admin \(secret); stream a { input rtsp://u:\(secret)@h/x; }"
    let hidden = try #require(check(text).loaded).settings.text(secrets: .hidden)
    #expect(!hidden.contains(secret))
    #expect(check(hidden).diagnostics.map(\.code) == [.hiddenSecret, .hiddenSecret, .hiddenSecret])
    let wrong = check("cluster_key \(secret) \(secret);\ncluster_kye \(secret);")
    #expect(!Diagnostic.report(wrong.diagnostics).contains(secret))
}

@Test func identityNamesThePeers() throws {
    let settings = try #require(check(fixtures[0]).loaded).settings
    #expect(try settings.identify(hostname: "STREAMER", machineName: "x").peer?.port == 8081)
    let error = #expect(throws: UnknownIdentity.self) { try settings.identify(hostname: "streamr", machineName: "x") }
    #expect(error?.peers == ["flussonic", "streamer", "s03.myhosting.com"])
    #expect(error?.nearest == "streamer")
    let advice = "Give its name in the list with --hostname NAME or 'hostname NAME;', or add 'peer"
    #expect(
        error?.description
            == "this server is 'streamr', but the peers are flussonic, streamer, s03.myhosting.com; did you mean 'streamer'? "
            + "\(advice) streamr:PORT;'.")
    let far = #expect(throws: UnknownIdentity.self) { try settings.identify(hostname: nil, machineName: "edge-7-lab") }
    #expect(
        far?.description.contains("s03.myhosting.com. \(advice) edge-7-lab:PORT;'.") == true,
        "\(far?.description ?? "")")
    // The flag goes before the directive, the directive before the machine's name.
    let named = try #require(check("hostname flussonic; \(fixtures[0])").loaded).settings
    #expect(try named.identify(hostname: nil, machineName: "streamer").name == "flussonic")
    #expect(try named.identify(hostname: "streamer", machineName: "x").name == "streamer")
    #expect(try settings.identify(hostname: nil, machineName: "Streamer").name == "streamer")
}

/// What the operator reads for each mistake in the group's lines: where, what is wrong, and what to do.
@Test(
    arguments: [
        (
            "cluster_key k; peer a { fetch_timeout 1000; stale_timeout 1999; }",
            "1:59: error: stale_timeout 1999 ms is less than twice fetch_timeout 1000 ms: one lost answer would count as death; use at least three times"
        ),
        (
            "cluster_key k; peer a { stale_timeout 9999; }",
            "1:39: error: stale_timeout 9999 ms is less than twice fetch_timeout 5000 ms: one lost answer would count as death; use at least three times"
        ),
        (
            "cluster_key k; peer a { fetch_timeout 1s; stale_timeout 2s; }",
            "1:57: warning: stale_timeout 2000 ms is less than three times fetch_timeout 1000 ms: a slow answer after a lost one counts as death"
        ),
        ("cluster_key k; peer abc; stream s { cluster_ingest capture_at=abd; }", "did you mean 'abc'?"),
        ("cluster_key k; peer abc; stream s { cluster_ingest capture_at=zzzz; }", "abc"),
        (
            "cluster_key k; peer a:80; peer A:81;",
            "on one machine, give each a name of its own: peer NAME { address A:81; }"
        ),
        ("stream s { cluster_ingest; }", "cluster_ingest needs the list of servers: add 'peer HOST:PORT;' lines"),
        ("peer a; stream s { cluster_ingest; }", "cluster_key KEY;"),
    ])
func mistakesInTheGroupAreClear(text: String, words: String) {
    let report = Diagnostic.report(check(text).diagnostics)
    #expect(report.contains(words), "\(report)")
}

@Test func includeCycleIsNamed() {
    let source = TextSettingsSource(["a/w.conf": "include b.conf;", "a/b.conf": "include w.conf;"])
    #expect(SettingsCheck(path: "a/w.conf", in: source).diagnostics.map(\.code) == [.includeCycle])
}

@Test(arguments: 0..<4)
func damagedTextNeverTrapsAndEveryRemarkHasItsPlace(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let pieces = [
        "{", "}", ";", "\"", "'", "\\", "#", "=", "\n", "..", "://", "99999999999999999999", "\u{0}", "é", "%",
    ]
    for _ in 0..<1000 {
        var scalars = Array(fixtures.randomElement(using: &random)!.unicodeScalars)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<scalars.count, using: &random)
            if Bool.random(using: &random) {
                scalars.remove(at: place)
            } else {
                scalars.insert(contentsOf: pieces.randomElement(using: &random)!.unicodeScalars, at: place)
            }
        }
        let text = String(String.UnicodeScalarView(scalars))
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        let result = check(text)
        for position in result.diagnostics.map(\.position) {
            #expect((1...lines.count).contains(position.line))
            #expect(position.column >= 1 && position.column <= (lines[position.line - 1].count + 1))
        }
        if let settings = result.loaded?.settings {
            #expect(check(settings.text(secrets: .shown)).loaded?.settings == settings, "seed \(seed): \(text)")
        }
    }
}
