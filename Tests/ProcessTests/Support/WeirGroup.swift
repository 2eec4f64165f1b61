// Three real servers from one file on loopback, which a test may kill, stop and start.
import Foundation
import NIOHTTP1
import Testing

/// A group of servers `one`, `two`, `three` that share one configuration file.
final class WeirGroup {
    static let names = ["one", "two", "three"]
    let folder: URL
    let configuration: URL
    let ports: [String: Int]
    /// Each server in a namespace of its own; nil: all on loopback.
    let network: TestNetwork?
    private(set) var running: [String: ChildProcess] = [:]

    /// - Parameters:
    ///   - streams: the part of the file after the group.
    ///   - timeouts: options of each peer.
    init(
        _ streams: String, group: String = "failback immediate;",
        timeouts: String = "fetch_timeout 200; stale_timeout 800;", network: TestNetwork? = nil
    ) throws {
        self.network = network
        folder = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        configuration = folder.appending(path: "weir.conf")
        let ports = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, FreePort.tcp()) })
        self.ports = ports
        let peers = Self.names.map {
            "peer \($0) { address \(network?.address(of: $0) ?? "127.0.0.1"):\(ports[$0] ?? 0); \(timeouts) }"
        }
        let text = (["cluster_key abcd;", group] + peers + [streams]).joined(separator: "\n")
        try Data(text.utf8).write(to: configuration)
    }

    deinit {
        for child in running.values { child.signal(SIGCONT) }
        for child in running.values { child.stop() }
        try? FileManager.default.removeItem(at: folder)
    }

    /// Starts a server and waits until it answers.
    func start(_ name: String, configuration: URL? = nil) async throws {
        let words =
            (network?.prefix(for: name) ?? []) + [
                WeirProcess.program, "serve", "--config", (configuration ?? self.configuration).path, "--hostname",
                name, "--listen", "\(host(name)):\(ports[name] ?? 0)",
            ]
        let child = try ChildProcess(words[0], Array(words.dropFirst()), longestLife: 600)
        running[name] = child
        try await eventually("\(name) answers") {
            guard child.isRunning else { throw TestFailure("\(name) ended:\n\(child.output)") }
            return await self.get(name, "/streamer/api/v3/monitoring/liveness")?.status == 200
        }
    }

    func startAll() async throws {
        for name in Self.names { try await start(name) }
    }

    /// As `kill -9`: without a word to the others.
    func kill(_ name: String) async {
        guard let child = running.removeValue(forKey: name) else { return }
        child.signal(SIGKILL)
        _ = await child.exitStatus()
    }

    func output(of name: String) -> String { running[name]?.output ?? "" }

    private func host(_ name: String) -> String { network?.address(of: name) ?? "127.0.0.1" }

    func url(_ name: String, _ path: String) -> String { "http://\(host(name)):\(ports[name] ?? 0)\(path)" }

    /// Asks one server without following redirects; nil when it does not answer.
    func get(
        _ name: String, _ path: String, method: String = "GET"
    ) async -> (status: Int, location: String?, body: Data)? {
        guard let answer = try? await WebClient.ask(url(name, path), method: method, followsRedirects: false)
        else { return nil }
        return (answer.status, answer.headers.first(name: "Location"), answer.body)
    }

    func list(_ key: String, of name: String, _ path: String) async -> [[String: Any]] {
        guard let answer = await get(name, "/streamer/api/v3/\(path)"),
            let object = try? JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
        else { return [] }
        return object[key] as? [[String: Any]] ?? []
    }

    /// Streams that this server captures itself: it opened inputs for them.
    func captures(of name: String) async -> Set<String> {
        let streams = await list("streams", of: name, "streams?limit=1000")
        return Set(streams.filter { !(($0["inputs"] as? [Any]) ?? []).isEmpty }.compactMap { $0["name"] as? String })
    }

    /// Where one server says that a stream runs.
    func runningOn(_ stream: String, asking name: String) async -> String? {
        let streams = await list("streams", of: name, "streams?limit=1000")
        let stats = streams.first { $0["name"] as? String == stream }?["stats"] as? [String: Any]
        guard stats?["alive"] as? Bool == true else { return nil }
        return (stats?["running_on"] as? [String])?.first
    }

    /// State of a peer as one server sees it.
    func state(of peer: String, asking name: String) async -> String? {
        await list("peers", of: name, "cluster/peers").first { $0["hostname"] as? String == peer }?["state"] as? String
    }

    /// Waits until each of `streams` is captured by exactly one of the servers that answer, with media, and all of them
    /// agree where.
    func settled(_ streams: [String], on names: [String] = WeirGroup.names) async throws -> [String: String] {
        var places: [String: String] = [:]
        try await eventually("each stream runs on exactly one of \(names)") {
            places = [:]
            var captures: [String: Set<String>] = [:]
            for name in names { captures[name] = await self.captures(of: name) }
            for stream in streams {
                let holders = names.filter { captures[$0]?.contains(stream) == true }
                guard holders.count == 1 else { return false }
                for name in names where await self.runningOn(stream, asking: name) != holders[0] { return false }
                places[stream] = holders[0]
            }
            return true
        }
        return places
    }
}
