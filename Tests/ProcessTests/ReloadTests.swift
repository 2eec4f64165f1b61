// Reloading the configuration of a running server.
import Foundation
import Testing

@Suite(.serialized)
struct ReloadTests {
    private func configuration(_ source: Int, more: String = "") -> String {
        "stream cam { input udp://127.0.0.1:\(source); segment_duration 1; }\n\(more)"
    }

    @Test("SIGHUP adds and removes streams, and one that did not change loses no frame")
    func unchangedStreamLosesNothing() async throws {
        let source = FreePort.udp()
        let server = try await WeirProcess(configuration(source))
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        try await server.waitForMedia(of: "cam")
        let reader = try ChildProcess(
            "/usr/bin/ffmpeg",
            ["-v", "warning", "-i", "\(server.base)/cam/mpegts", "-t", "6", "-f", "null", "-"])
        try await eventually("the reader is a viewer") {
            try await viewers(of: server) == 1
        }

        try Data(configuration(source, more: "stream late { input udp://127.0.0.1:\(FreePort.udp()); }").utf8)
            .write(to: server.configuration)
        server.child.signal(SIGHUP)
        try await eventually("the new stream is known") {
            try await server.get("/streamer/api/v3/streams/late")?.status == 200
        }
        try Data(configuration(source).utf8).write(to: server.configuration)
        #expect(try await server.get("/streamer/api/v3/config/reload", method: "POST")?.status == 200)
        #expect(try await server.get("/streamer/api/v3/streams/late")?.status == 404)

        // ffmpeg says so when packets are missing, timestamps jump or a picture cannot be decoded.
        let status = await reader.exitStatus()
        #expect(status == 0)
        #expect(reader.output == "")
        let stream = try await server.json("/streamer/api/v3/streams/cam")
        let events = try #require(stream["last_events"] as? [[String: Any]])
        #expect(events.filter { $0["event"] as? String == "media_started" }.count == 1)
        sender.stop()
    }

    @Test("a broken file is refused with every mistake, and the server goes on with the settings it had")
    func brokenFileChangesNothing() async throws {
        let server = try await WeirProcess("stream cam { input udp://127.0.0.1:\(FreePort.udp()); }")
        try Data("stream cam { inptu udp://127.0.0.1:1; segment_duration soon; }".utf8).write(to: server.configuration)
        let answer = try #require(try await server.get("/streamer/api/v3/config/reload", method: "POST"))
        #expect(answer.status == 400)
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(text.contains("weir.conf:1:14"))
        #expect(text.contains("inptu") && text.contains("input"))
        #expect(text.contains("soon"))
        #expect(try await server.get("/streamer/api/v3/streams/cam")?.status == 200)
    }

    @Test("a reload says what has no effect in this version and was not there before, in its answer and in the log")
    func newNotices() async throws {
        let server = try await WeirProcess("stream a { input fake://fake; on_play http://a.example/; }")
        func notices(_ method: String, _ path: String, _ body: String = "") async throws -> [String] {
            let answer = try await server.send(method, path, body)
            #expect(answer.status == 200)
            return try #require(answer.json["notices"] as? [String])
        }
        // What the start has said, on another line now, is not said again.
        try Data("# moved\nstream a { input fake://fake; on_play http://a.example/; }".utf8)
            .write(to: server.configuration)
        #expect(try await notices("POST", "/config/reload") == [])
        let text = """
            stream a { input fake://fake; on_play http://a.example/; }
            stream b { input fake://fake; on_publish http://b.example/; }
            """
        let applied = try await notices("PUT", "/config", text)
        #expect(applied.count == 1 && applied[0].contains("weir.conf:2:") && applied[0].contains("on_publish"))
        try await eventually("it is logged") { server.child.output.contains(applied[0]) }
        #expect(try await notices("POST", "/config/reload") == [])

        try Data((text + "\nstream c { input udp://127.0.0.1:9 bitrate=1M; }").utf8).write(to: server.configuration)
        server.child.signal(SIGHUP)
        try await eventually("the warning is logged") {
            server.child.output.contains("weir.conf:3:") && server.child.output.contains("bitrate=")
        }
    }

    private func reload(_ server: WeirProcess, _ text: String) async throws -> WebAnswer {
        try Data(text.utf8).write(to: server.configuration)
        return try await WebClient.ask("\(server.base)/streamer/api/v3/config/reload", method: "POST")
    }

    private func viewers(of server: WeirProcess) async throws -> Int {
        try await sessions(of: server).count { $0["proto"] as? String == "mpegts" }
    }

    private func sessions(of server: WeirProcess) async throws -> [[String: Any]] {
        try await server.json("/streamer/api/v3/sessions")["sessions"] as? [[String: Any]] ?? []
    }

    private func answers(_ port: Int) async -> Bool {
        let answer = try? await WebClient.ask("http://127.0.0.1:\(port)/streamer/api/v3/monitoring/liveness")
        return answer?.status == 200
    }

    @Test("a stream that has to begin anew reads its source when it reads it no more as what it was")
    func oneReader() async throws {
        let source = try CountingSource()
        let (port, absent) = (FreePort.tcp(), FreePort.tcp())
        func configuration(_ options: String, input: String = "") -> String {
            """
            cluster_key abcd;
            peer one { address 127.0.0.1:\(port); fetch_timeout 200; stale_timeout 800; }
            peer two { address 127.0.0.1:\(absent); fetch_timeout 200; stale_timeout 800; }
            stream cam { input tshttp://127.0.0.1:\(source.port)/cam source_timeout=60 \(input); \(options) }
            """
        }
        let server = try await WeirProcess(
            configuration("segment_duration 2;"), port: port, arguments: ["--hostname", "one"])
        let changes = [
            configuration("segment_duration 3;"), configuration("segment_duration 3;", input: "program=2"),
            configuration("segment_duration 3; cluster_ingest;"),
            configuration("segment_duration 4; cluster_ingest;"), configuration("segment_duration 4;"),
        ]
        for round in 1...10 {
            try await eventually("the source is read for the \(round). time") { source.all == round }
            let reloaded = try await reload(server, changes[round % changes.count])
            #expect(reloaded.status == 200, "\(reloaded.text)")
        }
        try await eventually("it is read again") { source.all == 11 }
        #expect(source.most == 1)
    }

    @Test("a reload opens and closes ports, viewers of a closed port stay, and a port in use refuses the reload")
    func portsFollowTheConfiguration() async throws {
        let (first, second, taken) = (FreePort.tcp(), FreePort.tcp(), FreePort.tcp())
        func http(_ ports: Int...) -> String { ports.map { "http 127.0.0.1:\($0);" }.joined(separator: "\n") }
        let stream = "\nstream clock { input fake://fake; segment_duration 1; }"
        let server = try await WeirProcess(http(first) + stream, port: first, listens: false)
        try await server.waitForMedia(of: "clock")
        let check = try await server.send("POST", "/config/check", http(first, second) + stream)
        #expect(check.json["changes"] as? [String] == ["127.0.0.1:\(second) is listened on"])
        let opened = try await reload(server, http(first, second) + stream)
        #expect(opened.status == 200 && opened.text.contains("port 127.0.0.1:\(second) opened"), "\(opened.text)")
        #expect(await answers(first))
        #expect(await answers(second))

        let viewer = try RawClient(port: second)
        viewer.send("GET /clock/mpegts HTTP/1.1\r\nHost: x\r\n\r\n")
        // It takes what it is sent until the server ends: a viewer that takes nothing for ten seconds is closed.
        Task { await viewer.bytes() }
        try await eventually("the viewer is counted") {
            try await viewers(of: server) == 1
        }
        let other = try await WeirProcess(http(taken), port: taken, listens: false)
        let refused = try await reload(server, http(taken) + "\nstream late { input fake://fake; }")
        #expect(refused.status == 400 && refused.text.contains("127.0.0.1:\(taken)"), "\(refused.text)")
        #expect(try await server.get("/streamer/api/v3/streams/late")?.status == 404)
        #expect(await answers(second))

        let closed = try await reload(server, http(first) + stream)
        #expect(closed.status == 200 && closed.text.contains("port 127.0.0.1:\(second) closed"), "\(closed.text)")
        // A connection of before would still be answered.
        try await eventually("the port is closed") { (try? RawClient(port: second)) == nil }
        #expect(await answers(first))
        let sessions = try await sessions(of: server)
        #expect(sessions.count { $0["proto"] as? String == "mpegts" } == 1, "\(sessions)")
        #expect(other.child.isRunning)
    }
}
