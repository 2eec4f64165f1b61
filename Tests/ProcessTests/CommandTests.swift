// `weir cluster`, `weir streams` and `weir events` against a real group: readable at 80 columns, JSON for scripts.
import Foundation
import Testing

@Suite(.serialized)
struct CommandTests {
    /// Runs `weir` with the arguments to its end and gives what it printed.
    private func weir(_ arguments: String...) async throws -> String {
        let child = try ChildProcess(WeirProcess.program, arguments)
        let status = await child.exitStatus()
        guard status == 0 else { throw TestFailure("weir \(arguments) ended with \(status): \(child.output)") }
        return child.output
    }

    private func json(_ text: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    /// What one server says of the others is true.
    private func checkPeers(_ peers: [[String: Any]]) throws {
        for peer in peers where peer["is_self"] as? Bool == false {
            let name = peer["hostname"] as? String ?? ""
            #expect(try #require(peer["last_heard"] as? Int) < 3000, "or it would not be alive")
            #expect(try #require(peer["round_trip"] as? NSNumber).doubleValue >= 0)
            #expect(abs(try #require(peer["clock_difference"] as? NSNumber).doubleValue) < 10_000)
            #expect(peer["fetch_timeout"] as? Int == 1000 && peer["stale_timeout"] as? Int == 3000)
            let stats = try #require(peer["stats"] as? [String: Any])
            #expect(stats["version"] as? String == "0.1.0" && stats["hostname"] as? String == name)
            #expect(Set(try #require(peer["hears"] as? [String])) == Set(WeirGroup.names.filter { $0 != name }))
        }
    }

    private func checkStreams(_ streams: [[String: Any]]) throws {
        for stream in streams {
            let cluster = try #require(stream["cluster"] as? [String: Any])
            let place = ((stream["stats"] as? [String: Any])?["running_on"] as? [String])?.first
            #expect(place != nil && cluster["owner"] as? String == place)
            #expect(try #require(cluster["epoch"] as? NSNumber).int64Value > 0)
            #expect(try #require(cluster["since"] as? NSNumber).int64Value > 1_700_000_000_000)
            #expect((cluster["reason"] as? String)?.contains("home") == true)
            let moves = try #require(cluster["moves"] as? [[String: Any]])
            #expect(moves.last?["to"] as? String == place)
        }
    }

    /// Each metric of the group is in docs/metrics.md with its kind and labels.
    private func checkMetrics(_ group: WeirGroup) async throws {
        let page = String(decoding: try #require(await group.get("one", "/metrics")).body, as: UTF8.self)
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let docs = try String(contentsOf: root.appending(path: "docs/metrics.md"), encoding: .utf8)
        var families: [String: String] = [:]
        for line in page.split(separator: "\n") where line.hasPrefix("# TYPE ") {
            let words = line.split(separator: " ")
            families[String(words[2])] = String(words[3])
        }
        for (name, kind) in families where name.contains(/^weir_(cluster|peer|relay|event)/) {
            #expect(docs.contains("| `\(name)` | \(kind) |"), "\(name)")
        }
        for name in ["weir_peer_up", "weir_peer_clock_difference_seconds", "weir_cluster_stream_epoch"] {
            #expect(families[name] == "gauge")
        }
        #expect(page.contains("\nweir_peer_up{peer=\"two\"} 1\n"))
        #expect(page.contains("\nweir_peer_state{peer=\"two\",state=\"alive\"} 1\n"))
        #expect(page.contains("\nweir_cluster_streams_not_captured 0\n"))
    }

    /// Another server is drained through this one, and its events are told here.
    private func checkGroup(_ server: String) async throws {
        let follower = try ChildProcess(
            WeirProcess.program, ["events", "--server", server, "--group", "--follow", "--limit", "1"])
        try await eventually("it follows") { follower.output.split(separator: "\n").count > 1 }
        #expect(
            try await weir("cluster", "drain", "--server", server, "--peer", "two").contains(
                "two gives its streams away"))
        try await eventually("two is drained") {
            follower.output.contains(" drained") && follower.output.contains("\n    two: no stream of the group")
        }
        #expect(try await weir("cluster", "status", "--server", server).contains("\ntwo                     draining"))
        #expect(
            try await weir("cluster", "return", "--server", server, "--peer", "two").contains("two takes streams again")
        )
        try await eventually("two has streams again") {
            follower.output.components(separatedBy: " drained").last?.contains("\n    two: ") ?? false
        }
        for line in follower.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        follower.stop()
        try await eventually("each stream has a bit rate") {
            let list = try await weir("streams", "--server", server)
            return list.split(separator: "\n").filter { $0.contains(#/ running .* [1-9][0-9]+ /#) }.count == 4
        }
    }

    @Test("status, streams, events, drain and return")
    func commands() async throws {
        let names = (1...4).map { "camera-\($0)" }
        let streams = names.map { "stream \($0) { input fake://fake; cluster_ingest; }" }
        let group = try WeirGroup(streams.joined(separator: "\n") + "\nstream alone { input udp://127.0.0.1:9; }")
        try group.setTimeouts(fetch: 1000, stale: 3000)
        try await group.startAll()
        _ = try await group.settled(names)
        let server = "127.0.0.1:\(group.ports["one"] ?? 0)"

        let status = try await weir("cluster", "status", "--server", server)
        #expect(status.hasPrefix("SERVER                  STATE"), "\(status)")
        for name in names + WeirGroup.names { #expect(status.contains("\n\(name) ")) }
        for text in [
            status, try await weir("streams", "--server", server), try await weir("events", "--server", server),
        ] {
            for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        }
        let list = try await weir("streams", "--server", server)
        #expect(list.contains("\nalone "), "also those that are not of the group: \(list)")
        #expect(list.split(separator: "\n").filter { $0.contains(" running ") }.count == names.count, "\(list)")

        var facts: [String: Any] = [:]
        try await eventually("all peers are alive and have told of their streams") {
            facts = try json(try await weir("cluster", "status", "--server", server, "--json"))
            return ((facts["peers"] as? [[String: Any]]) ?? []).allSatisfy {
                $0["state"] as? String == "alive" && ($0["stats"] as? [String: Any])?["streams"] as? Int == 5
            }
        }
        #expect((facts["peers"] as? [[String: Any]])?.count == 3)
        #expect((facts["streams"] as? [[String: Any]])?.count == names.count)
        #expect((try json(try await weir("streams", "--server", server, "--json"))["streams"] as? [Any])?.count == 5)
        try checkPeers(try #require(facts["peers"] as? [[String: Any]]))
        try checkStreams(try #require(facts["streams"] as? [[String: Any]]))
        try await checkMetrics(group)
        for line in try await weir("events", "--server", server, "--json", "--stream", names[0]).split(separator: "\n")
        {
            #expect(try json(line)["stream"] as? String == names[0])
        }

        // A reader follows while the server gives its streams away and takes them back.
        let follower = try ChildProcess(
            WeirProcess.program, ["events", "--server", server, "--follow", "--limit", "1"])
        let lines = try ChildProcess(
            WeirProcess.program, ["events", "--server", server, "--follow", "--limit", "1", "--json"])
        try await eventually("both follow") {
            follower.output.split(separator: "\n").count > 1 && lines.output.hasPrefix("{")
        }
        #expect(try await weir("cluster", "drain", "--server", server).contains("gives its streams away"))
        try await eventually("one is drained") {
            follower.output.contains(" drained") && lines.output.contains("\"event\":\"drained\"")
        }
        #expect(try await weir("cluster", "status", "--server", server).contains("\none                     draining"))
        #expect(try await weir("cluster", "return", "--server", server).contains("takes streams again"))
        try await checkGroup(server)
        try await eventually("one has streams again") { follower.output.contains(" stream_taken") }
        for line in follower.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        for line in lines.output.split(separator: "\n") { #expect(try json(line)["event"] is String) }

        // The server ends and comes back: the follower goes on with its new life.
        await group.kill("one")
        try await eventually("the follower says so") { follower.output.contains("is not heard") }
        try await group.start("one")
        try await eventually("the follower goes on") {
            let after = follower.output.components(separatedBy: "is not heard").last ?? ""
            return after.contains(" stream_taken")
        }
        follower.stop()
        lines.stop()
        let nobody = try ChildProcess(WeirProcess.program, ["streams", "--server", "127.0.0.1:1"])
        #expect(await nobody.exitStatus() != 0)
        #expect(nobody.output.contains("does not answer"))
    }
}
