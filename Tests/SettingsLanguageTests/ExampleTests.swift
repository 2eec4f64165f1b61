// The files in examples/ load, and the reference names every word of the language.
import Foundation
import Testing

@testable import SettingsLanguage

private let examples = RepositorySource().paths(matching: "examples/*.conf")

@Test func thereAreExamples() {
    #expect(examples.contains("examples/cluster.conf") && examples.contains("examples/reference.conf"))
}

@Test(arguments: examples)
func exampleLoadsWithoutARemarkAndIsPrintedBack(path: String) throws {
    let loaded = try LoadedSettings.load(path, from: RepositorySource())
    #expect(loaded.warnings.isEmpty, "\(Diagnostic.report(loaded.warnings))")
    #expect(check(loaded.settings.text(secrets: .shown)).loaded?.settings == loaded.settings)
}

@Test func clusterExampleIsThatOfTheReferencePage() throws {
    let settings = try LoadedSettings.load("examples/cluster.conf", from: RepositorySource()).settings
    #expect(settings.clusterKey?.value == "abcd")
    #expect(settings.peers.map(\.name) == ["flussonic", "streamer", "s03.myhosting.com"])
    #expect(settings.peers.map(\.contact.description) == ["127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1:8082"])
    #expect(settings.peers.map(\.fetchTimeout) == Array(repeating: .seconds(1), count: 3))
    #expect(settings.peers.map(\.staleTimeout) == Array(repeating: .seconds(3), count: 3))
    #expect(settings.streams.map(\.name) == ["cam01", "cam02", "cam03"])
    #expect(
        settings.streams.flatMap(\.inputs).map(\.url.text) == [
            "file://vod/bunny.mp4", "file://vod/bunny.mp4", "fake://fake",
        ])
    #expect(settings.streams.map(\.clusterIngest) == [.init(), .init(), .init(captureAt: "streamer")])
    #expect(settings.streams.compactMap(\.archive).count == 1)
    #expect(try settings.identify(hostname: "s03.myhosting.com", machineName: "x").others.count == 2)
    let bunny = try #require(settings.fileDirectories["vod"]) + "/bunny.mp4"
    #expect(try RepositorySource().read(bunny).count > 100_000, "the example plays a file that is there")
}

/// The first configuration of a page: what a newcomer copies.
@Test(arguments: ["README.md", "docs/configuration.md"])
func theFirstConfigurationOfAPageLoads(path: String) throws {
    let page = String(decoding: try RepositorySource().read(path), as: UTF8.self)
    let blocks = page.components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    let text = try #require(blocks.first { $0.contains("http 8080;") })
    let found = check(text)
    #expect(found.loaded != nil && found.diagnostics.isEmpty, "\(Diagnostic.report(found.diagnostics))")
    #expect((found.loaded?.settings.streams.count ?? 0) > 0)
}

/// The words of each block of the reference, by block: `""` is outside of blocks.
private func vocabulary() -> [(block: String, words: [String])] {
    [
        ("", ServerDirective.allCases.map(\.rawValue)),
        ("stream", StreamDirective.allCases.filter { $0 != .include }.map(\.rawValue)),
        ("peer", PeerDirective.allCases.map(\.rawValue)), ("https", TLSDirective.allCases.map(\.rawValue)),
        ("dvr", StoreDirective.allCases.map(\.rawValue)),
        ("balancer", BalancerDirective.allCases.map(\.rawValue)),
        ("event_sink", EventSinkDirective.allCases.map(\.rawValue)),
    ]
}

@Test func theReferenceUsesAndExplainsEveryDirective() throws {
    let text = String(decoding: try RepositorySource().read("examples/reference.conf"), as: UTF8.self)
    var parser = StatementParser(text: text, file: "reference.conf")
    let tree = parser.parse()
    for (block, words) in vocabulary() {
        let statements = block.isEmpty ? tree : tree.filter { $0.name.text == block }.flatMap { $0.block ?? [] }
        let used = Set(statements.map(\.name.text))
        #expect(Set(words).subtracting(used) == [], "unused in \(block.isEmpty ? "the file" : block)")
    }
    #expect(Set(tree.flatMap { $0.block ?? [] }.map(\.name.text)).isSuperset(of: ["storage", "path"]))
    let statements = tree + tree.flatMap { $0.block ?? [] }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
    let comments = lines.filter { $0.hasPrefix("# ") }
    for name in Set(statements.map(\.name.text)) {
        #expect(
            comments.contains { $0.hasPrefix("# \(name) ") || $0.hasPrefix("# \(name):") }, "\(name) has no explanation"
        )
    }
    // The options: each has a line in the comment of its directive and is used once.
    let options = InputOption.allCases.map(\.rawValue) + ArchiveOption.allCases.map(\.rawValue)
    let words = statements.flatMap(\.words).map { $0.option?.key ?? $0.text }
    for option in options {
        #expect(words.contains(option), "\(option) is not used")
        #expect(comments.contains { $0.hasPrefix("#   \(option)") }, "\(option) has no explanation")
    }
}

/// Directives of the top level and of streams say in their comment whether a reload applies them.
@Test func theReferenceSaysWhatAReloadDoes() throws {
    let text = String(decoding: try RepositorySource().read("examples/reference.conf"), as: UTF8.self)
    let paragraphs = text.split(separator: "\n").reduce(into: [[Substring]]()) { blocks, line in
        let isComment = line.drop { $0 == " " }.hasPrefix("#")
        let wasComment = blocks.last?.last?.drop { $0 == " " }.hasPrefix("#") ?? false
        if isComment, wasComment {
            blocks[blocks.count - 1].append(line)
        } else {
            blocks.append([line])
        }
    }
    let comments = paragraphs.map { $0.joined(separator: "\n") }.filter { $0.contains("#") }
    // `url`, `file` and `static` are explained with their other spelling or counterpart.
    let elsewhere: Set = ["url", "file", "static"]
    let names = Set(ServerDirective.allCases.map(\.rawValue) + StreamDirective.allCases.map(\.rawValue))
    for name in names.subtracting(elsewhere) {
        let own = comments.filter { comment in
            comment.split(separator: "\n").contains {
                let line = $0.drop { $0 == " " }
                return line.hasPrefix("# \(name) ") || line.hasPrefix("# \(name):")
            }
        }
        #expect(own.contains { $0.contains("reload:") }, "\(name) does not say what a reload does")
    }
}
