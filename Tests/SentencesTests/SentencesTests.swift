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

    /// The source of all tests but this one, and the names of all their files.
    private static func sources() throws -> (code: String, files: Set<String>) {
        var (code, names) = ("", Set<String>())
        let files = try #require(FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.lastPathComponent != "SentencesTests.swift" {
            names.insert(file.lastPathComponent)
            if file.pathExtension == "swift" { code += try String(contentsOf: file, encoding: .utf8) }
        }
        return (code, names)
    }

    @Test(arguments: ["Archive.md", "Live.md", "Cluster.md", "Replication.md", "Console.md"])
    func `every test that is named for a sentence is there`(table: String) throws {
        let (code, files) = try Self.sources()
        let rows = try Self.rows(of: table)
        #expect(rows.count > 40)
        for (promise, names) in rows {
            #expect(!names.isEmpty, "\(table) names nothing for '\(promise)'")
            for name in names {
                let isTest = ["func \(name)(", "func `\(name)`(", "@Test(\"\(name)\""].contains { code.contains($0) }
                let path = Self.root.appending(path: name).path
                let isFile = files.contains(name) || name.contains("/") && FileManager.default.fileExists(atPath: path)
                #expect(isTest || isFile, "\(table): there is no '\(name)', which is to show '\(promise)'")
            }
        }
    }
}
