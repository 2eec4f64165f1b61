// What a page of the console may ask for: files of the console, players' addresses, and what openapi.json documents.
import Foundation
import Testing

/// Expects that all requests since the last call went to `home`, and that none of them needs more than everybody has.
func checkRequests(_ browser: Browser, home: String, streams: [String]) async throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    let document = try Data(contentsOf: root.appending(path: "Sources/ManagementAPI/Files/openapi.json"))
    let json = try #require(try JSONSerialization.jsonObject(with: document) as? [String: Any])
    let documented = try #require(json["paths"] as? [String: Any]).keys.map { $0.split(separator: "/") }
    let requests = try await browser.requests().filter { ["http", "https", "ws", "wss"].contains($0.scheme ?? "") }
    let origin = try #require(URL(string: home))
    #expect(requests.filter { $0.host != origin.host || $0.port != origin.port } == [])

    func isDocumented(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        return documented.contains { words in
            words.count == parts.count && zip(words, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
        }
    }
    let odd = Set(requests.map(\.path)).filter { path in
        !(path.isEmpty || path == "/" || path.hasPrefix("/console/") || isDocumented(path)
            || streams.contains { path.hasPrefix("/\($0)/") })
    }
    #expect(odd == [], "neither a file of the console nor a documented address")
    // It has looked at a page at work.
    #expect(Set(requests.map(\.path)).isSuperset(of: ["/console/main.js", "/streamer/api/v3/events/follow"]))
}
