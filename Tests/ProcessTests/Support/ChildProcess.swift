// A program that a test started: bounded in time, ended by its own id, its output kept for the failure's message.
import Foundation
import Synchronization

/// A child process. Ends with the value's `stop`, or by `timeout` after its longest life.
final class ChildProcess: Sendable {
    private let process: Mutex<Process>
    let identifier: Int32
    private let log: URL
    private let ended: AsyncStream<Void>

    /// - Parameter longestLife: seconds after which the program is ended whatever happens to the test.
    init(_ program: String, _ arguments: [String], longestLife: Int = 120) throws {
        log = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString).log")
        try Data().write(to: log)
        let output = try FileHandle(forWritingTo: log)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/timeout")
        process.arguments = ["--foreground", "-k", "5", "\(longestLife)", program] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in continuation.finish() }
        ended = stream
        try process.run()
        identifier = process.processIdentifier
        self.process = Mutex(process)
    }

    deinit {
        if isRunning { stop() }
        try? FileManager.default.removeItem(at: log)
    }

    var isRunning: Bool { process.withLock { $0.isRunning } }

    /// All that the program has printed so far.
    var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Sends a signal to the program itself (`timeout` passes on what it gets).
    func signal(_ number: Int32) { kill(identifier, number) }

    func stop() { kill(identifier, SIGTERM) }

    /// Waits until the program has ended and gives its exit status.
    func exitStatus() async -> Int32 {
        for await _ in ended {}
        return process.withLock { $0.terminationStatus }
    }
}
