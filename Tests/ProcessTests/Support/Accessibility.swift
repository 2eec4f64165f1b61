// Judges a page by the rules of axe-core, which is kept beside these tests.
import Foundation
import Testing

enum Accessibility {
    /// What axe-core finds on a page.
    struct Findings: Decodable, Sendable {
        /// A rule that is broken, and the first element that breaks it.
        var violations: [String]
        /// Rules that the page was held against and keeps.
        var passes: [String]
    }

    private static var folder: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Accessibility")
    }

    /// The source of axe-core.
    static func rules() async throws -> String {
        let unpacking = try ChildProcess(
            "/usr/bin/gzip", ["--decompress", "--stdout", folder.appending(path: "axe.min.js.gz").path])
        let status = await unpacking.exitStatus()
        let text = unpacking.output
        guard status == 0, text.contains("axe v4") else {
            throw TestFailure("axe-core does not unpack: \(text.prefix(200))")
        }
        return text
    }
}

extension Browser {
    /// Holds the page as it is now against all rules.
    func findings(by rules: String) async throws -> Accessibility.Findings {
        let _: Bool = try await run("if (!window.axe) { \(rules); window.axe = axe; } return true;")
        return try await runAsync(
            """
            axe.run(document).then((found) => done({
              violations: found.violations.map((rule) => `${rule.id}: ${rule.help}: ${rule.nodes[0].html}`),
              passes: found.passes.map((rule) => rule.id) }));
            """)
    }
    /// Expects that the page as it is now breaks none of the rules.
    func isAccessible(by rules: String, _ what: String) async throws {
        let found = try await findings(by: rules)
        #expect(found.violations == [], "\(what)")
        // The rules have really looked at the page.
        #expect(Set(found.passes).isSuperset(of: ["color-contrast", "aria-valid-attr", "document-title"]))
    }
}
