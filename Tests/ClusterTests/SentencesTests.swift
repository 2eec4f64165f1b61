// Sentences.md names the tests that show each promise of the group: none of them may be lost or renamed unnoticed.
import Foundation
import Testing

@Suite struct SentencesTests {
    @Test func `every test that is named for a sentence is there`() throws {
        let own = URL(filePath: #filePath)
        let tests = own.deletingLastPathComponent().deletingLastPathComponent()
        let table = own.deletingLastPathComponent().appending(path: "Sentences.md")
        var sources = ""
        let files = FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil)
        for case let file as URL in try #require(files) {
            sources += file.lastPathComponent + "\n"
            if file.pathExtension == "swift", file != own { sources += try String(contentsOf: file, encoding: .utf8) }
        }
        var count = 0
        for line in try String(contentsOf: table, encoding: .utf8).split(separator: "\n") where line.hasPrefix("| ") {
            // The first column says what is promised.
            let columns = line.split(separator: "|").dropFirst().joined(separator: "|")
            for name in columns.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            where name.offset % 2 == 1 && name.element != "weir-placement" {
                count += 1
                let text = String(name.element)
                let isThere =
                    text.contains(" ") || text.contains(".")
                    ? sources.contains(text) : sources.contains("func \(text)(")
                #expect(isThere, "there is no test '\(text)'")
            }
        }
        #expect(count > 80)
    }
}
