// Three real servers from one file: each stream once, found from anywhere, and alive when a server is not.
import Foundation
import Testing

@Suite(.serialized)
struct ClusterTests {
    static let names = (1...6).map { "cam0\($0)" }

    /// Six streams whose source every server reaches; `cam03` wants to be on `two`.
    private func group(timeouts: String = "fetch_timeout 1000; stale_timeout 3000;") async throws -> WeirGroup {
        let media = try await MediaTools.film()
        let streams = Self.names.map { name in
            let place = name == "cam03" ? " capture_at=two" : ""
            return "stream \(name) { input file://media/\(media.lastPathComponent); segment_duration 1; "
                + "cluster_ingest\(place); }"
        }
        return try WeirGroup(
            "file media { storage \(media.deletingLastPathComponent().path); }\n" + streams.joined(separator: "\n"),
            timeouts: timeouts)
    }

    @Test("each stream is captured once, capture_at is honoured, and every server knows the way to it")
    func onceAndFound() async throws {
        let group = try await group()
        try await group.startAll()
        let places = try await group.settled(Self.names)
        #expect(places["cam03"] == "two")
        #expect(Set(places.values) == Set(WeirGroup.names), "evenly distributed: \(places)")

        for (stream, place) in places {
            for asked in WeirGroup.names {
                let answer = try #require(await group.get(asked, "/\(stream)/index.m3u8?token=x"))
                if asked == place {
                    #expect(answer.status == 200, "\(stream) at \(asked)")
                } else {
                    #expect(answer.status == 302, "\(stream) at \(asked)")
                    let location = try #require(answer.location)
                    #expect(location.hasPrefix(group.url(place, "/\(stream)/index.m3u8?token=x")), "\(location)")
                }
            }
        }
        #expect(await group.get("one", "/nowhere/index.m3u8")?.status == 404)
        let away = try #require(WeirGroup.names.first { $0 != places["cam01"] })
        // On a loaded machine a stream may be on the move when it is asked for; then the player asks again.
        try await eventually("a player that asks another server plays") {
            try await MediaTools.complaints(playing: group.url(away, "/cam01/index.m3u8"), seconds: 2) == ""
        }
    }

    @Test("the streams of a killed server run on the others, and come home when it is back")
    func killAndReturn() async throws {
        let group = try await group()
        try await group.startAll()
        let before = try await group.settled(Self.names)
        await group.kill("two")
        let during = try await group.settled(Self.names, on: ["one", "three"])
        for (stream, place) in before where place != "two" {
            #expect(during[stream] == place, "\(stream) had no reason to move")
        }
        // Another server may have seen it first and have passed its claims on.
        try await eventually("one has lost two as well") {
            await group.state(of: "two", asking: "one") == "dead"
        }
        #expect(await lost("two", asking: "one", in: group))
        // The API says where each stream is, by which claim, since when and why, and how it came there.
        for (stream, place) in before where place == "two" {
            let new = try #require(during[stream])
            let answer = try #require(await group.get(new, "/streamer/api/v3/streams/\(stream)"))
            let facts = try #require(try JSONSerialization.jsonObject(with: answer.body) as? [String: Any])
            let claim = try #require(facts["cluster"] as? [String: Any])
            #expect(claim["owner"] as? String == new, "where it should be: \(claim)")
            #expect((claim["since"] as? Int ?? 0) > 0)
            #expect((claim["reason"] as? String)?.contains("peer two silent") == true, "\(claim)")
            let move = try #require((claim["moves"] as? [[String: Any]])?.last)
            #expect(move["from"] as? String == "two" && move["to"] as? String == new, "\(move)")
            #expect(move["epoch"] as? UInt64 == claim["epoch"] as? UInt64)
            #expect((move["reason"] as? String)?.contains("two silent") == true && (move["time"] as? Int ?? 0) > 0)
        }

        try await group.start("two")
        try await eventually("all streams are at home again") {
            try await group.settled(Self.names) == before
        }
    }

    private func lost(_ peer: String, asking name: String, in group: WeirGroup) async -> Bool {
        await group.list("events", of: name, "events?limit=1000").contains {
            $0["event"] as? String == "peer_lost" && $0["peer"] as? String == peer
        }
    }

    /// With a `stale_timeout` that is longer than the test may last.
    @Test("the streams of a server that is shut down run on the others before it would count as dead, and come home")
    func shutDown() async throws {
        let group = try await group(timeouts: "fetch_timeout 1000; stale_timeout 600000;")
        try await group.startAll()
        let before = try await group.settled(Self.names)
        var isDrained = false
        // On a machine that is too busy it goes with a stream or two still in its hands, after four seconds.
        for _ in 0..<5 where !isDrained {
            let child = try #require(group.running["two"])
            child.signal(SIGTERM)
            #expect(await child.exitStatus() == 0)
            isDrained = child.output.contains("no stream of the group is captured here any more")
            if !isDrained {
                try await group.start("two")
                try await eventually("all streams are at home again") { try await group.settled(Self.names) == before }
            }
        }
        try #require(isDrained)
        let during = try await group.settled(Self.names, on: ["one", "three"])
        for (stream, place) in before {
            guard place == "two" else {
                #expect(during[stream] == place, "\(stream) had no reason to move")
                continue
            }
            let new = try #require(during[stream])
            let taken = await group.list("events", of: new, "events?limit=1000").first {
                $0["event"] as? String == "stream_taken" && $0["stream"] as? String == stream
            }
            #expect(taken?["reason"] as? String == "handed over by two", "\(taken ?? [:])")
        }
        for name in ["one", "three"] { #expect(await !lost("two", asking: name, in: group)) }
        try await group.start("two")
        try await eventually("all streams are at home again") { try await group.settled(Self.names) == before }
    }

    @Test("a server that stood still yields what the others took, and in the end each stream is captured once")
    func standingStill() async throws {
        let group = try await group()
        try await group.startAll()
        let before = try await group.settled(Self.names)
        let child = try #require(group.running["two"])
        child.signal(SIGSTOP)
        _ = try await group.settled(Self.names, on: ["one", "three"])
        child.signal(SIGCONT)
        try await eventually("all streams are at home again") {
            try await group.settled(Self.names) == before
        }
    }

    @Test("a drained server gives its streams away and takes them back when told")
    func drainAndReturn() async throws {
        let group = try await group()
        try await group.startAll()
        let before = try await group.settled(Self.names)
        #expect(await group.get("two", "/streamer/api/v3/cluster/drain", method: "POST")?.status == 202)
        try await eventually("two captures nothing") {
            try await !group.settled(Self.names).values.contains("two")
        }
        #expect(await group.get("two", "/streamer/api/v3/cluster/return", method: "POST")?.status == 202)
        try await eventually("all streams are at home again") {
            try await group.settled(Self.names) == before
        }
    }

    @Test("a server with another cluster_key is shown as such and is given no streams")
    func otherKey() async throws {
        let group = try await group()
        let other = group.folder.appending(path: "other.conf")
        let text = try String(contentsOf: group.configuration, encoding: .utf8)
        try Data(text.replacingOccurrences(of: "cluster_key abcd;", with: "cluster_key efgh;").utf8).write(to: other)
        try await group.start("one")
        try await group.start("three")
        try await group.start("two", configuration: other)
        _ = try await group.settled(Self.names.filter { $0 != "cam03" }, on: ["one", "three"])
        try await eventually("one says what is wrong with two") {
            await group.state(of: "two", asking: "one") == "other_key"
        }
        let peers = await group.list("peers", of: "one", "cluster/peers")
        let error = peers.first { $0["hostname"] as? String == "two" }?["error"] as? String
        #expect(error?.contains("cluster_key") == true, "\(error ?? "no error")")
    }
}
