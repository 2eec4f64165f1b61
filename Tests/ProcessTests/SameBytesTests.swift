// Two servers that know nothing of one another and started at different moments: the same source gives the same bytes. So a
// film that moves goes on where it was.
import Foundation
import Testing

@Suite(.serialized)
struct SameBytesTests {
    private static let media = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "media").path

    private func segments(of stream: String, on server: WeirProcess) async throws -> [String] {
        Self.segments(in: try await server.get("/\(stream)/track-all.m3u8"))
    }

    private static func segments(in answer: (status: Int, body: Data)?) -> [String] {
        guard let answer, answer.status == 200 else { return [] }
        return String(decoding: answer.body, as: UTF8.self).split(whereSeparator: \.isNewline)
            .filter { $0.hasPrefix("segment-") }.map(String.init)
    }

    @Test("the test source and a looped file are cut at the same places into the same bytes on both")
    func twoServersWriteTheSame() async throws {
        let text = """
            file media { path \(Self.media); }
            template long { segment_duration 1; segment_count 60; }
            stream clock { template long; input fake://fake; }
            stream film { template long; input file://media/bunny.mp4; }
            """
        let first = try await WeirProcess(text, arguments: ["--hostname", "one"])
        try await first.waitForMedia(of: "clock", segments: 2)
        let second = try await WeirProcess(text, arguments: ["--hostname", "another"])
        for stream in ["clock", "film"] {
            // The segment in which a server began may lack its begin.
            var common: [String] = []
            try await eventually("both have a segment of \(stream) that began after their start") {
                let known = Set(try await segments(of: stream, on: first).dropFirst())
                common = try await segments(of: stream, on: second).dropFirst().filter(known.contains)
                return !common.isEmpty
            }
            for segment in common {
                let address = "/\(stream)/\(segment)"
                let answers = [try await first.get(address), try await second.get(address)]
                #expect(answers.allSatisfy { $0?.status == 200 }, "\(address)")
                #expect(answers[0]?.body == answers[1]?.body && answers[0]?.body.isEmpty == false, "\(address)")
            }
        }
    }

    /// The server beside the group plays the same film without an interruption.
    @Test("a film whose server is killed goes on at another where it would be if nothing had happened")
    func aFilmThatMovesGoesOnWhereItWas() async throws {
        // Of a key frame each half second, so that segments are short.
        let file = try await MediaTools.film()
        let root = "file media { path \(file.deletingLastPathComponent().path); }"
        let film = "stream film { input file://media/\(file.lastPathComponent); segment_duration 1; segment_count 60;"
        let beside = try await WeirProcess("\(root) \(film) }")
        let group = try WeirGroup("\(root) \(film) cluster_ingest capture_at=two; }", group: "failback off;")
        // A busy machine is not to look like a dead server.
        try group.setTimeouts(fetch: 1000, stale: 3000)
        try await group.startAll()
        func segments(on name: String) async -> [String] {
            Self.segments(in: await group.get(name, "/film/track-all.m3u8").map { ($0.status, $0.body) })
        }
        /// The segments that a server of the group and the one beside it have, when there are some.
        func expectTheSame(on name: String) async throws -> [String] {
            var common: [String] = []
            try await eventually("\(name) has a segment that it played whole") {
                let known = Set(try await self.segments(of: "film", on: beside).dropFirst())
                common = await segments(on: name).dropFirst().filter(known.contains)
                return !common.isEmpty
            }
            for segment in common {
                let (here, there) = (
                    await group.get(name, "/film/\(segment)"), try await beside.get("/film/\(segment)")
                )
                #expect(here?.status == 200 && there?.status == 200, "\(segment)")
                #expect(here?.body == there?.body && here?.body.isEmpty == false, "\(segment)")
            }
            return common
        }
        let owner = try #require(try await group.settled(["film"])["film"])
        let before = try await expectTheSame(on: owner)
        await group.kill(owner)
        let successor = try await group.settled(["film"], on: WeirGroup.names.filter { $0 != owner })["film"]
        let after = try await expectTheSame(on: try #require(successor))
        #expect(Set(before).isDisjoint(with: after), "the successor has segments of its own")
    }
}
