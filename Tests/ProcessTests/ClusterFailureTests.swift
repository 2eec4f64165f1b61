// What else befalls a group: ports that refuse, restarts in a loop, everything dead at once, and networks that are really cut.
import Foundation
import Testing

@Suite(.serialized)
struct ClusterFailureTests {
    static let names = (1...3).map { "cam0\($0)" }

    private static let streams = """
        stream cam01 { input fake://fake; segment_duration 1; cluster_ingest capture_at=one; }
        stream cam02 { input fake://fake; segment_duration 1; cluster_ingest capture_at=two; }
        stream cam03 { input fake://fake; segment_duration 1; cluster_ingest capture_at=three; }
        """
    /// Long enough that a busy machine does not look like a dead server.
    private static let patient = "fetch_timeout 500; stale_timeout 2000;"
    private static let home = ["cam01": "one", "cam02": "two", "cam03": "three"]

    private func epoch(of stream: String, asking name: String, in group: WeirGroup) async -> Int {
        let streams = await group.list("streams", of: name, "streams?limit=100")
        let cluster = streams.first { $0["name"] as? String == stream }?["cluster"] as? [String: Any]
        return cluster?["epoch"] as? Int ?? 0
    }

    private func lost(_ peer: String, asking name: String, in group: WeirGroup) async -> Bool {
        await group.list("events", of: name, "events?limit=1000").contains {
            $0["event"] as? String == "peer_lost" && $0["peer"] as? String == peer
        }
    }

    @Test("a server whose port refuses is waited for once, stood in for, and gets its streams when it comes")
    func refusedPort() async throws {
        let group = try WeirGroup(Self.streams)
        try await group.start("one")
        try await group.start("three")
        let without = try await group.settled(Self.names, on: ["one", "three"])
        #expect(without["cam02"] != "two")
        // The other server may have been through with joining first, and have passed its claims on.
        try await eventually("one says that two is dead, and that its port refuses") {
            let two = await group.list("peers", of: "one", "cluster/peers").first { $0["hostname"] as? String == "two" }
            return two?["state"] as? String == "dead" && (two?["error"] as? String)?.contains("refused") == true
        }
        try await group.start("two")
        try await eventually("all streams are at home") { try await group.settled(Self.names) == Self.home }
    }

    @Test(
        "a server that is killed and started again and again: in the end it has its streams, with a newer epoch each time"
    )
    func restartLoop() async throws {
        let group = try WeirGroup(Self.streams)
        try await group.startAll()
        try await eventually("all streams are at home") { try await group.settled(Self.names) == Self.home }
        var epochs = [await epoch(of: "cam02", asking: "one", in: group)]
        for _ in 0..<4 {
            await group.kill("two")
            try await group.start("two")
            try await eventually("one knows of a newer claim") {
                await self.epoch(of: "cam02", asking: "one", in: group) > epochs.last ?? 0
            }
            epochs.append(await epoch(of: "cam02", asking: "one", in: group))
        }
        try await eventually("all streams are at home again") { try await group.settled(Self.names) == Self.home }
        #expect(epochs[0] > 0)
    }

    @Test("all three killed and started: the streams run again where they were, with higher epochs")
    func everythingAtOnce() async throws {
        let group = try WeirGroup(Self.streams)
        try await group.startAll()
        try await eventually("all streams are at home") { try await group.settled(Self.names) == Self.home }
        var before: [String: Int] = [:]
        for name in Self.names { before[name] = await epoch(of: name, asking: "two", in: group) }
        for name in WeirGroup.names { await group.kill(name) }
        try await group.startAll()
        try await eventually("all streams are at home again") { try await group.settled(Self.names) == Self.home }
        for name in Self.names {
            let after = await epoch(of: name, asking: "two", in: group)
            #expect(after > before[name] ?? 0, "\(name)")
        }
    }

    @Test("all cores busy and viewers to serve: heartbeats do not wait, nobody is called dead and nothing moves")
    func busyMachine() async throws {
        let group = try WeirGroup(Self.streams, timeouts: "fetch_timeout 1000; stale_timeout 3000;")
        try await group.startAll()
        try await eventually("all streams are at home") { try await group.settled(Self.names) == Self.home }
        var before: [Int] = []
        for name in Self.names { before.append(await epoch(of: name, asking: "one", in: group)) }
        let load = try (0..<2 * ProcessInfo.processInfo.activeProcessorCount).map { _ in
            try ChildProcess("/bin/sh", ["-c", "while :; do :; done"])
        }
        let viewers = try WeirGroup.names.map { name in
            try ChildProcess(
                "/usr/bin/ffmpeg",
                ["-v", "error", "-i", group.url(name, "/cam01/mpegts"), "-t", "6", "-c", "copy", "-f", "null", "-"])
        }
        // Six seconds of media: two stale_timeouts.
        for viewer in viewers { #expect(await viewer.exitStatus() == 0, "\(viewer.output)") }
        for one in load { one.stop() }
        #expect(try await group.settled(Self.names) == Self.home)
        var after: [Int] = []
        for name in Self.names { after.append(await epoch(of: name, asking: "one", in: group)) }
        #expect(after == before, "no stream changed hands")
        for asked in WeirGroup.names {
            for peer in WeirGroup.names where peer != asked {
                #expect(await !lost(peer, asking: asked, in: group), "\(asked) called \(peer) dead")
            }
        }
    }

    // MARK: - Cut networks

    @Test(
        "cut in both directions: each side captures, the lone server knows that it is cut off; healed, each stream is captured once",
        .enabled(if: TestNetwork.isPermitted, "needs network namespaces"))
    func cutBothWays() async throws {
        let network = try TestNetwork()
        let group = try WeirGroup(Self.streams, timeouts: Self.patient, network: network)
        try await group.startAll()
        try await eventually("all streams are at home") { try await group.settled(Self.names) == Self.home }
        try network.cutBothWays("two", "one")
        try network.cutBothWays("two", "three")
        let others = try await group.settled(Self.names, on: ["one", "three"])
        #expect(
            others["cam01"] == "one" && others["cam03"] == "three", "what lives over there does not move: \(others)")
        let alone = try await group.settled(Self.names, on: ["two"])
        #expect(Set(alone.values) == ["two"])
        let events = await group.list("events", of: "two", "events?limit=1000")
        #expect(events.contains { $0["event"] as? String == "isolated" })
        try network.heal()
        try await eventually("each stream is captured once, at home") {
            try await group.settled(Self.names) == Self.home
        }
    }

    @Test(
        "cut in one direction: the third server hears both, nobody is dead and nothing moves",
        .enabled(if: TestNetwork.isPermitted, "needs network namespaces"))
    func cutOneWay() async throws {
        let network = try TestNetwork()
        // Twice as patient: what is known of a peer through a third server is older than what it says itself.
        let group = try WeirGroup(Self.streams, timeouts: "fetch_timeout 500; stale_timeout 4000;", network: network)
        try await group.startAll()
        try await eventually("all streams are at home") { try await group.settled(Self.names) == Self.home }
        var epochs: [Int] = []
        for name in Self.names { epochs.append(await epoch(of: name, asking: "three", in: group)) }
        // Not one packet of one reaches two, so neither of them has an answer of the other.
        try network.cut(from: "one", to: "two")
        try await eventually("each hears the other through three") {
            let there = await group.state(of: "two", asking: "one")
            let back = await group.state(of: "one", asking: "two")
            return there == "indirect" && back == "indirect"
        }
        #expect(try await group.settled(Self.names) == Self.home)
        try network.heal()
        // Only the requests of one to two vanish: two still asks one.
        try network.cutRequests(from: "one", to: "two", port: group.ports["two"] ?? 0)
        try await eventually("one hears two through three, two hears one") {
            let there = await group.state(of: "two", asking: "one")
            let back = await group.state(of: "one", asking: "two")
            return there == "indirect" && back == "alive"
        }
        #expect(try await group.settled(Self.names) == Self.home)
        try network.heal()
        try await eventually("all hear one another") { await group.state(of: "two", asking: "one") == "alive" }
        var after: [Int] = []
        for name in Self.names { after.append(await epoch(of: name, asking: "three", in: group)) }
        #expect(after == epochs, "no stream changed hands")
        #expect(await !lost("two", asking: "one", in: group))
    }
}
