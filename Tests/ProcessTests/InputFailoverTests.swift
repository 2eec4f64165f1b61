// Inputs that die and come back, and inputs that never work, seen from outside the built server.
import Foundation
import Testing

@Suite(.serialized)
struct InputFailoverTests {
    /// ffmpeg that plays until it is stopped and says what it has decoded.
    private func play(_ url: String) throws -> ChildProcess {
        try ChildProcess(
            "/usr/bin/ffmpeg",
            ["-v", "error", "-nostats", "-progress", "pipe:1", "-i", url, "-f", "null", "-"])
    }

    private func decodedPictures(_ player: ChildProcess) -> Int {
        player.output.split(whereSeparator: \.isNewline).compactMap { line in
            line.hasPrefix("frame=") ? Int(line.dropFirst(6).trimmingCharacters(in: .whitespaces)) : nil
        }.last ?? 0
    }

    /// All that is not progress.
    private func complaints(_ player: ChildProcess) -> [Substring] {
        player.output.split(whereSeparator: \.isNewline).filter { $0.firstMatch(of: #/^[a-z0-9_]+=/#) == nil }
    }

    private func stats(_ server: WeirProcess, _ stream: String) async throws -> [String: Any] {
        try #require(try await server.json("/streamer/api/v3/streams/\(stream)")["stats"] as? [String: Any])
    }

    private func send(to port: Int) throws -> ChildProcess {
        try MediaTools.send(to: "udp://127.0.0.1:\(port)?pkt_size=1316")
    }

    @Test("when the first input dies the second plays on, when it comes back it plays again, and players see no fault")
    func thereAndBack() async throws {
        let (first, second) = (FreePort.udp(), FreePort.udp())
        let server = try await WeirProcess(
            """
            stream cam {
              input udp://127.0.0.1:\(first) source_timeout=1;
              input udp://127.0.0.1:\(second) source_timeout=1;
              segment_duration 1;
            }
            """)
        let sender = try send(to: first)
        let spare = try send(to: second)
        try await server.waitForMedia(of: "cam", segments: 3)
        #expect(try await stats(server, "cam")["active_input"] as? String == "udp://127.0.0.1:\(first)")
        let players = try ["mpegts", "index.m3u8"].map { try play("\(server.base)/cam/\($0)") }
        for player in players {
            try await eventually("a player decodes") { decodedPictures(player) > 25 }
        }

        sender.stop()
        try await eventually("the second input plays") {
            try await stats(server, "cam")["active_input"] as? String == "udp://127.0.0.1:\(second)"
        }
        for player in players {
            let before = decodedPictures(player)
            try await eventually("a player goes on with the second input") { decodedPictures(player) > before + 50 }
        }

        let again = try send(to: first)
        try await eventually("the first input plays again") {
            try await stats(server, "cam")["active_input"] as? String == "udp://127.0.0.1:\(first)"
        }
        for player in players {
            let before = decodedPictures(player)
            try await eventually("a player goes on with the first input") { decodedPictures(player) > before + 50 }
            #expect(complaints(player) == [])
            #expect(player.isRunning)
            player.stop()
        }
        again.stop()
        spare.stop()

        let stream = try await server.json("/streamer/api/v3/streams/cam")
        let events = try #require(stream["last_events"] as? [[String: Any]])
        let reasons = Set(events.compactMap { $0["reason"] as? String })
        #expect(reasons.contains("input 1 is lost: no media for 1 s"), "\(reasons)")
        #expect(reasons.contains("input 2 delivers"), "\(reasons)")
        #expect(reasons.contains("input 1 delivers and is better than input 2"), "\(reasons)")
        let switches = try await stats(server, "cam")["input_switches"] as? Int
        #expect(switches ?? 0 >= 2)
    }

    @Test("an address nobody answers and a file that is not there are named, and the other stream runs")
    func troubleIsNamedAndDisturbsNobody() async throws {
        let (source, nobody) = (FreePort.udp(), FreePort.tcp())
        let server = try await WeirProcess(
            """
            stream cam { input udp://127.0.0.1:\(source); segment_duration 1; }
            stream away { input tshttp://127.0.0.1:\(nobody)/x/mpegts; }
            stream absent { input file://vod/absent.mp4; }
            """)
        let sender = try send(to: source)
        try await server.waitForMedia(of: "cam")
        for (stream, words) in [("away", "127.0.0.1:\(nobody)"), ("absent", "absent.mp4")] {
            try await eventually("the trouble of \(stream) is told") {
                let answer = try await server.json("/streamer/api/v3/streams/\(stream)")
                let inputs = try #require(answer["inputs"] as? [[String: Any]])
                guard let trouble = inputs.first?["trouble"] as? String else { return false }
                #expect(trouble.contains(words))
                #expect(trouble.split(separator: " ").count >= 3, "\(trouble)")
                return (answer["stats"] as? [String: Any])?["status"] as? String == "error"
            }
        }
        #expect(try await stats(server, "cam")["alive"] as? Bool == true)
        try await MediaTools.expectPlays("\(server.base)/cam/mpegts", seconds: 1)
        sender.stop()
    }
}
