// `make run` without its build: the script that starts the example's three servers, on ports of the test.
import Foundation
import Testing

/// The script as it runs, in a session of its own as in a terminal, and what it has printed.
final class DemoGroup {
    /// A line of the printed table.
    struct Server {
        var name: String
        var console: String
        var process: pid_t
    }
    let script: ChildProcess
    /// Leads the group of all processes that the script starts.
    private let leader: pid_t
    private let folder: URL

    /// Starts the script and waits until it has printed what to do.
    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "weir-demo-\(UUID().uuidString)")
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let ports = (0..<3).map { _ in String(FreePort.tcp()) }.joined(separator: " ")
        let script = try ChildProcess(
            "/usr/bin/env",
            [
                "WEIR_DEMO_PORTS=\(ports)", "WEIR_DEMO_FOLDER=\(folder.path)", "WEIR_DEMO_PAUSE=1", "setsid",
                root.appending(path: "scripts/run-demo.sh").path, WeirProcess.program,
            ])
        self.script = script
        var leader: pid_t?
        try await eventually("the script has a group of its own") {
            leader = script.program.flatMap { getpgid($0) == $0 ? $0 : nil }
            return leader != nil || !script.isRunning
        }
        self.leader = leader ?? 0
        try await eventually("the script has said what to do") {
            guard script.isRunning else { throw TestFailure("the script ended:\n\(script.output)") }
            return script.output.contains("Ctrl-C ends all three.")
        }
    }

    deinit {
        if leader > 0 { kill(-leader, SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }

    /// No process of the script is left.
    var isGone: Bool { kill(-leader, 0) != 0 && errno == ESRCH }

    /// As Ctrl-C in a terminal: to every process of the group.
    func interrupt() { kill(-leader, SIGINT) }

    /// While `body` runs the script does nothing, as if the machine gave it no time.
    func whileScriptRests(_ body: () async throws -> Void) async throws {
        kill(leader, SIGSTOP)
        defer { kill(leader, SIGCONT) }
        try await body()
    }

    var servers: [Server] {
        script.output.matches(of: #/^  (\S+) +(http:\S+)\/ +(\d+)$/#.anchorsMatchLineEndings()).compactMap { line in
            pid_t(line.3).map { Server(name: String(line.1), console: String(line.2), process: $0) }
        }
    }

    /// All addresses that the text names.
    var addresses: [String] { script.output.matches(of: #/http:\/\/[^\s]+/#).map { String($0.0) } }

    /// The process that the text proposes to kill.
    var victim: pid_t? {
        script.output.firstMatch(of: #/kill -9 (\d+)/#).flatMap { pid_t($0.1) }
    }

    /// Where each stream is captured, as all of `servers` agree; nil while they do not.
    func places(asking servers: [Server]) async -> [String: String]? {
        var common: [String: String]?
        for server in servers {
            guard let answer = try? await WebClient.ask("\(server.console)/streamer/api/v3/streams?limit=1000"),
                let object = try? JSONSerialization.jsonObject(with: answer.body) as? [String: Any],
                let streams = object["streams"] as? [[String: Any]]
            else { return nil }
            var places: [String: String] = [:]
            for stream in streams {
                guard let name = stream["name"] as? String, let stats = stream["stats"] as? [String: Any],
                    stats["alive"] as? Bool == true, let place = (stats["running_on"] as? [String])?.first
                else { return nil }
                places[name] = place
            }
            guard common == nil || common == places else { return nil }
            common = places
        }
        return common
    }
}
