// Two servers that know nothing of one another and started at different moments: the same source gives the same bytes.
import Foundation
import Testing

@Suite(.serialized)
struct SameBytesTests {
    private static let media = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "media").path

    private func segments(of stream: String, on server: WeirProcess) async throws -> [String] {
        guard let answer = try await server.get("/\(stream)/track-all.m3u8"), answer.status == 200 else { return [] }
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
            // The segment in which the second server began may lack its begin.
            var common: [String] = []
            try await eventually("both have a segment of \(stream) that began after their start") {
                let known = Set(try await segments(of: stream, on: first))
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
}
