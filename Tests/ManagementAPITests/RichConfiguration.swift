// A configuration file in memory that has something to show for every field of the API.
import HTTPTypes
import NIOCore

@testable import ManagementAPI

/// Text `mistake` has one, revision `old` is not the present one, version `other` cannot be used.
struct RichConfiguration: ManagedConfiguration {
    var hasFile = true

    private static let mistake = DiagnosticFacts(
        severity: "error", code: "unknownDirective", file: "weir.conf", line: 2, column: 3,
        message: "'inptu' is unknown",
        allowed: ["input"])
    private static let difference = [
        DifferenceFacts(kind: "same", text: "stream a {", oldLine: 1, newLine: 1),
        DifferenceFacts(kind: "removed", text: "title A;", oldLine: 2, newLine: nil),
        DifferenceFacts(kind: "added", text: "title B;", oldLine: nil, newLine: 2),
    ]
    private static let known = "20261121T073000.123Z"

    /// What a request sends for a word of the examples.
    static func body(_ word: String) -> ByteBuffer {
        switch word {
        case "\u{0}": ByteBuffer(bytes: [0xFF, 0xFE])
        case "large": ByteBuffer(repeating: 0x20, count: ConfigurationRoutes.longestText + 1)
        default: ByteBuffer(string: word)
        }
    }

    func file() async throws -> ConfigFileFacts {
        guard hasFile else { throw Problem.notFound("this server was started without a configuration file") }
        return ConfigFileFacts(
            path: "weir.conf", text: "cluster_key ***;\n", revision: "a1b2", files: ["weir.conf"], isInForce: true,
            diagnostics: [Self.mistake], servers: ["streamer", "flussonic"])
    }

    func check(_ text: String) async throws -> ConfigCheckFacts {
        ConfigCheckFacts(
            valid: false, diagnostics: [Self.mistake], objection: "it is no peer any more",
            changes: ["stream a changes: other directives"], difference: Self.difference)
    }

    func apply(_ text: String, revision: String?, wholeGroup: Bool) async throws -> ConfigApplyFacts {
        if text == "mistake" {
            throw Problem(
                status: .badRequest, code: "mistakes", message: "weir.conf:2:3: error", diagnostics: [Self.mistake])
        }
        if revision == "old" {
            throw Problem(
                status: .conflict, code: "refused_by_group", message: "flussonic: no",
                servers: [.init(hostname: "flussonic", applied: false, message: "no")])
        }
        return applied
    }

    func versions() async throws -> [ConfigVersionFacts] { [.init(id: Self.known, time: 1_700_000_000_000, bytes: 17)] }

    func version(_ id: String) async throws -> ConfigVersionTextFacts {
        guard id == Self.known else { throw Problem.notFound("no version \(id)") }
        return ConfigVersionTextFacts(
            id: id, time: 1_700_000_000_000, text: "cluster_key ***;\n", difference: Self.difference)
    }

    func restore(_ id: String, wholeGroup: Bool) async throws -> ConfigApplyFacts {
        if id == "other" { throw Problem(status: .conflict, code: "not_applicable", message: "it is no peer any more") }
        guard id == Self.known else { throw Problem.notFound("no version \(id)") }
        return applied
    }

    private var applied: ConfigApplyFacts {
        ConfigApplyFacts(
            changes: ["stream a changed"], notices: ["weir.conf:1:1: notice: …"], revision: "c3d4",
            previous: Self.known,
            servers: [.init(hostname: "streamer", applied: true, message: "applied")])
    }
}
