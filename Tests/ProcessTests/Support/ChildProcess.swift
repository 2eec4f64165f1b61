// A program that a test started: bounded in time, ended by its own id, its output kept for the failure's message.
import Foundation
import Synchronization

/// A child process. Ends with the value's `stop`, or by `timeout` after its longest life.
///
/// Spawned by hand because `Foundation.Process` hands the test runner's blocked signals on to the child, which then
/// hears neither SIGTERM nor SIGHUP.
final class ChildProcess: Sendable {
    let identifier: pid_t
    private let log: URL
    private let status = Mutex<Int32?>(nil)
    private let ended: AsyncStream<Void>

    /// - Parameter longestLife: seconds after which the program is ended whatever happens to the test.
    init(_ program: String, _ arguments: [String], longestLife: Int = 600) throws {
        log = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString).log")
        try Data().write(to: log)
        let words = ["/usr/bin/timeout", "--foreground", "-k", "5", "\(longestLife)", program] + arguments
        identifier = try Self.spawn(words, output: log.path)
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        ended = stream
        let child = identifier
        Thread.detachNewThread { [weak self] in
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            // The upper byte is the exit status of a program that exited; else the signal that ended it.
            let code = status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
            self?.status.withLock { $0 = code }
            continuation.finish()
        }
    }

    private static func spawn(_ words: [String], output: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_APPEND, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Or a test that reads another program to its end waits for this one, which holds the same pipe.
        for descriptor in Int32(3)..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // Where the tests run in the background they ignore Ctrl-C, and a shell cannot trap what it came to ignored.
        var interrupt = sigset_t()
        sigemptyset(&interrupt)
        sigaddset(&interrupt, SIGINT)
        posix_spawnattr_setsigdefault(&attributes, &interrupt)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, words[0], &actions, &attributes, &pointers, environ)
        guard result == 0 else { throw TestFailure("cannot start \(words): \(String(cString: strerror(result)))") }
        return child
    }

    deinit {
        if isRunning { stop() }
        unlink(log.path)
    }

    var isRunning: Bool { status.withLock { $0 == nil } }

    /// All that the program has printed so far.
    var output: String {
        guard let bytes = FileManager.default.contents(atPath: log.path) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Sends a signal to the program itself; `timeout`, which would take any signal for the end, does not see it.
    func signal(_ number: Int32) {
        guard isRunning else { return }
        for child in children { kill(child, number) }
    }

    /// The program's own process, which `timeout` started.
    var program: pid_t? { children.first }

    private var children: [pid_t] {
        let path = "/proc/\(identifier)/task/\(identifier)/children"
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    func stop() { signal(SIGTERM) }

    /// Waits until the program has ended and gives its exit status.
    func exitStatus() async -> Int32 {
        for await _ in ended {}
        return status.withLock { $0 ?? -1 }
    }
}
