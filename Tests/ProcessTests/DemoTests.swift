// What `make run` promises a newcomer: the printed text is true, and what it proposes to try works.
import Foundation
import Testing

@Suite(.serialized)
struct DemoTests {
    private static let streams = ["cam01", "cam02", "cam03"]

    /// Waits until a player that asks `server` gets a segment of `stream`, wherever it is sent.
    private func watch(_ stream: String, asking server: DemoGroup.Server) async throws {
        try await eventually("\(stream) plays from \(server.name)") {
            // A server that just lost a stream says so, and the next question finds another.
            let base = "\(server.console)/\(stream)"
            guard let index = try? await WebClient.ask("\(base)/index.m3u8"), index.status == 200,
                let media = index.text.split(whereSeparator: \.isNewline).first(where: { !$0.hasPrefix("#") }),
                let list = try? await WebClient.ask("\(base)/\(media)"), list.status == 200,
                let name = list.text.split(whereSeparator: \.isNewline).last(where: { !$0.hasPrefix("#") }),
                let segment = try? await WebClient.ask("\(base)/\(name)")
            else { return false }
            return segment.status == 200 && segment.body.range(of: Data("moof".utf8)) != nil
        }
    }

    private func agree(_ demo: DemoGroup, _ servers: [DemoGroup.Server], on names: Set<String>) async throws {
        try await eventually("all streams run on \(names)") {
            guard demo.script.isRunning else { throw TestFailure("the script ended:\n\(demo.script.output)") }
            guard let places = await demo.places(asking: servers) else { return false }
            return places.keys.sorted() == Self.streams && names.isSuperset(of: places.values)
        }
    }

    @Test("make run: what it prints is there, a server that is killed is replaced and returns, and Ctrl-C ends all")
    func aNewcomersFirstMinutes() async throws {
        let demo = try await DemoGroup()
        let servers = demo.servers
        try #require(servers.map(\.name) == ["flussonic", "streamer", "s03.myhosting.com"], "\(demo.script.output)")
        for server in servers { #expect(kill(server.process, 0) == 0, "\(server)") }

        try await agree(demo, servers, on: Set(servers.map(\.name)))
        for stream in Self.streams {
            for server in servers { try await watch(stream, asking: server) }
        }
        #expect(demo.addresses.count == 6, "\(demo.addresses)")
        for address in demo.addresses {
            try await eventually("\(address) answers") {
                let answer = try? await WebClient.ask(String(address.prefix { $0 != "#" }))
                return answer?.status == 200 && answer?.body.isEmpty == false
            }
        }

        let lost = try #require(servers.first { $0.process == demo.victim })
        #expect(lost.name == "streamer")
        try await eventually("the stream with a dvr line is recorded") {
            for server in servers {
                let answer = try? await WebClient.ask("\(server.console)/streamer/api/v3/streams/cam03/dvr/ranges")
                guard let answer, answer.status == 200 else { continue }
                let archive = try JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
                if (archive?["duration"] as? NSNumber)?.doubleValue ?? 0 > 0 { return true }
            }
            return false
        }
        try await eventually("the server that the text names captures a stream") {
            await demo.places(asking: servers)?.values.contains(lost.name) ?? false
        }

        let others = servers.filter { $0.process != lost.process }
        // Else on a busy machine the server might return before anybody has looked.
        try await demo.whileScriptRests {
            kill(lost.process, SIGKILL)
            try await agree(demo, others, on: Set(others.map(\.name)))
            for stream in Self.streams {
                for server in others { try await watch(stream, asking: server) }
            }
        }
        try await eventually("the server is back") {
            guard demo.script.output.contains("\(lost.name) is back as process ") else { return false }
            return await demo.places(asking: servers) != nil
        }
        #expect(demo.script.output.contains("\(lost.name) has ended; it returns in 1 seconds."))

        demo.interrupt()
        #expect(await demo.script.exitStatus() == 0)
        #expect(demo.script.output.contains("All servers have stopped."), "\(demo.script.output)")
        try await eventually("no process is left") { demo.isGone }
    }

    @Test(arguments: ["8080", "1 2 3 4"]) func aWrongNumberOfPortsIsNamed(ports: String) async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let script = try ChildProcess(
            "/usr/bin/env",
            ["WEIR_DEMO_PORTS=\(ports)", root.appending(path: "scripts/run-demo.sh").path, WeirProcess.program])
        #expect(await script.exitStatus() == 1)
        #expect(script.output.contains("'\(ports)', but each of the three servers needs a port"), "\(script.output)")
    }
}
