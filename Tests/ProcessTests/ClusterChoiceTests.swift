// What the operator can choose in a group, on real servers: shares and limits, fail-back, hand-over, giving up. And that each
// change is told as an event with its reason.
import Foundation
import Testing

@Suite(.serialized)
struct ClusterChoiceTests {
    private struct Event {
        var kind: String
        var stream: String?
        var peer: String?
        var reason: String
        var time: Int64
    }

    private func group(
        _ directives: String, streams: [String], peers: [String: String] = [:]
    ) throws -> WeirGroup {
        let group = try WeirGroup(
            streams.map { "stream \($0) { input fake://fake; segment_duration 1; cluster_ingest; }" }
                .joined(separator: "\n"), group: directives)
        var text = try String(contentsOf: group.configuration, encoding: .utf8)
        for (peer, options) in peers {
            text = text.replacingOccurrences(of: "peer \(peer) {", with: "peer \(peer) { \(options)")
        }
        try Data(text.utf8).write(to: group.configuration)
        try group.setTimeouts(fetch: 1000, stale: 3000)
        return group
    }

    private func events(_ group: WeirGroup, _ name: String) async -> [Event] {
        await group.list("events", of: name, "events?limit=1000").compactMap { event in
            guard let kind = event["event"] as? String, let reason = event["reason"] as? String,
                let time = (event["time"] as? NSNumber)?.int64Value
            else { return nil }
            return Event(
                kind: kind, stream: event["stream"] as? String, peer: event["peer"] as? String, reason: reason,
                time: time)
        }
    }

    /// The newest event of a kind, when it is there.
    private func event(
        _ kind: String, stream: String? = nil, peer: String? = nil, of name: String, in group: WeirGroup
    ) async throws -> Event {
        var found: Event?
        try await eventually("\(name) tells \(kind) \(stream ?? "") \(peer ?? "")") {
            found = await events(group, name).first {
                $0.kind == kind && (stream == nil || $0.stream == stream) && (peer == nil || $0.peer == peer)
            }
            return found != nil
        }
        return try #require(found)
    }

    private func count(_ places: [String: String], _ peer: String) -> Int { places.values.count { $0 == peer } }

    @Test("weight shares the streams out, channel_limit is never passed, and what nobody may take is told")
    func sharesAndLimits() async throws {
        let names = (1...9).map { "s\($0)" }
        let limits = ["one": "weight 3;", "two": "channel_limit 2;", "three": "weight 0; channel_limit 4;"]
        let group = try group("failback immediate;", streams: names, peers: limits)
        try await group.startAll()
        let before = try await group.settled(names)
        #expect(count(before, "two") == 2 && count(before, "three") == 0, "\(before)")
        await group.kill("one")
        // Six may still run; the others are nowhere, and somebody says so.
        var captured: [String: Set<String>] = [:]
        try await eventually("two and three take what they may") {
            captured = [:]
            for name in ["two", "three"] { captured[name] = await group.captures(of: name) }
            return captured["two"]?.count == 2 && captured["three"]?.count == 4
        }
        let homeless = try #require(names.first { name in !captured.values.contains { $0.contains(name) } })
        var told: [Event] = []
        try await eventually("it is told which stream nobody may take") {
            told = []
            for name in ["two", "three"] {
                told += await events(group, name).filter { $0.kind == "stream_unplaced" && $0.stream == homeless }
            }
            return !told.isEmpty
        }
        #expect(told.first?.reason == "every usable peer is at its channel_limit")
        let stream = await group.list("streams", of: "two", "streams").first { $0["name"] as? String == homeless }
        let cluster = stream?["cluster"] as? [String: Any]
        #expect(cluster?["owner"] == nil, "\(cluster ?? [:])")
        #expect(((stream?["stats"] as? [String: Any])?["reason"] as? String)?.contains("channel_limit") == true)
        let answer = try #require(await group.get("two", "/\(homeless)/index.m3u8"))
        #expect(answer.status == 503 && String(decoding: answer.body, as: UTF8.self).contains("channel_limit"))
    }

    @Test("failback off: a stream stays where it is until its server goes; failback delayed: it waits for its time")
    func failback() async throws {
        let names = (1...6).map { "s\($0)" }
        let group = try group("failback off;", streams: names)
        try await group.startAll()
        let before = try await group.settled(names)
        let moving = names.filter { before[$0] == "two" }
        await group.kill("two")
        let away = try await group.settled(names, on: ["one", "three"])
        try await group.start("two")
        _ = try await event("peer_returned", peer: "two", of: "one", in: group)
        _ = try await event("peer_returned", peer: "two", of: "three", in: group)
        #expect(try await group.settled(names) == away, "nothing comes back")

        // A reload changes it: they come home two seconds after `two` is in touch with the group.
        let text = try String(contentsOf: group.configuration, encoding: .utf8)
        try Data(text.replacingOccurrences(of: "failback off;", with: "failback delayed 2;").utf8)
            .write(to: group.configuration)
        await group.kill("two")
        _ = try await event("peer_lost", peer: "two", of: "one", in: group)
        for name in ["one", "three"] { group.running[name]?.signal(SIGHUP) }
        try await group.start("two")
        let stats = try #require(await group.get("two", "/streamer/api/v3/config/stats"))
        let facts = try #require(try JSONSerialization.jsonObject(with: stats.body) as? [String: Any])
        let now = try #require(facts["now"] as? NSNumber).doubleValue
        let started = now - 1000 * (try #require(facts["uptime"] as? NSNumber).doubleValue)
        for stream in moving {
            let taken = try await event("stream_taken", stream: stream, of: "two", in: group)
            #expect(Double(taken.time) - started > 1900, "\(stream) came home before its time")
            #expect(taken.reason.hasPrefix("handed over by"))
        }
        #expect(try await group.settled(names) == before)
    }

    @Test(
        "handover: the old server stops first, or goes on until the new one has media",
        arguments: ["break_before_make", "make_before_break"])
    func handOver(order: String) async throws {
        let names = ["s1", "s2", "s3"]
        let group = try group("failback immediate; handover \(order);", streams: names)
        try await group.startAll()
        let before = try await group.settled(names)
        let stream = try #require(names.first { before[$0] == "two" })
        #expect(await group.get("two", "/streamer/api/v3/cluster/drain", method: "POST")?.status == 202)
        let yielded = try await event("stream_yielded", stream: stream, of: "two", in: group)
        let new = try #require(try await group.settled(names)[stream])
        let taken = try await event("stream_taken", stream: stream, of: new, in: group)
        let media = try await event("media_started", stream: stream, of: new, in: group)
        if order == "make_before_break" {
            #expect(media.time <= yielded.time, "two went on until \(new) had media")
            #expect(taken.reason.contains("goes on until it runs here"), "\(taken.reason)")
        } else {
            #expect(yielded.time <= taken.time, "\(new) waited for the end of the old capture")
            #expect(taken.reason == "handed over by two")
        }
        #expect(new != "two")
    }

    @Test("a server whose inputs all fail gives the stream up to one that reaches them, and says why")
    func givingUp() async throws {
        let media = FileManager.default.temporaryDirectory.appending(path: "weir-test-give-up-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: media, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: media) }
        let maker = try ChildProcess(
            "/usr/bin/ffmpeg",
            [
                "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-t", "5", "-c:v", "libx264", "-preset",
                "ultrafast", "-g", "12", "-f", "mpegts", media.appending(path: "cam.ts").path,
            ])
        try #require(await maker.exitStatus() == 0, "\(maker.output)")
        let group = try WeirGroup(
            "file media { storage \(media.path); }\n"
                + "stream cam { input file://media/cam.ts; segment_duration 1; cluster_ingest capture_at=two; }",
            group: "failback immediate; give_up 2;")
        try group.setTimeouts(fetch: 1000, stale: 3000)
        // The directory is not there for `two` alone.
        let other = group.folder.appending(path: "two.conf")
        let text = try String(contentsOf: group.configuration, encoding: .utf8)
        try Data(text.replacingOccurrences(of: media.path, with: "/nowhere").utf8).write(to: other)
        try await group.start("one")
        try await group.start("three")
        try await group.start("two", configuration: other)
        let given = try await event("stream_given_up", stream: "cam", of: "two", in: group)
        #expect(given.reason.hasPrefix("given up here: input 1:"), "\(given.reason)")
        let place = try #require(try await group.settled(["cam"])["cam"])
        let taken = try await event("stream_taken", stream: "cam", of: place, in: group)
        #expect(place != "two" && taken.reason.hasPrefix("two gave it up: input 1:"), "\(taken.reason)")
    }

    @Test("a server that hears nobody says that it is isolated, and when that is over; its event sink is told too")
    func isolation() async throws {
        let box = try await PostBox()
        let group = try group(
            "failback immediate; event_sink box { url \(box.url)/; only event=isolat*,peer_*; }",
            streams: ["s1", "s2", "s3"])
        try await group.startAll()
        _ = try await group.settled(["s1", "s2", "s3"])
        for name in ["two", "three"] { group.running[name]?.signal(SIGSTOP) }
        let isolated = try await event("isolated", of: "one", in: group)
        #expect(isolated.reason.contains("all 2 other peers fell silent at once"))
        for peer in ["two", "three"] {
            let lost = try await event("peer_lost", peer: peer, of: "one", in: group)
            #expect(lost.reason.hasPrefix("peer \(peer) silent for "), "\(lost.reason)")
        }
        #expect(await group.state(of: "one", asking: "one") == "isolated")
        for name in ["two", "three"] { group.running[name]?.signal(SIGCONT) }
        _ = try await event("isolation_ended", of: "one", in: group)
        for peer in ["two", "three"] { _ = try await event("peer_returned", peer: peer, of: "one", in: group) }
        try await eventually("the sink has both") {
            let posted = box.posts.flatMap { post in
                (try? JSONSerialization.jsonObject(with: Data(post.body.utf8)) as? [[String: Any]]) ?? []
            }.filter { $0["server"] as? String == "one" }
            return ["isolated", "isolation_ended", "peer_lost", "peer_returned"].allSatisfy { kind in
                posted.contains { $0["event"] as? String == kind && !(($0["reason"] as? String) ?? "").isEmpty }
            }
        }
        _ = try await event("paused", of: "two", in: group)
        _ = try await group.settled(["s1", "s2", "s3"])
    }
}
