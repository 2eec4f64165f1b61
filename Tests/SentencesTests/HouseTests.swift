// What the house promises whoever comes in: its commands, its pages, and a reason for all that it stands on.
import Foundation
import Testing

@Suite struct HouseTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: folder).path)
            .filter { !$0.hasPrefix(".") }
    }

    /// Each command begins with the one script that installs what is missing.
    @Test func theCommandsBeginWithWhatIsMissing() throws {
        let lines = try text("Makefile").split(separator: "\n")
        let rules = Dictionary(
            lines.compactMap { line -> (Substring, Set<Substring>)? in
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, parts[0].allSatisfy({ $0.isLowercase }) else { return nil }
                return (parts[0], Set(parts[1].split(separator: " ")))
            }, uniquingKeysWith: { first, _ in first })
        for command in ["run", "test", "bench", "fuzz", "lint", "format"] as [Substring] {
            let needed = try #require(rules[command], "\(command)")
            #expect(needed == ["deps"] || needed == ["build"] && rules["build"] == ["deps"], "\(command): \(needed)")
        }
        let deps = try #require(lines.firstIndex { $0.hasPrefix("deps:") })
        #expect(lines[deps + 1].contains("scripts/install-dependencies.sh build"))
        let checks = try text(".ci/run")
        #expect(checks.contains("make lint") && checks.contains("make test"))
        #expect(FileManager.default.isExecutableFile(atPath: Self.root.appending(path: ".ci/run").path))
        #expect(try text("LICENSE").contains("Apache License"))
        #expect(try !names(in: "examples").filter { $0.hasSuffix(".conf") }.isEmpty)
    }

    /// With programs in place of the machine's: one says whether a package is there, the other writes down what it is told.
    @Test(arguments: [true, false]) func onlyWhatIsMissingIsInstalled(isThere: Bool) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-house-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let told = folder.appending(path: "told").path
        let programs = [
            "dpkg-query": isThere ? "echo installed" : "exit 1", "apt-get": "echo \"$@\" >> \(told)", "swift": "exit 0",
            "sudo": "exec \"$@\"",
        ]
        for (name, line) in programs {
            let file = folder.appending(path: name).path
            try Data("#!/bin/sh\n\(line)\n".utf8).write(to: URL(filePath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        }
        let script = Process()
        script.executableURL = URL(filePath: "/bin/bash")
        script.arguments = [Self.root.appending(path: "scripts/install-dependencies.sh").path, "test"]
        script.environment = ["PATH": "\(folder.path):/usr/bin:/bin"]
        // A file and no pipe: programs that other tests start meanwhile would keep the pipe's other end open.
        let output = folder.appending(path: "said")
        try Data().write(to: output)
        script.standardOutput = try FileHandle(forWritingTo: output)
        script.standardInput = FileHandle.nullDevice
        try script.run()
        script.waitUntilExit()
        let said = try Data(contentsOf: output)
        #expect(script.terminationStatus == 0)
        let orders = try? String(contentsOfFile: told, encoding: .utf8)
        #expect(said.isEmpty == isThere && (orders == nil) == isThere)
        if !isThere { #expect(orders?.contains("install") == true && orders?.contains(" chromium") == true) }
    }

    @Test func everyDependencyHasOneVersionAndAReason() throws {
        let package = try text("Package.swift")
        let reasons = try text("docs/decisions/0001-dependencies.md")
        let lines = package.split(separator: "\n").filter { $0.contains(".package(url:") }
        #expect(lines.count >= 9)
        for line in lines {
            let name = try #require(line.firstMatch(of: #/\/([A-Za-z-]+)(?:\.swift)?\.git"/#)?.1, "\(line)")
            #expect(line.contains("exact: \""), "\(name) is not pinned")
            #expect(reasons.contains(name), "\(name) has no reason")
        }
        #expect(package.contains(".treatAllWarnings(as: .error)") && package.contains("swiftLanguageModes: [.v6]"))
    }

    /// docs/architecture.md has a row for each room, and no other.
    @Test func theArchitectureNamesEachRoom() throws {
        let rows =
            try text("docs/architecture.md").components(separatedBy: "## The rooms").last?
            .components(separatedBy: "## Threads").first?.split(separator: "\n") ?? []
        let rooms = rows.filter { $0.hasPrefix("| ") }.compactMap { row in
            row.split(separator: "|").dropFirst().first.map { cell in
                cell.matches(of: #/`([A-Za-z0-9]+)`/#).map { String($0.1) }
            }
        }.flatMap { $0 }
        #expect(Set(rooms).symmetricDifference(try names(in: "Sources")) == [])
    }

    /// What the README and the pages lead to is there, pictures included.
    @Test func noLinkLeadsNowhere() throws {
        let pages =
            ["README.md", "CONTRIBUTING.md"]
            + (try names(in: "docs").filter { $0.hasSuffix(".md") }.map { "docs/\($0)" })
        for page in pages {
            let folder = Self.root.appending(path: page).deletingLastPathComponent()
            for link in try text(page).matches(of: #/\]\(([^)#]+)/#).map({ String($0.1) }) where !link.contains("://") {
                let target = folder.appending(path: link).standardizedFileURL.path
                #expect(FileManager.default.fileExists(atPath: target), "\(page): \(link)")
            }
        }
        let readme = try text("README.md")
        for words in ["make run", "make test", "docs/images/console.png", "docs/configuration.md", "weir serve"] {
            #expect(readme.contains(words), "\(words)")
        }
    }
}
