// Secrets leave a text and come back into the edited one.
import TestSupport
import Testing

@testable import SettingsLanguage

private let text = """
    # cluster_key old-one;   edit_auth before gone;
    cluster_key "ab c#;d";
    edit_auth admin s3cret; view_auth guest guess;
    peer a:80; # see http://user:hidden@wiki.example/
    stream cam {
      input rtsp://admin:one@10.0.0.1/live priority=1;
      input "http://10.0.0.2/?token=two&x=1";
    }
    stream door { input rtsp://admin:three@10.0.0.1/live; }

    """

@Test func secretsAreHiddenAndTheRestIsAsWritten() {
    #expect(
        MaskedText(text).text == """
            # cluster_key ***;   edit_auth before ***;
            cluster_key ***;
            edit_auth admin ***; view_auth guest ***;
            peer a:80; # see http://user:***@wiki.example/
            stream cam {
              input rtsp://admin:***@10.0.0.1/live priority=1;
              input "http://10.0.0.2/?token=***&x=1";
            }
            stream door { input rtsp://admin:***@10.0.0.1/live; }

            """)
}

@Test func theShownTextIsTheOriginalAgain() {
    let masked = MaskedText(text)
    #expect(masked.restored(in: masked.text) == text)
}

@Test(
    arguments: [
        // Around a secret, before it and after it, things may change.
        ("title x; cluster_key ***; # new", "title x; cluster_key \"ab c#;d\"; # new"),
        ("edit_auth root ***;", "edit_auth root s3cret;"),
        (
            "stream door { title D; input rtsp://admin:***@10.0.0.1/live hot; }",
            "stream door { title D; input rtsp://admin:three@10.0.0.1/live hot; }"
        ),
        // A new secret is left as it is typed.
        ("view_auth guest new;", "view_auth guest new;"),
        // Another host is not given the password of this one, and in a new stream it is not clear which one is meant.
        ("stream cam { input rtsp://admin:***@evil/live; }", "stream cam { input rtsp://admin:***@evil/live; }"),
        (
            "stream new { input rtsp://admin:***@10.0.0.1/live; }",
            "stream new { input rtsp://admin:***@10.0.0.1/live; }"
        ),
        // Where no secret was, stars are stars.
        ("stream cam { title ***; }", "stream cam { title ***; }"),
    ])
func editedTextsGetTheirSecretsBack(edited: String, expected: String) {
    #expect(MaskedText(text).restored(in: edited) == expected)
}

@Test func severalOfOneFormInOneBlockKeepTheirOrder() {
    let two = "stream s { input http://u:a@h/x; input http://u:b@h/x; }"
    let masked = MaskedText(two)
    #expect(masked.restored(in: masked.text + " # more") == two + " # more")
}

@Test func misspeltDirectivesAndTextsWithMistakesHideTheirSecretsToo() {
    for broken in [
        "clusterkey abc;", "cluster_key abc", "edit_auth admin \"abc", "stream { edit_auht admin abc; }",
        "} cluster_key abc;",
    ] {
        #expect(!MaskedText(broken).text.contains("abc"), "\(broken)")
        #expect(MaskedText(broken).restored(in: MaskedText(broken).text) == broken)
    }
}

@Test func aSecretThatIsLeftAsStarsIsAnErrorAtItsPlace() {
    let found = check("stream cam {\n  input rtsp://admin:***@evil/live;\n}").diagnostics
    #expect(found.map(\.code) == [.hiddenSecret])
    #expect(found.first?.position.line == 2)
}

@Test func differencesHideSecretsAndShowThatTheyChange() {
    let lines = DifferenceLine.between("cluster_key a;\npeer x;\n", "cluster_key b;\npeer x;\npeer y;\n")
    #expect(lines.map(\.kind) == [.removed, .added, .same, .added])
    #expect(lines.map(\.text) == ["cluster_key ***;", "cluster_key ***;", "peer x;", "peer y;"])
    #expect(lines.map(\.oldLine) == [1, nil, 2, nil] && lines.map(\.newLine) == [nil, 1, 2, 3])
}

@Test func theDifferenceOfTwoTextsTurnsOneIntoTheOther() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<200 {
        func text() -> [String] {
            (0..<Int.random(in: 0...12, using: &random)).map { _ in ["a", "b", "c"].randomElement(using: &random) ?? ""
            }
        }
        let (old, new) = (text(), text())
        let lines = DifferenceLine.between(old.map { $0 + "\n" }.joined(), new.map { $0 + "\n" }.joined())
        #expect(lines.filter { $0.kind != .added }.map(\.text) == old)
        #expect(lines.filter { $0.kind != .removed }.map(\.text) == new)
    }
}

@Test func textsWithoutACommonLineAreShownAsReplaced() {
    let old = (0..<3000).map { "a\($0)\n" }.joined()
    let new = (0..<3000).map { "b\($0)\n" }.joined()
    let lines = DifferenceLine.between("x\n" + old + "y\n", "x\n" + new + "y\n")
    #expect(lines.count == 6002 && lines.filter { $0.kind == .same }.map(\.text) == ["x", "y"])
}

@Test func aChangeIsSaidInWords() throws {
    let old = try #require(check("http 80; stream a { input fake://fake; } stream b { input fake://fake; }").loaded)
    let new = try #require(
        check("http 81; edit_auth u p; stream b { title B; input fake://two; } stream c { input fake://fake; }").loaded)
    #expect(
        SettingsChange(from: old.settings, to: new.settings).summary == [
            "stream a is removed: it stops", "stream c is added", "stream b changes: inputs, other directives",
            "80 is no longer listened on", "81 is listened on", "edit_auth changes",
        ])
}
