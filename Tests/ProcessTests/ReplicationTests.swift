// Two built servers whose archives make each other whole: outages, and a byte that flips on one disk.
import Foundation
import Testing

@Suite(.serialized)
struct ReplicationTests {
    /// The two configurations of the page, with a source that gives both servers the same media.
    private static func configuration(_ name: String, _ other: Int, _ root: String) -> String {
        let inputs = ["url fake://fake;", "url m4f://127.0.0.1:\(other)/example;"]
        return """
            cluster_key abcd;
            stream example {
              \((name == "main" ? inputs : inputs.reversed()).joined(separator: "\n  "))
              dvr \(root) 3d replicate sync=1;
              segment_duration 1;
            }
            """
    }

    private func recorded(_ seconds: Int64, on name: String, after start: Int64, of pair: WeirPair) async throws {
        try await eventually("\(name) has recorded \(seconds) s more") {
            await pair.end(of: "example", on: name) >= start + seconds * 1000
        }
    }

    /// Waits until both print the same line for what was recorded up to now, and gives the line.
    private func equal(_ pair: WeirPair, from: Int64) async throws -> String {
        let ends = (await pair.end(of: "example", on: "main"), await pair.end(of: "example", on: "replica"))
        let to = max(ends.0, ends.1) / 1000
        var lines: (String?, String?) = (nil, nil)
        do {
            try await eventually("the archives agree from \(from) to \(to)") {
                lines = (
                    try await pair.digest("main", "example", from: from, to: to),
                    try await pair.digest("replica", "example", from: from, to: to)
                )
                return lines.0 != nil && lines.0 == lines.1
            }
        } catch {
            let (main, replica) = (
                await pair.json("main", "streams/example"), await pair.json("replica", "streams/example")
            )
            throw TestFailure("\(error)\n\(lines)\n\(main ?? [:])\n\(replica ?? [:])")
        }
        return lines.0 ?? ""
    }

    /// «After the offline server recovers, the archive on it will automatically obtain the missing parts from another
    /// server.»
    @Test("a server that was killed has all that the other recorded soon after it is back, and tells of it")
    func recovery() async throws {
        let pair = try WeirPair(Self.configuration)
        for name in WeirPair.names { try await pair.start(name) }
        try await recorded(4, on: "main", after: try await begin(pair), of: pair)
        let from = await pair.end(of: "example", on: "replica") / 1000 - 2
        for name in WeirPair.names {
            await pair.kill(name)
            let other = name == "main" ? "replica" : "main"
            let died = await pair.end(of: "example", on: other)
            try await eventually("\(other) is in emergency mode") {
                await pair.replication(of: "example", on: other).mode == "emergency"
            }
            try await recorded(8, on: other, after: died, of: pair)
            try await pair.start(name)
            let line = try await equal(pair, from: from)
            #expect(!line.contains(" 0 segments"))
            try await eventually("\(name) has told that it is done") {
                let events = await pair.events(of: name)
                return events.contains("replication_started") && events.contains("replication_finished")
                    && events.contains("mode_changed")
            }
            try await eventually("both are in normal mode") {
                let modes = (
                    await pair.replication(of: "example", on: "main").mode,
                    await pair.replication(of: "example", on: "replica").mode
                )
                return modes == ("normal", "normal")
            }
            let stream = await pair.json(name, "streams/example")
            let stats = stream?["stats"] as? [String: Any]
            let percent = "\(stats?["dvr_replication"] ?? "")"
            #expect(percent.hasPrefix("100"))
            let archive = await pair.json(name, "streams/example/dvr/ranges")
            let origins = archive?["origins"] as? [[String: Any]] ?? []
            #expect(origins.contains { $0["fetched"] as? Bool == true && $0["origin"] as? String == other })
            #expect(origins.contains { $0["fetched"] as? Bool == false && $0["origin"] as? String == name })
        }
    }

    /// Waits until both record; gives where the first's archive ends.
    private func begin(_ pair: WeirPair) async throws -> Int64 {
        for name in WeirPair.names {
            try await eventually("\(name) records") { await pair.end(of: "example", on: name) > 0 }
        }
        return await pair.end(of: "example", on: "main")
    }

    @Test("a byte that flipped on one disk is refused by the other side, and all the rest comes")
    func flippedByte() async throws {
        let pair = try WeirPair(Self.configuration)
        for name in WeirPair.names { try await pair.start(name) }
        try await recorded(3, on: "main", after: try await begin(pair), of: pair)
        await pair.kill("main")
        let died = await pair.end(of: "example", on: "replica")
        try await recorded(10, on: "replica", after: died, of: pair)
        await pair.stop("replica")
        try Self.flip(in: pair.root("replica"))
        for name in ["replica", "main"] { try await pair.start(name) }
        try await eventually("main refuses it") {
            let peer = await pair.replication(of: "example", on: "main").peer
            return peer["refused_segments"] as? Int ?? 0 > 0 && peer["fetched_segments"] as? Int ?? 0 > 4
                && (peer["last_error"] as? String)?.contains("other bytes than its digest says") ?? false
        }
        #expect(await pair.events(of: "main").contains("replication_failed"))
        let verify = try ChildProcess(WeirProcess.program, ["archive", "verify", pair.root("main")])
        #expect(await verify.exitStatus() == 0)
        let broken = try ChildProcess(WeirProcess.program, ["archive", "verify", pair.root("replica")])
        #expect(await broken.exitStatus() == 1)
    }

    /// One bit of the media near the end of the newest run: within what only the replica has.
    private static func flip(in root: String) throws {
        let found = FileManager.default.enumerator(at: URL(filePath: root), includingPropertiesForKeys: nil)
        let runs = (found?.compactMap { $0 as? URL } ?? []).filter {
            $0.pathExtension == "mp4" && !$0.lastPathComponent.hasSuffix(".r.mp4")
        }
        let run = try #require(runs.max { $0.path < $1.path })
        var bytes = try Data(contentsOf: run)
        let mark = try #require(bytes.range(of: Data("mdat".utf8), in: bytes.count / 2..<bytes.count))
        bytes[mark.upperBound + 10] ^= 0x10
        try bytes.write(to: run)
    }
}
