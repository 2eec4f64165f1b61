// Two built servers whose archives make each other whole: outages, and a byte that flips on one disk.
import Foundation
import Testing

@Suite(.serialized)
struct ReplicationTests {
    static let stream = "example_stream"

    /// The two configurations of the page, its slip in the stream's name included, with a source that gives both servers the same media.
    static func configuration(_ name: String, _ other: Int, _ root: String, source: String) -> String {
        let inputs = ["url \(source);", "url m4f://127.0.0.1:\(other)/example;"]
        return """
            cluster_key abcd;
            stream \(stream) {
              \((name == "main" ? inputs : inputs.reversed()).joined(separator: "\n  "))
              dvr \(root) 3d replicate sync=1;
              segment_duration 1;
            }
            """
    }

    static func configuration(_ name: String, _ other: Int, _ root: String) -> String {
        configuration(name, other, root, source: "fake://fake")
    }

    /// Of media: a loaded machine may take over late, and what nobody recorded does not count.
    func recorded(_ seconds: Double, on name: String, of pair: WeirPair) async throws {
        let before = await pair.duration(of: Self.stream, on: name)
        try await eventually("\(name) has recorded \(seconds) s more") {
            await pair.duration(of: Self.stream, on: name) >= before + seconds
        }
    }

    /// Waits until both print the same line for what was recorded up to now, and gives the line.
    func equal(_ pair: WeirPair, from: Int64) async throws -> String {
        let ends = (await pair.end(of: Self.stream, on: "main"), await pair.end(of: Self.stream, on: "replica"))
        let to = max(ends.0, ends.1) / 1000
        var lines: (String?, String?) = (nil, nil)
        do {
            try await eventually("the archives agree from \(from) to \(to)") {
                lines = (
                    try await pair.digest("main", Self.stream, from: from, to: to),
                    try await pair.digest("replica", Self.stream, from: from, to: to)
                )
                return lines.0 != nil && lines.0 == lines.1
            }
        } catch {
            let (main, replica) = (
                await pair.json("main", "streams/\(Self.stream)"), await pair.json("replica", "streams/\(Self.stream)")
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
        try await begin(pair)
        try await recorded(4, on: "main", of: pair)
        let from = await pair.end(of: Self.stream, on: "replica") / 1000 - 2
        for name in WeirPair.names {
            await pair.kill(name)
            let other = name == "main" ? "replica" : "main"
            try await eventually("\(other) is in emergency mode") {
                await pair.replication(of: Self.stream, on: other).mode == "emergency"
            }
            try await recorded(10, on: other, of: pair)
            try await pair.start(name)
            let line = try await equal(pair, from: from)
            #expect(!line.contains(" 0 segments"))
            try await eventually("\(name) says that the URL's name is not that of the stream") {
                pair.output(of: name).contains("there is no stream 'example' there; its archive of 'example_stream'")
            }
            try await eventually("\(name) has told that it is done") {
                let events = await pair.events(of: name)
                return events.contains("replication_started") && events.contains("replication_finished")
                    && events.contains("mode_changed")
            }
            try await eventually("both are in normal mode") {
                let modes = (
                    await pair.replication(of: Self.stream, on: "main").mode,
                    await pair.replication(of: Self.stream, on: "replica").mode
                )
                return modes == ("normal", "normal")
            }
            try await eventually("\(name) has all of it") {
                let stream = await pair.json(name, "streams/\(Self.stream)")
                let stats = stream?["stats"] as? [String: Any]
                return "\(stats?["dvr_replication"] ?? "")".hasPrefix("100")
            }
            let archive = await pair.json(name, "streams/\(Self.stream)/dvr/ranges")
            let origins = archive?["origins"] as? [[String: Any]] ?? []
            #expect(origins.contains { $0["fetched"] as? Bool == true && $0["origin"] as? String == other })
            #expect(origins.contains { $0["fetched"] as? Bool == false && $0["origin"] as? String == name })
        }
    }

    /// «During normal replication … only the primary server connects to the stream source, and the secondary can only pick up the
    /// archive from the primary one.»
    @Test(
        "a server without a source of its own has the primary's whole archive, and tells how it stands in its metrics")
    func onlyThePrimaryHasTheSource() async throws {
        let pair = try WeirPair { name, other, root in
            let input = name == "main" ? "fake://fake" : "m4f://127.0.0.1:\(other)/\(Self.stream)"
            let depth = name == "main" ? "3d" : "3d replicate"
            return """
                cluster_key abcd;
                stream \(Self.stream) { input \(input); dvr \(root) \(depth) sync=1; segment_duration 1; }
                """
        }
        try await pair.start("main")
        try await recorded(4, on: "main", of: pair)
        try await pair.start("replica")
        try await recorded(4, on: "replica", of: pair)
        let archive = try #require(await pair.json("main", "streams/\(Self.stream)/dvr/ranges"))
        let line = try await equal(pair, from: Int64(try #require(archive["from"] as? Int)))
        #expect(!line.contains(" 0 segments"))
        let copy = try #require(await pair.json("replica", "streams/\(Self.stream)/dvr/ranges"))
        let origins = copy["origins"] as? [[String: Any]] ?? []
        #expect(copy["from"] as? Int == archive["from"] as? Int)
        #expect(origins.contains { $0["fetched"] as? Bool == true && $0["origin"] as? String == "main" })
        let metrics = try await WebClient.ask("http://127.0.0.1:\(pair.ports["replica"] ?? 0)/metrics").text
        let segments = metrics.split(whereSeparator: \.isNewline).first {
            $0.hasPrefix("weir_replication_fetched_segments_total{")
        }
        #expect(segments?.split(separator: " ").last.flatMap { Double($0) } ?? 0 > 0, "\(metrics)")
        #expect(metrics.contains("weir_replication_in_sync{"))
    }

    /// Starts both, the main one first, and waits until both record.
    func begin(_ pair: WeirPair) async throws {
        for name in WeirPair.names {
            try await pair.start(name)
            try await eventually("\(name) records") { await pair.end(of: Self.stream, on: name) > 0 }
        }
    }

    /// One byte in a segment that both have, another in one that only the replica has.
    @Test("a byte that flipped on one disk is found, refused by the other side, and healed from it; all the rest comes")
    func flippedBytes() async throws {
        let pair = try WeirPair(Self.configuration)
        try await begin(pair)
        let from = await pair.end(of: Self.stream, on: "replica") / 1000 - 2
        try await recorded(3, on: "replica", of: pair)
        try await eventually("both have the first second") {
            await pair.end(of: Self.stream, on: "main") >= (from + 3) * 1000
        }
        await pair.kill("main")
        let sizes = try Dictionary(
            uniqueKeysWithValues: Self.runs(in: pair.root("replica")).map { ($0, try Data(contentsOf: $0).count) })
        try await recorded(10, on: "replica", of: pair)
        await pair.stop("replica")
        let runs = try Self.runs(in: pair.root("replica"))
        let shared = try #require(runs.first)
        try Self.flip(shared, after: 0)
        // In the middle of what was recorded most: a loaded machine may begin a run at the end that has next to nothing.
        let growths = try runs.map { ($0, try Data(contentsOf: $0).count - (sizes[$0] ?? 0)) }
        let (own, growth) = try #require(growths.max { $0.1 < $1.1 })
        try Self.flip(own, after: (sizes[own] ?? 0) + growth / 2)
        let found = try await tool("verify", "replica", of: pair)
        #expect(found.status == 1)
        #expect(
            found.output.components(separatedBy: "the media are not those that were recorded").count == 3,
            "\(found.output)\n\(growths)")

        for name in ["replica", "main"] { try await pair.start(name) }
        do {
            try await eventually("main refuses the one that it lacks, and takes the rest") {
                let peer = await pair.replication(of: Self.stream, on: "main").peer
                return peer["state"] as? String == "diverged" && peer["refused_segments"] as? Int ?? 0 > 0
                    && peer["fetched_segments"] as? Int ?? 0 > 0
                    && (peer["last_error"] as? String)?.contains("other bytes than its digest says") ?? false
            }
        } catch { throw await pair.told(error, of: Self.stream) }
        try await eventually("main tells of it") { await pair.events(of: "main").contains("replication_failed") }
        #expect(try await tool("verify", "main", of: pair).status == 0)

        await pair.stop("replica")
        #expect(try await tool("repair", "replica", of: pair).status == 0)
        #expect(try await tool("verify", "replica", of: pair).status == 0)
        try await pair.start("replica")
        let line = try await equal(pair, from: from)
        #expect(!line.contains(" 0 segments"))
        #expect(try await tool("verify", "replica", of: pair).status == 0)
    }

    /// Each records what the other lacks with a clock of its own; the archives agree, and nothing is at two places.
    @Test(
        "a clock that is six seconds ahead is told and shown, and misplaces nothing",
        .enabled(if: OtherClock.isInstalled))
    func anotherClock() async throws {
        let pair = try WeirPair(Self.configuration)
        let ahead = OtherClock.ahead(seconds: 6)
        try await pair.start("main")
        try await eventually("main records") { await pair.end(of: Self.stream, on: "main") > 0 }
        try await pair.start("replica", after: ahead)
        try await recorded(4, on: "replica", of: pair)
        for name in WeirPair.names {
            try await eventually("\(name) tells and shows it") {
                let difference = await pair.replication(of: Self.stream, on: name).peer["clock_difference"] as? Int ?? 0
                return await pair.events(of: name).contains("clock_differs")
                    && (name == "main" ? difference > 3000 : difference < -3000)
            }
        }
        // What comes live has the sender's times, whatever the clock here says.
        let from = await pair.end(of: Self.stream, on: "main") / 1000 - 2
        try await eventually("the replica has main's segments") {
            let line = try await pair.digest("main", Self.stream, from: from, to: from + 2)
            let other = try await pair.digest("replica", Self.stream, from: from, to: from + 2)
            return line != nil && line == other
        }
        await pair.kill("main")
        try await recorded(6, on: "replica", of: pair)
        try await pair.start("main")
        let line: String
        do { line = try await equal(pair, from: from) } catch { throw await pair.told(error, of: Self.stream) }
        #expect(!line.contains(" 0 segments"))
        try await nothingOverlaps(pair)
    }

    func nothingOverlaps(_ pair: WeirPair) async throws {
        for name in WeirPair.names {
            let archive = await pair.json(name, "streams/\(Self.stream)/dvr/ranges")
            let ranges = try #require(archive?["ranges"] as? [[String: Any]])
            for (range, next) in zip(ranges, ranges.dropFirst()) {
                #expect(range["closed_at"] as? Int ?? .max <= next["opened_at"] as? Int ?? 0, "\(ranges)")
            }
            #expect(try await tool("verify", name, of: pair).status == 0)
        }
    }

    func tool(_ verb: String, _ name: String, of pair: WeirPair) async throws -> (status: Int32, output: String) {
        let child = try ChildProcess(WeirProcess.program, ["archive", verb, pair.root(name)])
        return (await child.exitStatus(), child.output)
    }

    /// What a server recorded itself, the oldest first.
    private static func runs(in root: String) throws -> [URL] {
        let found = FileManager.default.enumerator(at: URL(filePath: root), includingPropertiesForKeys: nil)
        return (found?.compactMap { $0 as? URL } ?? []).filter {
            $0.pathExtension == "mp4" && !$0.lastPathComponent.hasSuffix(".r.mp4")
        }.sorted { $0.path < $1.path }
    }

    /// One bit of the first kilobyte of media after a byte of a file. Boxes are walked over: what lies in freed parts is
    /// nobody's.
    private static func flip(_ run: URL, after place: Int) throws {
        var bytes = try Data(contentsOf: run)
        var offset = 0
        func length() -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        func isMedia() -> Bool { bytes[offset + 4..<offset + 8] == Data("mdat".utf8) && length() > 1024 }
        while offset < place || !isMedia() {
            offset += length()
            try #require(offset + 8 <= bytes.count)
        }
        bytes[offset + 500] ^= 0x10
        try bytes.write(to: run)
    }
}
