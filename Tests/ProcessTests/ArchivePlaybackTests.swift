// What was recorded plays: from any instant, after the live window has moved on, after the server was killed.
import Foundation
import Testing

@Suite(.serialized)
struct ArchivePlaybackTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: "weir-archive-\(UUID().uuidString)")

    private func configuration(_ source: Int) -> String {
        """
        stream cam {
            input udp://127.0.0.1:\(source);
            segment_duration 1;
            segment_count 3;
            dvr \(root.path) 1h;
        }
        """
    }

    private func text(_ path: String, of server: WeirProcess) async throws -> String {
        let answer = try #require(try await server.get(path))
        #expect(answer.status == 200, "\(path): \(String(decoding: answer.body, as: UTF8.self))")
        return String(decoding: answer.body, as: UTF8.self)
    }

    private func segments(_ playlist: String) -> [String] {
        playlist.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.map(String.init)
    }

    private func ranges(_ server: WeirProcess) async throws -> [String: Any] {
        try await server.json("/streamer/api/v3/streams/cam/dvr/ranges")
    }

    private func waitForRecording(_ seconds: Double, in server: WeirProcess) async throws {
        try await eventually("\(seconds) s are recorded") {
            (try await ranges(server)["duration"] as? Double ?? 0) >= seconds
        }
    }

    @Test("each form of address plays, and a segment has one address and the same bytes, live and archived")
    func playsFromAnyInstant() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let source = FreePort.udp()
        let server = try await WeirProcess(configuration(source))
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        try await server.waitForMedia(of: "cam", segments: 2)
        let live = try #require(segments(try await text("/cam/track-1.m3u8", of: server)).first)
        let whole = live.replacing("-1.m4s", with: "-all.m4s")
        let transport = live.replacing("-1.m4s", with: ".ts")
        var before: [String: Data] = [:]
        for address in [live, whole, transport] {
            before[address] = try #require(try await server.get("/cam/\(address)")).body
        }
        try await waitForRecording(9, in: server)
        // Out of the window and its spare segments.
        let window = segments(try await text("/cam/track-1.m3u8", of: server))
        #expect(!window.contains(live))
        for address in [live, whole, transport] {
            let after = try #require(try await server.get("/cam/\(address)"))
            #expect(after.status == 200 && after.body == before[address], "\(address)")
            // A client that sends nothing more behind its request is answered all the same.
            let client = try RawClient(port: server.port)
            client.send("GET /cam/\(address) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.endRequests()
            let bytes = await client.bytes()
            #expect(Data(bytes.suffix(after.body.count)) == after.body, "\(address): \(bytes.count) bytes")
        }

        let from = try #require(try await ranges(server)["from"] as? Int)
        let forms = ["archive-\(from)-6.m3u8", "index-\(from)-6.m3u8", "video-\(from)-6.m3u8", "mono-\(from)-6.m3u8"]
        for form in forms {
            let list = try await text("/cam/\(form)", of: server)
            #expect(list.contains("#EXT-X-ENDLIST") && list.contains("#EXT-X-PROGRAM-DATE-TIME"))
            #expect((4...6).contains(segments(list).count), "\(list)")
        }
        let growing = [
            "archive-\(from)-now.m3u8", "timeshift_abs-\(from).m3u8", "rewind-30.m3u8", "timeshift_rel-4.m3u8",
            "index.m3u8?utc=\(from)&lutc=\(from + 9)", "video-timeshift_abs-\(from).m3u8", "timeshift_rel-4.ts",
            "timeshift_abs-\(from).ts", "archive-\(from)-now.ts", "archive-\(from)-6.ts", "archive-\(from)-6.mp4",
            "archive-\(from)-now.mp4",
        ]
        for form in forms + growing {
            try await MediaTools.expectPlays("\(server.base)/cam/\(form)", seconds: 3)
        }
        // The newest segment after the question was answered is younger than four seconds, however slow this machine is.
        let late = segments(try await text("/cam/timeshift_rel-4.m3u8", of: server))
        let newest = try #require(segments(try await text("/cam/track-1.m3u8", of: server)).last)
            .replacing("-1.m4s", with: "-all.m4s")
        #expect(!late.isEmpty && !late.contains(newest))
        #expect(try await MediaTools.codecs(of: "\(server.base)/cam/\(forms[0])") == ["aac", "h264"])
        #expect(try await text("/cam/recording_status.json", of: server).contains("\"from\":\(from)"))
        #expect(try await text("/cam/index.m3u8?utc=\(from)&lutc=\(from + 9)", of: server).contains("-all.m4s"))
        #expect(try await server.get("/cam/archive-1000-5.m3u8")?.status == 404)
        sender.stop()
    }

    @Test("a sliding playlist goes on in its numbers")
    func slidingNumbersGoOn() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let source = FreePort.udp()
        let server = try await WeirProcess(configuration(source))
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        try await waitForRecording(4, in: server)
        var numbers: [String: Int] = [:]
        try await eventually("the playlist has slid by five segments") {
            let list = try await text("/cam/rewind-3.m3u8", of: server)
            let tag = "#EXT-X-MEDIA-SEQUENCE:"
            let line = try #require(list.split(whereSeparator: \.isNewline).first { $0.hasPrefix(tag) })
            let sequence = try #require(Int(line.dropFirst(tag.count)))
            for (index, segment) in segments(list).enumerated() {
                #expect(numbers[segment] ?? sequence + index == sequence + index, "\(segment) got another number")
                numbers[segment] = sequence + index
            }
            return numbers.count >= 8
        }
        #expect(Set(numbers.values).count == numbers.count)
        sender.stop()
    }

    @Test("kill -9 costs at most the last chunk; the next server goes on and the gap is on record")
    func killedServerLosesNothing() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let source = FreePort.udp()
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        var kept: [String: Data] = [:]
        for life in 0..<3 {
            let server = try await WeirProcess(configuration(source))
            try await server.waitForMedia(of: "cam", segments: 2)
            // A segment is listed with its last chunk, which may be the one that the kill costs: the newest is left out.
            for segment in segments(try await text("/cam/track-1.m3u8", of: server)).dropLast() {
                let address = segment.replacing("-1.m4s", with: "-all.m4s")
                kept[address] = try #require(try await server.get("/cam/\(address)")).body
            }
            server.child.signal(SIGKILL)
            #expect(await server.child.exitStatus() != 0, "life \(life)")
        }
        let server = try await WeirProcess(configuration(source))
        try await waitForRecording(8, in: server)
        for (address, bytes) in kept {
            #expect(try await server.get("/cam/\(address)")?.body == bytes, "\(address)")
        }
        let facts = try await ranges(server)
        let recorded = try #require(facts["ranges"] as? [[String: Any]])
        let gaps = try #require(facts["gaps"] as? [[String: Any]])
        // A loaded machine may have made the sender late, which is a gap of its own.
        #expect(recorded.count >= 4)
        #expect(gaps.filter { $0["cause"] as? String == "server-down" }.count == 3, "\(facts)")
        for (before, after) in zip(recorded, recorded.dropFirst()) {
            let isTold = gaps.contains {
                $0["opened_at"] as? Int == before["closed_at"] as? Int
                    && $0["closed_at"] as? Int == after["opened_at"] as? Int
            }
            #expect(isTold, "a hole without a cause: \(facts)")
        }
        let from = try #require(facts["from"] as? Int)
        let list = try await text("/cam/archive-\(from)-3600.m3u8", of: server)
        #expect(list.components(separatedBy: "#EXT-X-DISCONTINUITY\n").count > 3, "\(list)")
        #expect(
            try await MediaTools.complaints(
                playing: "\(server.base)/cam/archive-\(from)-8.m3u8", seconds: 60, options: ["-live_start_index", "0"])
                == "")
        sender.stop()
    }

    @Test("a protected range survives a deletion, and what was deleted is gone for players")
    func locksAndDeletion() async throws {
        defer { try? FileManager.default.removeItem(at: root) }
        let source = FreePort.udp()
        let server = try await WeirProcess(configuration(source))
        let sender = try MediaTools.send(to: "udp://127.0.0.1:\(source)?pkt_size=1316")
        try await waitForRecording(6, in: server)
        let dvr = "/streamer/api/v3/streams/cam/dvr"
        let from = try #require(try await ranges(server)["from"] as? Int)
        let all = segments(try await text("/cam/archive-\(from)-6.m3u8", of: server))
        #expect(try await server.get("\(dvr)/locks?from=\(from)&duration=3&note=goal", method: "POST")?.status == 201)
        let locks = try #require(try await server.json("\(dvr)/locks")["locks"] as? [[String: Any]])
        #expect(locks.count == 1 && locks.first?["note"] as? String == "goal")
        #expect(try await server.get("\(dvr)/ranges?from=\(from)&duration=6", method: "DELETE")?.status == 200)
        let left = segments(try await text("/cam/archive-\(from)-6.m3u8", of: server))
        #expect(left.count < all.count && left.first == all.first)
        let gaps = try #require(try await ranges(server)["gaps"] as? [[String: Any]])
        #expect(gaps.contains { $0["cause"] as? String == "deleted" })
        #expect(try await server.get("\(dvr)/locks?id=1", method: "DELETE")?.status == 200)
        #expect(try await server.get("\(dvr)/locks?id=1", method: "DELETE")?.status == 404)
        #expect(try await server.get("\(dvr)/ranges?from=5&to=4", method: "DELETE")?.status == 400)
        sender.stop()
    }
}
