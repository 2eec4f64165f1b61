// Clients that mean no good: each gets a clear answer or a closed connection, and the server goes on.
import Foundation
import Testing

@Suite(.serialized)
struct HostileClientTests {
    private func server() async throws -> WeirProcess {
        try await WeirProcess("stream cam { input udp://127.0.0.1:\(FreePort.udp()); }")
    }

    private func ask(_ server: WeirProcess, _ target: String, headers: String = "") async throws -> String {
        let client = try RawClient(port: server.port)
        client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(headers)\r\n")
        return await client.answer()
    }

    private func isWell(_ server: WeirProcess) async throws -> Bool {
        try await server.get("/streamer/api/v3/monitoring/liveness")?.status == 200 && server.child.isRunning
    }

    @Test(
        "paths that try to leave the streams are refused in words",
        arguments: [
            "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/cam/../../etc/passwd", "/cam/..%2f..%2fetc/passwd",
            "/cam/%00/index.m3u8", "/cam%00/mpegts", "/cam/%zz", "/%", "//etc/passwd", "/cam/track-1.m3u8/../../x",
            "/console/../../etc/passwd", "/streamer/api/v3/streams/%2e%2e%2fetc", "/%ff%fe/mpegts",
        ])
    func pathTricks(path: String) async throws {
        let server = try await server()
        let answer = try await ask(server, path)
        let status = answer.split(separator: " ").dropFirst().first ?? ""
        #expect(["400", "404"].contains(status), "\(path): \(answer.prefix(200))")
        #expect(!answer.contains("root:"))
        let body = answer.components(separatedBy: "\r\n\r\n").dropFirst().joined()
        #expect(body.contains(" ") && body.utf8.count < 4096, "\(path): \(answer)")
        #expect(try await isWell(server))
    }

    @Test("a very long path and too large headers are refused, and nothing of them is kept")
    func largeHeads() async throws {
        let server = try await server()
        let long = try await ask(server, "/" + String(repeating: "a", count: 12_000) + "/mpegts")
        #expect(long.hasPrefix("HTTP/1.1 400") || long.hasPrefix("HTTP/1.1 414"), "\(long.prefix(200))")
        let heads = [
            "X-Large: " + String(repeating: "x", count: 200_000) + "\r\n",
            (0..<5000).map { "X-Many-\($0): y\r\n" }.joined(),
        ]
        for head in heads {
            // 431, or closed before all was sent, in which case the answer may be lost on its way.
            let answer = try await ask(server, "/cam/index.m3u8", headers: head)
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 431"), "\(answer.prefix(200))")
            #expect(try await isWell(server))
        }
    }

    @Test("clients that stop in the middle of a request keep nobody waiting")
    func halfRequests() async throws {
        let server = try await server()
        let halves = [
            "", "G", "GET /cam/mpegts HTT", "GET /cam/mpegts HTTP/1.1\r\nHost: x\r\nX-Slow: ",
            "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1",
        ]
        var clients: [RawClient] = []
        for _ in 0..<40 {
            for half in halves {
                let client = try RawClient(port: server.port)
                client.send(half)
                clients.append(client)
            }
        }
        for _ in 0..<20 { #expect(try await isWell(server)) }
        #expect(try await server.get("/streamer/api/v3/streams/cam")?.status == 200)
        clients.removeAll()
        #expect(try await isWell(server))
    }

    @Test("what is not HTTP at all is answered with 400 or a closed connection")
    func noise() async throws {
        let server = try await server()
        let noises: [[UInt8]] = [
            Array("\u{16}\u{3}\u{1}\u{2}hello TLS\r\n\r\n".utf8),
            (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7) },
            Array("GET / HTTP/9.9\r\n\r\n".utf8), Array("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
            Array("GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n".utf8),
        ]
        for noise in noises {
            let client = try RawClient(port: server.port)
            client.send(noise)
            let answer = await client.answer()
            #expect(
                answer.isEmpty || answer.hasPrefix("HTTP/1.1 400") || answer.hasPrefix("HTTP/1.1 505"),
                "\(answer.prefix(200))")
            #expect(try await isWell(server))
        }
    }
}
