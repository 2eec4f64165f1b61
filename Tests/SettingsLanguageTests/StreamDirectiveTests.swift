// Directives of streams and templates: values, defaults, ranges, `off`, and what they are printed as.
import Testing

@testable import SettingsLanguage

private func stream(_ directives: String) throws -> StreamSettings {
    try #require(check("stream s { \(directives) }").loaded?.settings.streams.first)
}

@Test func defaults() throws {
    let plain = try stream("input fake://fake;")
    #expect(plain.segmentDuration == .seconds(5) && plain.segmentCount == 4 && plain.windowBytes == 64 << 20)
    #expect(plain.hlsContainer == .fmp4 && plain.startup == .always && !plain.isDisabled)
    #expect(plain.archive == nil && plain.clusterIngest == nil && plain.backup == nil && plain.title == nil)
    #expect(plain.inputs[0].effectiveSourceTimeout == .seconds(60))
    #expect(try stream("input hls://h/x;").inputs[0].effectiveSourceTimeout == .seconds(180))
}

@Test func templateIsBelowTheStream() throws {
    let settings = try #require(
        check(
            """
            template t { input fake://one; input fake://two; dvr /d 1d; segment_count 9; title T; disabled; ondemand 5; }
            stream own { template t; input fake://mine; segment_count 2; dvr off; disabled false; static; }
            stream plain { template t; }
            """
        ).loaded
    ).settings
    let (own, plain) = (settings.streams[0], settings.streams[1])
    #expect(own.inputs.map(\.url.text) == ["fake://mine"] && own.segmentCount == 2 && own.archive == nil)
    #expect(own.title == "T" && !own.isDisabled && own.startup == .always)
    #expect(plain.inputs.map(\.url.text) == ["fake://one", "fake://two"] && plain.segmentCount == 9)
    #expect(plain.archive?.age == .seconds(86400) && plain.isDisabled && plain.startup == .onDemand(idle: .seconds(5)))
}

@Test func templatesMayStandBelowTheirStreams() throws {
    let text = "stream s { template t; } template t { input fake://fake; }"
    #expect(try #require(check(text).loaded).settings.streams[0].inputs.count == 1)
}

@Test func templateMistakes() {
    #expect(check("stream s { template tt; } template tv { }").codes == [.unknownTemplate])
    #expect(check("template t { } template t { }").codes == [.duplicate])
    #expect(check("template t { template u; }").codes == [.unknownDirective])
}

@Test func clusterIngestOff() throws {
    let text = """
        cluster_key k; peer a;
        template t { cluster_ingest capture_at=A; input fake://fake; }
        stream off { template t; cluster_ingest off; } stream on { template t; }
        """
    let settings = try #require(check(text).loaded).settings
    #expect(settings.streams.map { $0.clusterIngest?.captureAt } == [nil, "A"])
    #expect(check("stream s { cluster_ingest off; }").codes == [], "off needs no peers")
    #expect(check("cluster_key k; peer abc; stream s { cluster_ingest capture_at=abd; }").codes == [.unknownPeer])
}

@Test func archiveLine() throws {
    let text = "dvr @main 7d 500G 90% replicate replication_port=8002 replication_speed=50M sync=off"
    let loaded = try #require(check("dvr main { root /mnt/dvr; } stream s { input m4f://h/s; \(text); }").loaded)
    let archive = try #require(loaded.settings.streams[0].archive)
    #expect(
        archive
            == ArchiveSettings(
                location: .store("main"), age: .seconds(7 * 86400), bytes: 500 << 30, diskShare: 90, replicates: true,
                replicationPort: 8002, replicationSpeed: 50_000_000, sync: .off))
    #expect(loaded.settings.root(of: archive) == "/mnt/dvr")
    #expect(loaded.settings.text(secrets: .shown).contains(text))
    #expect(try stream("dvr /storage;").archive == ArchiveSettings(location: .path("/storage")))
}

@Test func archiveMistakes() {
    #expect(check("dvr main { root /m; } stream s { dvr @mian 1d; }").diagnostics.map(\.nearest) == ["main"])
    #expect(check("stream s { dvr /d 1d 2d; }").codes == [.duplicate])
    #expect(check("stream s { dvr /d 101%; }").codes == [.unknownOption])
    #expect(check("stream s { dvr /d replication_prot=1; }").diagnostics.map(\.nearest) == ["replication_port="])
    #expect(check("stream s { dvr off 1d; }").codes == [.unexpectedWord])
    #expect(check("stream s { dvr /d 7; }").codes == [.doubtful], "seven seconds are hardly meant")
    #expect(check("stream s { dvr /d replication_port=8002; }").codes == [.doubtful])
    #expect(check("dvr main { }").codes == [.missingWord])
    #expect(check("dvr a/b { root /m; }").codes == [.invalidName])
}

@Test func backup() throws {
    let backup = try stream("input fake://fake; backup vod/a.mp4 timeout=2.5 dvr=true;").backup
    #expect(backup == BackupSettings(path: "vod/a.mp4", timeout: .milliseconds(2500), isRecorded: true))
    #expect(try stream("backup file://vod/a.mp4;").backup == BackupSettings(path: "vod/a.mp4"))
    #expect(check("stream s { backup vod/../a.mp4; }").codes == [.invalidURL])
    #expect(check("stream s { backup films/a.mp4; }").codes == [.unknownFileRoot])
    #expect(check("stream s { backup vod/a.mp4 dvr=maybe; }").codes == [.invalidValue])
    #expect(check("stream s { backup vod/a.mp4 dvr; }").codes == [.unknownOption])
}

@Test func hotInput() throws {
    #expect(try !stream("input fake://fake;").inputs[0].isHot)
    #expect(try stream("input fake://fake hot;").inputs[0].isHot)
    #expect(try stream("input fake://fake hot=yes;").inputs[0].isHot)
    #expect(try !stream("input fake://fake hot=false;").inputs[0].isHot)
    #expect(check("stream s { input fake://fake hot hot; }").codes == [.duplicate])
    #expect(check("stream s { input fake://fake priority; }").codes == [.unknownOption])
}

@Test(
    arguments: [
        ("segment_duration 0.2;", nil), ("segment_duration 199ms;", .outOfRange), ("segment_duration 60;", nil),
        ("segment_duration 61;", .outOfRange), ("segment_duration -1;", .invalidValue), ("segment_count 1;", nil),
        ("segment_count 0;", .outOfRange), ("segment_count 1001;", .outOfRange), ("segment_count four;", .invalidValue),
        ("window_bytes 1M;", nil), ("window_bytes 1023K;", .invalidValue), ("window_bytes 64G;", nil),
        ("window_bytes 65G;", .invalidValue), ("hls_container ts;", nil), ("hls_container mp4;", .invalidValue),
        ("ondemand;", nil), ("ondemand 1d;", nil), ("ondemand 0;", .outOfRange), ("static; ondemand;", .duplicate),
        ("static 5;", .unexpectedWord), ("on_play https://auth.example/play;", nil),
        ("on_play auth.example;", .invalidURL),
        ("on_publish http://a:0/;", .invalidURL), ("title;", .missingWord), ("title \"\";", nil),
        ("input fake://fake bitrate=10K;", nil), ("input fake://fake bitrate=2G;", .invalidValue),
        ("input udp://239.0.0.1:1 bitrate=1M;", .doubtful), ("input udp://239.0.0.1:1 program=65536;", .outOfRange),
        ("input fake://fake source_timeout=50ms;", .outOfRange), ("input fake://fake priority=0;", .outOfRange),
        ("input udp://239.0.0.1;", .invalidURL), ("input file://vod;", .invalidURL),
        ("input copy://a//b;", .invalidURL),
        ("input timeshift://cam/3600;", nil), ("input timeshift://cam/0;", .invalidURL),
        ("input \"tshttp://h/x y\";", .invalidURL), ("disabled maybe;", .invalidValue),
    ] as [(String, Diagnostic.Code?)])
func values(directive: String, code: Diagnostic.Code?) {
    #expect(check("stream s { \(directive) }").codes == (code.map { [$0] } ?? []))
}

@Test(arguments: [
    ("cam", true), ("news/hd", true), ("a~@+_-.b", true), ("", false), ("/a", false), ("a//b", false), (".a", false),
    ("a b", false), ("ü", false), ("streamer/x", false), ("a/mpegts", false), ("a/x.m3u8", false),
    (String(repeating: "a", count: 255), true), (String(repeating: "a", count: 256), false),
])
func streamNames(name: String, isGood: Bool) {
    #expect(check("stream \(Word.quoted(name)) { }").codes.isEmpty == isGood)
}
