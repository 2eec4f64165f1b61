// What all tests of this room use: reading a text, numbers from a seed, the repository's files.
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

/// SplitMix64: the same numbers for the same seed everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
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
