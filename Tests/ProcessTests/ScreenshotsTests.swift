// The pictures in the README are taken by a script, from a server that runs.
import Foundation
import Testing

@Suite struct ScreenshotsTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

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
