// `weir archive`: every subcommand, beside a running server and without one, for people and for scripts.
import Foundation
import Testing

@Suite(.serialized)
struct ArchiveToolTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "weir-archive-\(UUID().uuidString)")

    private func tool(_ words: [String]) async throws -> (status: Int32, output: String) {
        let child = try ChildProcess(WeirProcess.program, ["archive"] + words)
        return (await child.exitStatus(), child.output)
    }

    private func json(_ words: [String], status: Int32 = 0) async throws -> Any {
        let answer = try await tool(words + ["--json"])
        #expect(answer.status == status, "\(words): \(answer.output)")
        return try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
    }

    private func findings(status: Int32) async throws -> [[String: Any]] {
        let answer = try #require(try await json(["verify", root.path], status: status) as? [String: Any])
        return try #require(answer["findings"] as? [[String: Any]])
    }

    private func runs() -> [URL] {
        let all = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        return (all?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "mp4" }.sorted { $0.path < $1.path }
    }

    @Test("all subcommands work beside a running server, or say why not, and offline")
    func everySubcommand() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let server = try await WeirProcess(
            "stream clock { input fake://fake; segment_duration 1; dvr \(root.path) 1h sync=1; }")
        try await eventually("some segments are in the index") {
            let answer = try await tool(["list", root.path, "--json"])
            let rows = try? JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [[String: Any]]
            return (rows?.first?["segments"] as? Int ?? 0) >= 3
        }
        // Beside the server.
        let ranges = try #require(try await json(["ranges", root.path, "clock"]) as? [[String: Any]])
        let from = try #require(ranges.first?["opened_at"] as? Int) / 1000
        #expect(ranges.first?["state"] as? String == "recorded")
        #expect(try await findings(status: 0).isEmpty)
        let digest = ["digest", root.path, "clock", "\(from)", "\(from + 2)"]
        let live = try #require(try await json(digest) as? [String: Any])
        for command in ["rebuild", "repair"] {
            let refused = try await tool([command, root.path])
            #expect(refused.status != 0 && refused.output.contains("stop it first"), "\(refused.output)")
        }
        let metrics = String(decoding: try #require(try await server.get("/metrics")).body, as: UTF8.self)
        let taken = metrics.split(separator: "\n").first { $0.hasPrefix("weir_archive_write_seconds_total{") }
        #expect(taken?.split(separator: " ").last.flatMap { Double($0) } ?? 0 > 0)
        server.child.stop()
        #expect(await server.child.exitStatus() == 0)

        // Without it.
        let list = try await tool(["list", root.path])
        #expect(list.status == 0 && list.output.hasPrefix("clock\t"))
        #expect(try await tool(["ranges", root.path, "clock"]).output.contains("recorded"))
        #expect((try await json(digest) as? [String: Any])?["digest"] as? String == live["digest"] as? String)
        #expect(try await tool(["ranges", root.path, "nobody"]).output.contains("clock"))
        #expect(try await findings(status: 0).isEmpty)
        let shown = try await tool(["verify", root.path])
        #expect(shown.status == 0 && shown.output.contains("0 findings") && !shown.output.contains("["))

        // A flipped byte is found, and taken out.
        let run = try #require(runs().first)
        var bytes = try Data(contentsOf: run)
        let media = try #require(bytes.range(of: Data("mdat".utf8))).upperBound
        bytes[media + 20] ^= 4
        try bytes.write(to: run)
        let found = try await findings(status: 1)
        #expect(found.count == 1 && found.first?["kind"] as? String == "media")
        let repaired = try #require(try await json(["repair", root.path]) as? [String: Any])
        #expect((repaired["items"] as? [[String: Any]])?.first?["remedy"] as? String == "removed")
        #expect(try await findings(status: 0).isEmpty)
        #expect(try await tool(["ranges", root.path, "clock"]).output.contains("disk-error"))

        // Without its index the store is made anew.
        let before = try await tool(["list", root.path, "--json"]).output
        try FileManager.default.removeItem(at: root.appending(path: "index.sqlite"))
        let lost = try await tool(["list", root.path])
        #expect(lost.status != 0 && lost.output.contains("weir archive rebuild"))
        let rebuilt = try #require(try await json(["rebuild", root.path]) as? [String: Any])
        #expect(rebuilt["streams"] as? Int == 1)
        #expect(try await tool(["list", root.path, "--json"]).output == before)

        // A terminal gets a bar.
        let terminal = try ChildProcess(
            "/usr/bin/script", ["-qec", "\(WeirProcess.program) archive verify \(root.path)", "/dev/null"])
        #expect(await terminal.exitStatus() == 0)
        #expect(terminal.output.contains("[####") && terminal.output.contains("100 %"), "\(terminal.output)")
    }
}
