// What all tests of this room use: reading a text, the repository's files.
import Foundation

@testable import SettingsLanguage

/// Reads a text as the main file `weir.conf`.
func check(_ text: String) -> SettingsCheck {
    SettingsCheck(path: "weir.conf", in: TextSettingsSource(["weir.conf": text]))
}

extension SettingsCheck {
    /// The codes of all diagnostics in order of the text.
    var codes: [Diagnostic.Code] { diagnostics.map(\.code) }
}

/// Files of the repository that these tests belong to.
struct RepositorySource: SettingsSource {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    func read(_ path: String) throws(SettingsSourceError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: Self.root.appending(path: path)))
        } catch {
            throw SettingsSourceError("no such file")
        }
    }

    func paths(matching pattern: String) -> [String] {
        let directory = pattern[..<(pattern.lastIndex(of: "/") ?? pattern.startIndex)]
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: String(directory)).path())
        return (names ?? []).map { "\(directory)/\($0)" }.filter { wildcardMatch($0, pattern: pattern) }.sorted()
    }
}
