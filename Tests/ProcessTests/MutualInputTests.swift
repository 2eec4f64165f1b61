// Two real servers with the configurations of cross-replication: live media between them over M4F.
import Foundation
import Testing

/// Servers `one` and `two` on loopback, each with a configuration of its own, which a test may kill and start.
private final class TwoServers {
    let ports = ["one": FreePort.tcp(), "two": FreePort.tcp()]
    private(set) var servers: [String: WeirProcess] = [:]
    private let texts: [String: String]

    /// - Parameter text: the configuration of a server, given the ports of both by name.
    init(_ text: (_ name: String, _ ports: [String: Int]) -> String) {
        texts = ["one": text("one", ports), "two": text("two", ports)]
    }

    func start(_ name: String) async throws {
        servers[name] = try await WeirProcess(
            texts[name] ?? "", port: ports[name] ?? 0, arguments: ["--hostname", name])
    }

    subscript(name: String) -> WeirProcess {
        get throws { try #require(servers[name]) }
    }

    func kill(_ name: String) async {
        guard let server = servers.removeValue(forKey: name) else { return }
        server.child.signal(SIGKILL)
        _ = await server.child.exitStatus()
    }

    /// The scheme of the input that plays; nil without media.
    func playing(_ name: String, _ stream: String) async throws -> String? {
        guard let server = servers[name] else { return nil }
        let answer = try await server.json("/streamer/api/v3/streams/\(stream)")
        let stats = try #require(answer["stats"] as? [String: Any])
        guard stats["alive"] as? Bool == true, let input = stats["active_input"] as? String else { return nil }
        return input.components(separatedBy: "://").first
    }

    func waits(for expected: [String: String?], _ stream: String) async throws {
        try await eventually("\(expected) play") {
            for (name, scheme) in expected where try await self.playing(name, stream) != scheme { return false }
            return true
        }
    }
}

@Suite(.serialized)
struct MutualInputTests {
    private func send(to port: Int) throws -> ChildProcess {
        try MediaTools.send(to: "udp://127.0.0.1:\(port)?pkt_size=1316")
    }

    /// The page's text with the addresses adapted, its slip in the stream's name included.
    @Test("the page's two configurations: normal, emergency and recovery, and the source lost on either side and both")
    func crossReplicationConfigurations() async throws {
        let sources = ["one": FreePort.udp(), "two": FreePort.udp()]
        let pair = TwoServers { name, ports in
            let other = name == "one" ? "two" : "one"
            let source = "url udp://127.0.0.1:\(sources[name] ?? 0) source_timeout=1;"
            let peer = "url m4f://127.0.0.1:\(ports[other] ?? 0)/example source_timeout=2;"
            let inputs = name == "one" ? [source, peer] : [peer, source]
            return """
                cluster_key abcd;
                stream example_stream {
                  \(inputs.joined(separator: "\n  "))
                  segment_duration 1;
                }
                """
        }
        let stream = "example_stream"
        var senders = try sources.mapValues(send)
        defer { for sender in senders.values { sender.stop() } }
        try await pair.start("one")
        try await pair["one"].waitForMedia(of: stream)
        try await pair.start("two")
        // «The replicating server picks up live stream from flussonic_1 via M4F»
        try await pair.waits(for: ["one": "udp", "two": "m4f"], stream)
        let events = try await pair["two"].json("/streamer/api/v3/events?limit=1000")["events"] as? [[String: Any]]
        let notices = events?.filter { $0["event"] as? String == "input_notice" }.compactMap { $0["reason"] as? String }
        #expect(notices?.contains { $0.contains("there is no stream 'example' on one") } == true, "\(notices ?? [])")
        try await MediaTools.expectPlays("\(pair["two"].base)/\(stream)/mpegts", seconds: 1)

        // «The main server has gone offline. The replicating server captures the live stream from a source via UDP»
        await pair.kill("one")
        try await pair.waits(for: ["two": "udp"], stream)
        // «The main server has recovered and picks up the live stream from the source via UDP again»
        try await pair.start("one")
        try await pair.waits(for: ["one": "udp", "two": "m4f"], stream)

        // A server that stands still says nothing: the other notices by itself, and comes back to it later.
        try pair["one"].child.signal(SIGSTOP)
        try await pair.waits(for: ["two": "udp"], stream)
        try pair["one"].child.signal(SIGCONT)
        try await pair.waits(for: ["one": "udp", "two": "m4f"], stream)

        for (lost, expected) in [
            (["one"], ["one": "m4f", "two": "udp"]), (["one", "two"], ["one": nil, "two": nil]),
            (["two"], ["one": "udp", "two": "m4f"]), ([], ["one": "udp", "two": "m4f"]),
        ] as [([String], [String: String?])] {
            for (name, port) in sources {
                let hasSource = senders[name] != nil
                if lost.contains(name), hasSource {
                    senders.removeValue(forKey: name)?.stop()
                } else if !lost.contains(name), !hasSource {
                    senders[name] = try send(to: port)
                }
            }
            try await pair.waits(for: expected, stream)
        }
    }

    @Test("live window and archive of the receiver hold the sender's bytes")
    func digestsAreEqual() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let pair = TwoServers { name, ports in
            let input = name == "one" ? "fake://fake" : "m4f://127.0.0.1:\(ports["one"] ?? 0)/cam"
            return """
                cluster_key abcd;
                stream cam { input \(input); segment_duration 1; dvr \(folder.path)/\(name) 1h; }
                """
        }
        for name in ["one", "two"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
            try await pair.start(name)
            try await pair[name].waitForMedia(of: "cam")
        }
        // A segment of the receiver's window, at both.
        let playlist = String(
            decoding: try #require(try await pair["two"].get("/cam/track-1.m3u8")).body, as: UTF8.self)
        let segment = try #require(playlist.split(whereSeparator: \.isNewline).last { $0.hasPrefix("segment-") })
        let path = "/cam/" + segment.replacing(#/-1\.m4s.*/#, with: "-all.m4s")
        let bytes = try await ["one", "two"].asyncMap { try #require(try await pair[$0].get(path)) }
        #expect(bytes[0].status == 200 && bytes[0].body == bytes[1].body && !bytes[0].body.isEmpty)

        let start = try #require(Int64(segment.dropFirst("segment-".count).prefix { $0.isNumber })) / 90_000 + 2
        // The source has a key frame, so a segment, every two seconds.
        try await eventually("both have recorded six seconds more") {
            for name in ["one", "two"] {
                guard try await self.digest("\(folder.path)/\(name)", start + 6)?.segments == 1 else { return false }
            }
            return true
        }
        let digests = try await ["one", "two"].asyncMap {
            try await self.digest("\(folder.path)/\($0)", start, seconds: 6)
        }
        #expect(digests[0]?.segments == 3)
        #expect(digests[0]?.digest == digests[1]?.digest)
    }

    private func digest(
        _ root: String, _ from: Int64, seconds: Int64 = 2
    ) async throws -> (segments: Int, digest: String)? {
        let child = try ChildProcess(
            WeirProcess.program,
            [
                "archive", "digest", root, "cam", "\(from)", "\(from + seconds)", "--json",
            ])
        guard await child.exitStatus() == 0 else { return nil }
        let object = try JSONSerialization.jsonObject(with: Data(child.output.utf8)) as? [String: Any]
        guard let segments = object?["segments"] as? Int, let digest = object?["digest"] as? String else { return nil }
        return (segments, digest)
    }

    @Test("without a key, with another key and for a stream that is not there the reason is told")
    func reasonsAreTold() async throws {
        let sender = try await WeirProcess("cluster_key abcd; stream cam { input fake://fake; }")
        let keyless = try await WeirProcess("stream cam { input fake://fake; }")
        let receiver = try await WeirProcess(
            """
            cluster_key efgh;
            stream wrong { input m4f://127.0.0.1:\(sender.port)/cam; }
            stream none { input m4f://127.0.0.1:\(keyless.port)/cam; }
            """)
        let friend = try await WeirProcess(
            "cluster_key abcd; stream absent { input m4f://127.0.0.1:\(sender.port)/nowhere; }")
        let without = try await WeirProcess("stream cam { input m4f://127.0.0.1:\(sender.port)/cam; }")
        for (server, stream, words) in [
            (receiver, "wrong", "the key must be the same"), (receiver, "none", "needs a cluster_key"),
            (friend, "absent", "no stream 'nowhere'"), (without, "cam", "needs a cluster_key"),
        ] {
            try await eventually("\(stream) says «\(words)»") {
                let answer = try await server.json("/streamer/api/v3/streams/\(stream)")
                let input = (answer["inputs"] as? [[String: Any]])?.first
                return (input?["trouble"] as? String)?.contains(words) ?? false
            }
        }
        #expect(try await sender.get("/weir/m4f/1/live/cam?instance=1")?.status == 401)
    }

    @Test("an edge outside of the group follows the stream to the server that captures it, also when that changes")
    func anEdgeFollowsTheGroup() async throws {
        let group = try WeirGroup("stream cam { input fake://fake; segment_duration 1; cluster_ingest; }")
        try await group.startAll()
        let place = try #require(try await group.settled(["cam"])["cam"])
        let asked = try #require(WeirGroup.names.first { $0 != place })
        let edge = try await WeirProcess(
            """
            cluster_key abcd;
            stream cam { input m4f://127.0.0.1:\(group.ports[asked] ?? 0)/cam; segment_duration 1; }
            """)
        try await edge.waitForMedia(of: "cam", segments: 2)
        await group.kill(place)
        let left = WeirGroup.names.filter { $0 != place }
        _ = try await group.settled(["cam"], on: left)
        let newest = { () async throws -> String in
            let answer = try #require(try await edge.get("/cam/track-1.m3u8"))
            return String(decoding: answer.body, as: UTF8.self).split(whereSeparator: \.isNewline)
                .last { $0.hasPrefix("segment-") }.map(String.init) ?? ""
        }
        let last = try await newest()
        try await eventually("the edge goes on after the move") { try await newest() != last }
        let next = try await newest()
        try await eventually("and on") { try await newest() != next }
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
