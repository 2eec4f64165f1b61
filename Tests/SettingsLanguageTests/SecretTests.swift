// Passwords in URLs, also in those that are written wrong, appear nowhere.
import Testing

@testable import SettingsLanguage

@Test(
    arguments: [
        ("rtsp://admin:secret@10.0.0.5/1", "rtsp://admin:***@10.0.0.5/1"),
        // A password in which '/', '?' and '@' are not escaped ends at the last '@'.
        ("rtsp://admin:se/cret@10.0.0.5/1", "rtsp://admin:***@10.0.0.5/1"),
        ("rtsp://admin:se?cret@10.0.0.5/1", "rtsp://admin:***@10.0.0.5/1"),
        ("rtsp://admin:se@cr/et@10.0.0.5/1", "rtsp://admin:***@10.0.0.5/1"),
        ("tshttp://admin:12/34@host/x", "tshttp://admin:***@host/x"),
        // A wrong or missing '://'.
        ("rtsp:/u:secret@h/1", "rtsp:/u:***@h/1"), ("rtsp:///u:secret@h/1", "rtsp:///u:***@h/1"),
        ("rtsp//u:secret@h/1", "rtsp//u:***@h/1"), ("u:secret@h/1", "u:***@h/1"),
        ("rtsp:u:secret@h/1", "rtsp:***@h/1"), ("u:/secret@h/1", "u:***@h/1"),
        ("rtsp:\\\\u:secret@h/1", "rtsp:***@h/1"), ("rtsp:u:sec:/ret@h/1", "rtsp:***@h/1"),
        ("rtsp:/u:secret@h/1?to=http://x", "rtsp:/u:***@h/1?to=http://x"),
        ("u:secret@rtsp://h/1", "u:***@rtsp://h/1"), ("rtsp://u:my secret@h/1", "rtsp://u:***@h/1"),
        ("see http://u:secret@h/1", "see http://u:***@h/1"),
        // Words of a query.
        ("http://h/?pwd=a&passwd=b&PWD=c&x=1", "http://h/?pwd=***&passwd=***&PWD=***&x=1"),
        ("http://u:p@h/?token=a:b", "http://u:***@h/?token=***"),
        // No password: nothing is hidden.
        ("tshttp://host/live@1", "tshttp://host/live@1"), ("tshttp://user@host/live@1", "tshttp://user@host/live@1"),
        ("udp://10.0.0.1@239.0.0.1:1234", "udp://10.0.0.1@239.0.0.1:1234"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"), ("http://h/?mail=me@x.example", "http://h/?mail=me@x.example"),
        ("Live at 10:30 @ home", "Live at 10:30 @ home"), ("Mail: me@x.example", "Mail: me@x.example"),
        ("@main", "@main"), ("", ""),
    ])
func passwordsInURLsAreHidden(url: String, shown: String) {
    #expect(SecretPrinting.hidden.url(url) == shown)
    #expect(SecretPrinting.shown.url(url) == url)
}

/// Statements that are refused, each with a password in a URL.
private let refused = [
    "stream a { input rtsp://admin:pa/secret@10.0.0.5/1; }", "stream a { input tshttp://admin:12/secret@host/x; }",
    "stream a { input tshttp://admin:12?secret@host/x; }", "stream a { input rtsp:/u:secret@h/1; }",
    "stream a { input rtsp//u:secret@h/1; }", "stream a { input u:secret@rtsp://h/1; }",
    "stream a { input fake://fake tshttp://u:secret@h/1; }", "stream a { input fake://fake priority=x:secret@h; }",
    "stream a { input fake://fake; } rtsp://u:secret@h/1;", "stream a { dvr x rtsp://u:secret@h/1; }",
    "stream a { input fake://fake\n tshttp://u:secret@h/1\n; }", "stream a { input tshttp://h/x?pwd=secret pwd; }",
    "stream a { input fake://fake; on_play http://admin:12/secret@host/x; }", "http rtsp://u:secret@h;",
    "event_sink e { url http:/u:secret@h/x; }", "peer a { public http://u:1/secret@h; }",
    "stream rtsp://u:secret@h/1 { input fake://fake; }", "stream a { input tshttp://u:12#secret@h/1; }",
    "stream a { input copy://u:secret@h//; }", "stream a { input file://u:secret@h/../x; }",
    "stream a { inptu x; } # rtsp://u:secret@h/1", "stream a { inptu x; } # cluster_key secret",
]

@Test(arguments: refused)
func refusedURLsAreShownWithoutTheirPassword(text: String) {
    let found = check(text)
    #expect(found.loaded == nil, "\(text)")
    #expect(!found.diagnostics.isEmpty)
    let report = Diagnostic.report(found.diagnostics)
    #expect(!report.contains("secret"), "\(report)")
    #expect(!found.diagnostics.contains { $0.word.contains("secret") })
    let masked = MaskedText(text)
    #expect(!masked.text.contains("secret"), "\(masked.text)")
    #expect(masked.restored(in: masked.text) == text)
}

@Test func anUnescapedPasswordIsToldHowToBeWritten() throws {
    for url in ["tshttp://admin:12/34@host/x", "tshttp://host:8080/live@1", "tshttp://u:p@host/live@1"] {
        let found = check("stream a { input \(url); }").diagnostics
        #expect(found.map(\.code) == [.invalidURL], "\(url)")
        let message = try #require(found.first?.message)
        #expect(message.contains("%2F") && message.contains("%40"), "\(message)")
        let asked = check("stream a { input fake://fake; on_play http\(url.dropFirst(6)); }").diagnostics
        #expect(asked.first?.message.contains("%2F") == true, "\(asked)")
    }
    for url in [
        "tshttp://admin:12%2F34@host/x", "tshttp://host:8080/live%401", "tshttp://host/live@1",
        "tshttp://user@host/live@1", "tshttp://host/x?mail=me@x.example", "tshttp://[::1]:8080/x",
    ] {
        let text = "stream a { input \(url); }"
        #expect(check(text).diagnostics == [], "\(url)")
    }
}
