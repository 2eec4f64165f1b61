// What a configuration says of inputs and outputs is what the running server does; its answers have the documented form.
import Foundation
import ManagementAPI
import TestSupport
import Testing

@Suite(.serialized)
struct LiveConfigurationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let api = "/streamer/api/v3"

    private func configuration(group: Int, noise: Int) -> String {
        """
        file media { path \(Self.root.appending(path: "media").path); }
        template short { segment_duration 1; }
        stream order { template short; input fake://fake priority=2; input file://media/bunny.mp4 priority=1; }
        stream box { input fake://fake bitrate=1M; segment_duration 2; segment_count 2; hls_container ts; }
        stream second { template short; input udp://239.255.78.2:\(group)/127.0.0.1 program=2; }
        stream seventh { template short; input udp://239.255.78.2:\(group)/127.0.0.1 program=7; }
        stream noise { template short; input udp://127.0.0.1:\(noise); }
        """
    }

    /// Two programmes in one transport stream.
    private func send(to group: Int) throws -> ChildProcess {
        try MediaTools.send(
            to: "udp://239.255.78.2:\(group)?pkt_size=1316&localaddr=127.0.0.1&ttl=0",
            video: [
                "-map", "0:v", "-map", "1:a", "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast",
                "-g", "25",
            ], audio: ["-c:a:0", "aac", "-c:a:1", "mp2"],
            format: ["-program", "program_num=1:st=0:st=1", "-program", "program_num=2:st=2:st=3", "-f", "mpegts"])
    }

    private func stats(_ server: WeirProcess, _ stream: String) async throws -> [String: Any] {
        try #require(try await server.json("\(Self.api)/streams/\(stream)")["stats"] as? [String: Any])
    }

    private func tells(_ server: WeirProcess, _ stream: String, _ words: String) async throws {
        try await eventually("\(stream) says «\(words)»") {
            let events = try await server.json("\(Self.api)/streams/\(stream)")["last_events"] as? [[String: Any]] ?? []
            return events.contains {
                $0["event"] as? String == "input_notice" && ($0["reason"] as? String)?.contains(words) == true
            }
        }
    }

    @Test("options of inputs and outputs hold, bad sources are named and disturb nobody, answers are as documented")
    func whatIsConfiguredHolds() async throws {
        let (group, noise) = (FreePort.udp(), FreePort.udp())
        let server = try await WeirProcess(configuration(group: group, noise: noise))
        let sender = try send(to: group)
        let nonsense = try ChildProcess(
            "/bin/bash",
            ["-c", "while :; do head -c 1316 /dev/urandom > /dev/udp/127.0.0.1/\(noise); sleep 0.02; done"])
        defer { for child in [sender, nonsense] { child.stop() } }

        try await eventually("the input of the better priority plays") {
            try await stats(server, "order")["active_input"] as? String == "file://media/bunny.mp4"
        }
        try await eventually("the second programme is read") {
            let tracks = try await stats(server, "second")["tracks"] as? [[String: Any]] ?? []
            return tracks.contains { ($0["title"] as? String)?.hasPrefix("MP2") == true }
        }
        try await tells(server, "seventh", "no programme 7 in the transport stream, only 1, 2;")
        try await tells(server, "noise", "no MPEG transport stream")
        #expect(try await stats(server, "noise")["alive"] as? Bool == false)

        try await eventually("the window of two segments has slid") {
            let list = try await server.get("/box/ts.m3u8").map { String(decoding: $0.body, as: UTF8.self) } ?? ""
            return list.components(separatedBy: "#EXTINF:2.0").count == 3
        }
        let variants = try await WebClient.ask("\(server.base)/box/index.m3u8")
        #expect(variants.text.contains("\nts.m3u8"), "\(variants.text)")
        try await eventually("the test source is as fat as told") {
            try await stats(server, "box")["bitrate"] as? Int ?? 0 > 900
        }
        // While noise and a missing programme come in.
        try await MediaTools.expectPlays("\(server.base)/order/mpegts", seconds: 2)
        try await MediaTools.expectPlays("\(server.base)/second/index.m3u8", seconds: 2)
        try await expectDocumentedAnswers(server)
        try await expectDocumentedMetrics(server)
    }

    /// The answers of the running server against the document that it serves.
    private func expectDocumentedAnswers(_ server: WeirProcess) async throws {
        func value(_ path: String) async throws -> JSONValue {
            let answer = try await WebClient.ask(server.base + path)
            #expect(answer.status == 200, "\(path): \(answer.text)")
            return try JSONDecoder().decode(JSONValue.self, from: answer.body)
        }
        func field(_ value: JSONValue?, _ name: String) -> JSONValue? {
            if case .object(let fields) = value { fields[name] } else { nil }
        }
        let document = try await value("\(Self.api)/openapi.json")
        var checker = SchemaChecker(document: document)
        for path in [
            "streams", "streams/{name}", "sessions", "config", "config/file", "config/history", "config/stats",
            "events",
            "cluster/peers", "dvrs", "monitoring/liveness", "monitoring/readiness",
        ] {
            let operation = field(field(document[path: "paths"], "\(Self.api)/\(path)"), "get")
            let answer = field(field(operation, "responses"), "200")
            let schema = try #require(field(field(field(answer, "content"), "application/json"), "schema"), "\(path)")
            let names = path.contains("{") ? ["order", "second", "seventh", "noise"] : [""]
            for name in names {
                let asked = "\(Self.api)/\(path.replacing("{name}", with: name))"
                checker.check(try await value(asked), against: schema, at: asked)
            }
        }
        #expect(checker.mistakes == [])
        #expect(checker.met.isSuperset(of: ["Stream.inputs", "Input.damaged_by_pid", "Event.reason"]))
    }

    /// Each family of the page stands in the documentation, with its kind where it has a row of its own.
    private func expectDocumentedMetrics(_ server: WeirProcess) async throws {
        let page = try await WebClient.ask("\(server.base)/metrics").text
        let docs = try ["metrics.md", "archive.md"].map {
            try String(contentsOf: Self.root.appending(path: "docs/\($0)"), encoding: .utf8)
        }.joined()
        let families = page.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
        #expect(families.count > 10 && page.contains("\nweir_viewer_skips_total 0\n"))
        for family in families {
            let words = family.split(separator: " ")
            #expect(docs.contains("| `\(words[2])` | \(words[3]) |"), "\(family)")
        }
    }
}
