// Sentences.md names the tests that show each promise of replication: none of them may be lost or renamed unnoticed.
import Foundation
import Testing

@Suite struct ReplicationSentencesTests {
    @Test func `every test that is named for a sentence is there`() throws {
        let own = URL(filePath: #filePath)
        let folder = own.deletingLastPathComponent()
        let tests = folder.deletingLastPathComponent().deletingLastPathComponent()
        var sources = ""
        let files = try #require(FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" && file != own {
            sources += try String(contentsOf: file, encoding: .utf8)
        }
        var (rows, names) = (0, 0)
        let table = try String(contentsOf: folder.appending(path: "Sentences.md"), encoding: .utf8)
        for line in table.split(separator: "\n") where line.hasPrefix("| ") && !line.hasPrefix("| ---") {
            // The first column says what is promised; a row of titles names no test.
            let columns = line.split(separator: "|").dropFirst().joined(separator: "|")
            let found = columns.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
            rows += found.isEmpty ? 0 : 1
            names += found.count
            for name in found {
                let isThere = name.contains(" ") ? sources.contains(name) : sources.contains("func \(name)(")
                #expect(isThere, "there is no test '\(name)'")
            }
        }
        #expect(rows > 45 && names > 100)
    }
}
