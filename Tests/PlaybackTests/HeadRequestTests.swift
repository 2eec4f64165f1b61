// HEAD of an endless answer: a head and nothing behind it.
import Foundation
import LiveStream
import NIOCore
import Testing

@testable import Playback

@Suite(.timeLimit(.minutes(5))) struct HeadRequestTests {
    @Test func theHeadOfAnEndlessAnswerIsAll() async throws {
        let recorded = try Recorded()
        try await recorded.record(segments: 0..<10)
        let stream = recorded.live
        let server = try await LoopbackServer.start(archive: recorded.playback()) { _ in .here(stream) }
        defer { server.channel.close(promise: nil) }
        for path in ["mpegts", "live.mp4", "archive-\(Recorded.from)-now.ts", "timeshift_rel-5.ts"] {
            let requests = ["HEAD /cam/\(path)", "GET /cam/index.m3u8"]
                .map { "\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
            let client = try #require(SlowClient(port: server.port, request: requests))
            let answer = String(decoding: client.readToEnd(), as: UTF8.self)
            client.close()
            #expect(answer.hasPrefix("HTTP/1.0 200 OK\r\n"), "\(path): \(answer)")
            // As for GET, the connection would be the body's end: nothing more comes on it.
            #expect(answer.contains("\r\nConnection: close\r\n"), "\(path): \(answer)")
            #expect(answer.hasSuffix("\r\n\r\n") && answer.components(separatedBy: "\r\n\r\n").count == 2)
        }
    }
}
