// Two real servers with the configurations of cross-replication on loopback, each with a disk of its own.
import Foundation
import Testing

/// `main` and `replica`, which a test may kill, stop and start.
final class WeirPair {
    static let names = ["main", "replica"]
    let folder: URL
    let ports: [String: Int]
    private let longestLife: Int
    private(set) var running: [String: ChildProcess] = [:]

    /// - Parameters:
    ///   - longestLife: seconds after which a server is ended whatever happens to the test.
    ///   - configuration: the file of a server, from its own name, the port of the other and its archive's root.
    init(longestLife: Int = 300, _ configuration: (_ name: String, _ other: Int, _ root: String) -> String) throws {
        self.longestLife = longestLife
        folder = FileManager.default.temporaryDirectory.appending(path: "weir-pair-\(UUID().uuidString)")
        let ports = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, FreePort.tcp()) })
        self.ports = ports
        for name in Self.names {
            let place = folder.appending(path: name)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            let other = name == "main" ? "replica" : "main"
            let text = configuration(name, ports[other] ?? 0, place.appending(path: "archive").path)
            try Data(text.utf8).write(to: place.appending(path: "weir.conf"))
        }
    }

    deinit {
        for child in running.values { child.signal(SIGCONT) }
        for child in running.values { child.stop() }
        try? FileManager.default.removeItem(at: folder)
    }

    func root(_ name: String) -> String { folder.appending(path: "\(name)/archive").path }

    func output(of name: String) -> String { running[name]?.output ?? "" }

    /// Starts a server and waits until it answers.
    ///
    /// - Parameter prefix: words before the program's name.
    func start(_ name: String, after prefix: [String] = []) async throws {
        let words = prefix + [WeirProcess.program]
        let child = try ChildProcess(
            words[0],
            words.dropFirst() + [
                "serve", "--config", folder.appending(path: "\(name)/weir.conf").path, "--hostname", name, "--listen",
                "127.0.0.1:\(ports[name] ?? 0)",
            ], longestLife: longestLife)
        running[name] = child
        try await eventually("\(name) answers") {
            guard child.isRunning else { throw TestFailure("\(name) ended:\n\(child.output)") }
            return await self.json(name, "monitoring/liveness") != nil
        }
    }

    /// As `kill -9`.
    func kill(_ name: String) async {
        guard let child = running.removeValue(forKey: name) else { return }
        child.signal(SIGKILL)
        _ = await child.exitStatus()
    }

    func signal(_ name: String, _ number: Int32) { running[name]?.signal(number) }

    /// As an operator stops it.
    func stop(_ name: String) async {
        guard let child = running.removeValue(forKey: name) else { return }
        child.stop()
        _ = await child.exitStatus()
    }

    /// An answer of the API; nil when there is none.
    func json(_ name: String, _ path: String) async -> [String: Any]? {
        let address = "http://127.0.0.1:\(ports[name] ?? 0)/streamer/api/v3/\(path)"
        guard let answer = try? await WebClient.ask(address), answer.status == 200 else { return nil }
        return (try? JSONSerialization.jsonObject(with: answer.body)) as? [String: Any]
    }

    /// Milliseconds of UTC at which the archive of a stream ends; 0 when there is none.
    func end(of stream: String, on name: String) async -> Int64 {
        let archive = await json(name, "streams/\(stream)/dvr/ranges")
        return Int64((archive?["ranges"] as? [[String: Any]])?.last?["closed_at"] as? Int ?? 0)
    }

    /// Seconds of media in it.
    func duration(of stream: String, on name: String) async -> Double {
        let archive = await json(name, "streams/\(stream)/dvr/ranges")
        return (archive?["duration"] as? NSNumber)?.doubleValue ?? 0
    }

    /// A failure with what both servers say of a stream and have printed.
    func told(_ error: any Error, of stream: String) async -> TestFailure {
        var text = "\(error)"
        for name in Self.names {
            text += "\n\(name): \(await json(name, "streams/\(stream)") ?? [:])"
            text += "\n\(await json(name, "streams/\(stream)/dvr/ranges") ?? [:])\n\(output(of: name))"
        }
        return TestFailure(text)
    }

    func replication(of stream: String, on name: String) async -> (mode: String, peer: [String: Any]) {
        let facts = await json(name, "streams/\(stream)")?["replication"] as? [String: Any]
        return (facts?["mode"] as? String ?? "", (facts?["peers"] as? [[String: Any]])?.first ?? [:])
    }

    func events(of name: String) async -> [String] {
        let events = await json(name, "events?limit=1000")?["events"] as? [[String: Any]] ?? []
        return events.compactMap { $0["event"] as? String }
    }

    /// What `weir archive digest` prints; nil when it fails, as it does before there is an index.
    func digest(_ name: String, _ stream: String, from: Int64, to: Int64) async throws -> String? {
        let child = try ChildProcess(
            WeirProcess.program,
            ["archive", "digest", root(name), stream, String(from), String(to)])
        return await child.exitStatus() == 0 ? child.output : nil
    }
}
