// The tables beside this file name the tests that show each promise: none of them may be lost or renamed unnoticed.
import Foundation
import Testing

@Suite struct SentencesTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    private static let tests = folder.deletingLastPathComponent()
    private static let root = tests.deletingLastPathComponent()

    /// Each promise of a table, and what its row names in backquotes behind the promise.
    private static func rows(of table: String) throws -> [(promise: String, names: [String])] {
        let text = try String(contentsOf: folder.appending(path: table), encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            let columns = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("| "), columns.count > 1, !["sentence", "---"].contains(columns[0]) else { return nil }
            let rest = columns.dropFirst().joined(separator: "|")
            let parts = rest.split(separator: "`", omittingEmptySubsequences: false)
            return (columns[0], stride(from: 1, to: parts.count, by: 2).map { String(parts[$0]) })
        }
    }

    /// The functions and titles of all tests, and the names of all files beside them. Looked for once for all tables.
    private static let known: Result<(tests: Set<String>, files: Set<String>), any Error> = Result {
        var (names, paths) = (Set<String>(), Set<String>())
        let files = try #require(FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
        for case let file as URL in files {
            paths.insert(file.lastPathComponent)
            guard file.pathExtension == "swift" else { continue }
            let code = try String(contentsOf: file, encoding: .utf8)
            for part in code.components(separatedBy: "func ").dropFirst() {
                let isQuoted = part.hasPrefix("`")
                names.insert(String(part.dropFirst(isQuoted ? 1 : 0).prefix { $0 != (isQuoted ? "`" : "(") }))
            }
            for part in code.components(separatedBy: "@Test(").dropFirst() {
                let title = part.drop { $0.isWhitespace }
                if title.first == "\"" { names.insert(String(title.dropFirst().prefix { $0 != "\"" })) }
            }
        }
        return (names, paths)
    }

    @Test(arguments: ["Archive.md", "Live.md", "Cluster.md", "Replication.md", "Console.md"])
    func `every test that is named for a sentence is there`(table: String) throws {
        let (tests, files) = try Self.known.get()
        let rows = try Self.rows(of: table)
        #expect(rows.count > 40)
        for (promise, names) in rows {
            #expect(!names.isEmpty, "\(table) names nothing for '\(promise)'")
            for name in names {
                let path = Self.root.appending(path: name).path
                let isFile = files.contains(name) || name.contains("/") && FileManager.default.fileExists(atPath: path)
                #expect(
                    tests.contains(name) || isFile, "\(table): there is no '\(name)', which is to show '\(promise)'")
            }
        }
    }
}
