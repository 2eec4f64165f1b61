// The built `weir` as a running server, with its configuration in a folder of its own.
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// A server under test.
final class WeirProcess: Sendable {
    let child: ChildProcess
    let port: Int
    let folder: URL
    let configuration: URL

    /// The program that this test run built.
    static var program: String {
        let bundle = URL(filePath: CommandLine.arguments[0])
        var folder = bundle.deletingLastPathComponent()
        for _ in 0..<5 {
            let candidate = folder.appending(path: "weir").path
            if FileManager.default.isExecutableFile(atPath: candidate), candidate.hasSuffix("/weir") {
                return candidate
            }
            folder.deleteLastPathComponent()
        }
        return "weir"
    }

    /// Starts a server with `configuration` and waits until it answers.
    ///
    /// - Parameters:
    ///   - listens: to `--listen` on `port`; false: the configuration has an `http` line for it.
    ///   - longestLife: seconds after which it is ended whatever happens to the test.
    init(
        _ text: String, port: Int = FreePort.tcp(), arguments: [String] = [], listens: Bool = true,
        longestLife: Int = 600
    ) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        configuration = folder.appending(path: "weir.conf")
        try Data(text.utf8).write(to: configuration)
        self.port = port
        child = try ChildProcess(
            Self.program,
            ["serve", "--config", configuration.path] + (listens ? ["--listen", "127.0.0.1:\(port)"] : []) + arguments,
            longestLife: longestLife)
        do {
            try await eventually("the server answers") {
                guard self.child.isRunning else { throw TestFailure("the server ended") }
                return try await self.get("/streamer/api/v3/monitoring/liveness")?.status == 200
            }
        } catch {
            throw TestFailure("\(error):\n\(child.output)")
        }
    }

    deinit {
        child.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    var base: String { "http://127.0.0.1:\(port)" }

    /// Asks the server; nil when it does not answer.
    func get(_ path: String, method: String = "GET") async throws -> (status: Int, body: Data)? {
        // Why there is no answer shows in what the server said.
        guard let answer = try? await WebClient.ask(base + path, method: method) else { return nil }
        return (answer.status, answer.body)
    }

    /// Sends a text and gives the status and what was answered as JSON.
    func send(
        _ method: String, _ path: String, _ text: String = "", user: String? = nil
    ) async throws -> (status: Int, json: [String: Any]) {
        try await Self.send(method, base + "/streamer/api/v3" + path, text, user: user)
    }

    /// - Parameter user: `user:password`.
    static func send(
        _ method: String, _ url: String, _ text: String = "", user: String? = nil
    ) async throws -> (status: Int, json: [String: Any]) {
        let credentials = user.map { ("Authorization", "Basic \(Data($0.utf8).base64EncodedString())") }
        let answer = try await WebClient.ask(
            url, method: method, headers: HTTPHeaders(credentials.map { [$0] } ?? []), body: text.isEmpty ? nil : text,
            patience: .seconds(120))
        return (answer.status, try JSONSerialization.jsonObject(with: answer.body) as? [String: Any] ?? [:])
    }

    func json(_ path: String) async throws -> [String: Any] {
        let answer = try #require(try await get(path))
        return try #require(try JSONSerialization.jsonObject(with: answer.body) as? [String: Any])
    }

    /// Waits until a stream has media and at least `segments` closed segments.
    func waitForMedia(of stream: String, segments: Int = 1) async throws {
        try await eventually("\(stream) has \(segments) segments") {
            guard let answer = try await self.get("/\(stream)/track-1.m3u8"), answer.status == 200 else { return false }
            let text = String(decoding: answer.body, as: UTF8.self)
            return text.components(separatedBy: "#EXTINF").count > segments
        }
    }
}

struct TestFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Asks `condition` again and again until it holds. Fails after three minutes: a bound for a broken server, not a
/// measurement.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(180)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await ContinuousClock().sleep(for: .milliseconds(50))  // house rule: the pause between two questions
    }
    throw TestFailure("it never happened that \(what)")
}
