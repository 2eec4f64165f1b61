// Words, quotes, escapes, units, files: what the text of a configuration is made of.
import TestSupport
import Testing

@testable import SettingsLanguage

private func title(_ text: String) throws -> String {
    try #require(check("stream s { title \(text); }").loaded?.settings.streams.first?.title)
}

@Test(arguments: [
    ("plain", "plain"), ("\"two words\"", "two words"), ("'single \"double\"'", "single \"double\""),
    (##"a\ b\;\{\}\#"##, "a b;{}#"), (#""\n\t\\\"\u{1F4A1}\u{e9}""#, "\n\t\\\"💡é"),
    (#"mixed" and "'quoted'"#, "mixed and quoted"),
    ("über", "über"), ("\"a=b\"", "a=b"), ("\"# no comment\"", "# no comment"),
])
func quotesAndEscapes(text: String, expected: String) throws {
    #expect(try title(text) == expected)
    #expect(try title(Word.quoted(expected)) == expected)
}

@Test func commentsEndWithTheirLine() throws {
    #expect(try #require(check("# a; {\nhttp 80; # b }\n#").loaded).settings.listeners.map(\.port) == [80])
    #expect(try #require(check("\u{FEFF}http 80;\r\nhttp 81;\r\n").loaded).settings.listeners.map(\.port) == [80, 81])
}

@Test(arguments: [#"\q"#, #"\u{110000}"#, #"\u{}"#, #"\u41"#])
func unknownEscapes(text: String) {
    #expect(check("stream s { title \"\(text)\"; }").codes == [.unknownEscape])
}

@Test(
    arguments: [
        ("15", 15000), ("2.5", 2500), ("500ms", 500), ("1h30m", 5_400_000), ("3d", 259_200_000), ("1w", 604_800_000),
        ("0.001", 1), ("", nil), ("-1", nil), ("1x", nil), ("1.0001", nil), ("d", nil), ("1h30", nil), ("200000d", nil),
        ("0.0005s", nil), ("999999999999999w", nil), ("1 d", nil),
    ] as [(String, Int64?)])
func times(text: String, milliseconds: Int64?) {
    #expect(TimeText.parse(text, bare: .seconds)?.wholeMilliseconds == milliseconds)
}

@Test(
    arguments: [
        ("1024", 1024), ("1K", 1024), ("1.5K", 1536), ("500G", 500 << 30), ("2P", 2 << 50), ("", nil), ("K", nil),
        ("1k", nil), ("1KB", nil), ("0.0001K", nil), ("999999999999999P", nil), ("+1", nil),
    ] as [(String, Int64?)])
func sizes(text: String, bytes: Int64?) {
    #expect(QuantityText.parseBytes(text) == bytes)
}

@Test func ratesCountInThousands() {
    #expect(QuantityText.parseRate("50M") == 50_000_000)
    #expect(QuantityText.parseRate("1.5K") == 1500)
    #expect(QuantityText.parseShare("0%") == nil && QuantityText.parseShare("100%") == 100)
}

/// Whatever span or amount a setting holds, its text means the same.
@Test(arguments: 0..<4) func amountsAreReadBack(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
        let span = Duration.milliseconds(
            Int64.random(in: 0...1 << Int64.random(in: 1...41, using: &random), using: &random))
        for unit in [TimeText.BareUnit.seconds, .milliseconds] {
            #expect(TimeText.parse(TimeText.print(span, bare: unit), bare: unit) == span)
        }
        let amount = Int64.random(in: 0...1 << Int64.random(in: 1...49, using: &random), using: &random)
        #expect(QuantityText.parseBytes(QuantityText.printBytes(amount)) == amount)
        #expect(QuantityText.parseRate(QuantityText.printRate(amount)) == amount)
    }
}

@Test(arguments: [
    ("a/b.conf", "a/*.conf", true), ("a/b/c.conf", "a/*.conf", false), ("ab", "a?", true), ("a/", "a?", false),
    ("aXbXc", "a*b*c", true), ("abc", "*", true), ("", "*", true), ("abc", "a*d", false), ("aab", "*ab", true),
])
func wildcards(path: String, pattern: String, matches: Bool) {
    #expect(wildcardMatch(path, pattern: pattern) == matches)
}

@Test func filesAreReadInOrder() throws {
    let source = TextSettingsSource([
        "etc/weir.conf": "include streams/*.conf; stream main { include input.conf; }",
        "etc/input.conf": "input fake://fake;", "etc/streams/b.conf": "stream b { include ../input.conf; }",
        "etc/streams/a.conf": "stream a { }", "etc/streams/../input.conf": "input fake://b;",
        "etc/conf.d/z.conf": "stream z { }", "etc/conf.d/y.conf": "stream y { }", "etc/conf.d/notes.txt": "x",
    ])
    let loaded = try LoadedSettings.load("etc/weir.conf", from: source)
    #expect(loaded.settings.streams.map(\.name) == ["a", "b", "main", "y", "z"])
    #expect(loaded.settings.streams.map(\.inputs.count) == [0, 1, 1, 0, 0])
    #expect(loaded.files.first == "etc/weir.conf" && loaded.files.contains("etc/conf.d/y.conf"))
}

@Test func mistakesInIncludedFilesNameTheirFile() {
    let source = TextSettingsSource(["w.conf": "include a.conf;\nhttp 0;", "a.conf": "\n  htpt 80;"])
    let found = SettingsCheck(path: "w.conf", in: source).diagnostics
    #expect(found.map { "\($0.position)" } == ["w.conf:2:6", "a.conf:2:3"])
    #expect(found.last?.sourceLine == "  htpt 80;")
    #expect(check("include no.conf;").codes == [.unreadableFile])
    #expect(check("include no/*.conf;").codes == [], "a pattern may match nothing")
    #expect(SettingsCheck(path: "no.conf", in: source).codes == [.unreadableFile])
}

@Test func deepNestingAndLargeFilesAreMistakes() {
    #expect(check(String(repeating: "a {", count: 100_000)).codes.contains(.tooLarge))
    #expect(check(String(repeating: "#", count: 16 << 20) + "\n").codes == [.tooLarge])
}
