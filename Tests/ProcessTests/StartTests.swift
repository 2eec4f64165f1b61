// Starting and stopping the built program: what it says when it cannot start, and that it ends in order.
import Foundation
import Testing

@Suite(.serialized)
struct StartTests {
    @Test("a broken configuration stops the start with all mistakes and exit status 1")
    func brokenConfiguration() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString).conf")
        try Data("http 8080;\nstream a { input fkae://fake; }\nstream a { }\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        for command in [["check", file.path], ["serve", "--config", file.path]] {
            let child = try ChildProcess(WeirProcess.program, command)
            #expect(await child.exitStatus() == 1)
            #expect(child.output.contains("\(file.path):"))
            #expect(child.output.contains("fkae"))
        }
    }

    @Test("an absent file is named")
    func absentFile() async throws {
        let child = try ChildProcess(WeirProcess.program, ["serve", "--config", "/nowhere/weir.conf"])
        #expect(await child.exitStatus() == 1)
        #expect(child.output.contains("/nowhere/weir.conf"))
        #expect(child.output.lowercased().contains("no such file"))
    }

    @Test("a port in use is named, with what to do")
    func portInUse() async throws {
        let first = try await WeirProcess("stream a { input udp://127.0.0.1:\(FreePort.udp()); }")
        let second = try ChildProcess(
            WeirProcess.program,
            ["serve", "--config", first.configuration.path, "--listen", "127.0.0.1:\(first.port)"])
        #expect(await second.exitStatus() == 1)
        #expect(second.output.contains("127.0.0.1:\(first.port)"))
        #expect(second.output.contains("another program has this port"))
    }

    @Test("SIGTERM and the API end the server in order, exit status 0")
    func orderlyEnd() async throws {
        let first = try await WeirProcess("stream a { input udp://127.0.0.1:\(FreePort.udp()); }")
        first.child.signal(SIGTERM)
        #expect(await first.child.exitStatus() == 0)
        let second = try await WeirProcess("stream a { input udp://127.0.0.1:\(FreePort.udp()); }")
        #expect(try await second.get("/streamer/api/v3/stop", method: "POST")?.status == 202)
        #expect(await second.child.exitStatus() == 0)
    }

    @Test("directives of features that this version lacks are reported at start")
    func unavailableFeatures() async throws {
        let server = try await WeirProcess("stream a { input rtsp://127.0.0.1:1/cam; }")
        let notices = try #require(try await server.json("/streamer/api/v3/config")["notices"] as? [String])
        #expect(notices.contains { $0.contains("not available in this version") && $0.contains("rtsp") })
    }
}
