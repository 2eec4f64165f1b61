// ConsoleSentences.md names the tests that show what the console promises: none of them may be lost or renamed unnoticed.
import Foundation
import Testing

@Suite struct ConsoleSentencesTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    private static let root = folder.deletingLastPathComponent().deletingLastPathComponent()

    @Test func `every test that is named for a sentence of the console is there`() throws {
        var sources = ""
        for file in try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
        where file.pathExtension == "swift" { sources += try String(contentsOf: file, encoding: .utf8) }
        var count = 0
        let table = Self.folder.appending(path: "ConsoleSentences.md")
        for line in try String(contentsOf: table, encoding: .utf8).split(separator: "\n") where line.hasPrefix("| ") {
            let columns = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard columns.count == 2, columns[0] != "sentence", columns[0] != "---" else { continue }
            let names = columns[1].split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 && $0.element != "script-src 'self'" }.map { String($0.element) }
            #expect(!names.isEmpty, "nothing is named for '\(columns[0])'")
            for name in names {
                count += 1
                let isThere =
                    name.contains("/")
                    ? FileManager.default.fileExists(atPath: Self.root.appending(path: name).path)
                    : sources.contains("func \(name)(") || sources.contains("func `\(name)`(")
                #expect(isThere, "there is no '\(name)'")
            }
        }
        #expect(count > 70)
    }

    @Test func `the README's pictures are among those that make screenshots takes`() throws {
        func text(_ path: String) throws -> String {
            try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        }
        let script = try text("scripts/screenshots.sh")
        let pictures = try text("README.md").matches(of: #/!\[[^\]]*\]\(([^)]+\.png)\)/#).map { String($0.1) }
        #expect(!pictures.isEmpty)
        for picture in pictures {
            #expect(script.contains("\npicture \(picture)\n"), "\(picture)")
            #expect(FileManager.default.fileExists(atPath: Self.root.appending(path: picture).path), "\(picture)")
        }
        #expect(try text("Makefile").contains("scripts/screenshots.sh"))
    }
}
