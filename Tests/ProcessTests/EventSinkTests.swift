// A real server posts its events to a sink of the test.
import Foundation
import Testing

struct EventSinkTests {
    private func events(_ posts: [PostBox.Post]) throws -> [[String: Any]] {
        try posts.flatMap { post in
            try #require(
                try JSONSerialization.jsonObject(with: Data(post.body.utf8)) as? [[String: Any]], "\(post.body)")
        }
    }

    @Test("events that pass the filters are posted, again after a failure, and elsewhere after a reload")
    func posted() async throws {
        let box = try await PostBox(answering: [503])
        func configuration(_ path: String) -> String {
            "event_sink box { url \(box.url)\(path); only event=media_*,configuration_reloaded; except media=quiet; }\n"
                + "stream cam { input fake://fake; } stream quiet { input fake://fake; }"
        }
        let server = try await WeirProcess(configuration("/first"))
        try await eventually("the second post is taken") { box.posts.contains { $0.status == 200 } }
        let posts = box.posts
        let taken = try #require(posts.first { $0.status == 200 })
        #expect(posts[0].status == 503)
        let refused = try events([posts[0]])
        let again = try events([taken])
        #expect(refused.compactMap { $0["id"] as? Int } == again.prefix(refused.count).compactMap { $0["id"] as? Int })
        #expect(again.first?["event"] as? String == "media_started" && again.first?["stream"] as? String == "cam")
        #expect(again.first?["level"] as? String == "info" && again.first?["reason"] is String)

        try Data(configuration("/second").utf8).write(to: server.configuration)
        server.child.signal(SIGHUP)
        try await eventually("the reload is told to the new address") {
            try events(box.posts.filter { $0.path == "/second" }).contains {
                $0["event"] as? String == "configuration_reloaded"
            }
        }
        let all = try events(box.posts)
        #expect(!all.contains { $0["stream"] as? String == "quiet" || $0["event"] as? String == "tracks_changed" })
        let metrics = try #require(try await server.get("/metrics"))
        let text = String(decoding: metrics.body, as: UTF8.self)
        #expect(text.contains("weir_event_sink_dropped_total{sink=\"box\"} 0\n"))
    }
}
