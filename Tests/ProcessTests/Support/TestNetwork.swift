// Three network namespaces and a router between them, so that a test can really cut the network between servers.
import Foundation
import Synchronization
import Testing

/// Servers `one`, `two`, `three` each in a network namespace of their own, joined by a router that drops what it is told to.
///
/// A cut is a rule of the router: packets vanish without an answer, as they do on a broken line. Needs root.
final class TestNetwork: Sendable {
    /// Why this machine cannot make one; nil if it can. Found out once, by making one.
    static let obstacle: String? = {
        guard getuid() == 0 else { return "network namespaces need root" }
        do {
            _ = try TestNetwork()
            return nil
        } catch { return "\(error)" }
    }()
    static var isPermitted: Bool {
        if let obstacle { print("Tests with network namespaces do not run: \(obstacle)") }
        return obstacle == nil
    }

    private static let made = Atomic<Int>(0)
    private static let names = WeirGroup.names
    /// Different networks of a test process, and different test processes on one machine, use different names and addresses.
    private let prefix: String
    private let outside: String
    private let second: Int

    init() throws {
        let number = Self.made.add(1, ordering: .relaxed).newValue
        prefix = "weir-\(getpid())-\(number)-"
        // Names of interfaces have 15 characters at the most.
        outside = "w\(getpid())-\(number)"
        second = 100 + (Int(getpid()) + number) % 100
        remove()
        do {
            try Self.ip("netns add \(prefix)router")
            try Self.run(["ip", "netns", "exec", "\(prefix)router", "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"])
            for (index, name) in Self.names.enumerated() {
                let inside = prefix + name
                try Self.ip("netns add \(inside)")
                try Self.ip("link add eth0 netns \(inside) type veth peer name to-\(name) netns \(prefix)router")
                try Self.ip("-n \(inside) addr add \(address(index))/30 dev eth0")
                try Self.ip("-n \(inside) link set eth0 up")
                try Self.ip("-n \(inside) link set lo up")
                try Self.ip("-n \(inside) route add default via \(gateway(index))")
                try Self.ip("-n \(prefix)router addr add \(gateway(index))/30 dev to-\(name)")
                try Self.ip("-n \(prefix)router link set to-\(name) up")
            }
            // The test itself asks the servers from outside.
            try Self.ip("link add \(outside) type veth peer name to-test netns \(prefix)router")
            // Its IPv6 address would come a second or two later: a browser then gives up what it is loading, as after any
            // change of the machine's network.
            try? Self.ip("link set \(outside) addrgenmode none", quiet: true)
            try Self.ip("addr add 10.\(second).9.1/30 dev \(outside)")
            try Self.ip("link set \(outside) up")
            try Self.ip("-n \(prefix)router addr add 10.\(second).9.2/30 dev to-test")
            try Self.ip("-n \(prefix)router link set to-test up")
            for index in Self.names.indices {
                try Self.ip("route add \(address(index))/32 via 10.\(second).9.2")
            }
        } catch {
            remove()
            throw error
        }
    }

    deinit { remove() }

    private func remove() {
        for name in Self.names + ["router"] { try? Self.ip("netns del \(prefix)\(name)", quiet: true) }
        try? Self.ip("link del \(outside)", quiet: true)
    }

    private func address(_ index: Int) -> String { "10.\(second).\(index + 1).2" }
    private func gateway(_ index: Int) -> String { "10.\(second).\(index + 1).1" }

    func address(of name: String) -> String { address(Self.names.firstIndex(of: name) ?? 0) }

    /// The words that start a program in the namespace of a server.
    func prefix(for name: String) -> [String] { ["/usr/bin/env", "ip", "netns", "exec", prefix + name] }

    /// Drops every packet of `one` to `other`.
    func cut(from one: String, to other: String) throws {
        try Self.ip("-n \(prefix)router rule add from \(address(of: one)) to \(address(of: other)) blackhole")
    }

    func cutBothWays(_ one: String, _ other: String) throws {
        try cut(from: one, to: other)
        try cut(from: other, to: one)
    }

    /// Drops what `one` asks of `other`'s port; its answers to what `other` asks pass.
    func cutRequests(from one: String, to other: String, port: Int) throws {
        try Self.ip(
            "-n \(prefix)router rule add from \(address(of: one)) to \(address(of: other)) ipproto tcp "
                + "dport \(port) blackhole")
    }

    func heal() throws {
        // The rules of the system have the numbers 0, 32766 and 32767.
        while (try? Self.ip("-n \(prefix)router rule del type blackhole", quiet: true)) != nil {}
    }

    private static func ip(_ words: String, quiet: Bool = false) throws {
        try run(["ip"] + words.split(separator: " ").map(String.init), quiet: quiet)
    }

    private static func run(_ words: [String], quiet: Bool = false) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        // Into a file: a program that another test starts meanwhile would hold a pipe open, and its end would not come.
        let file = FileManager.default.temporaryDirectory.appending(path: "weir-test-\(UUID().uuidString).log")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        process.standardError = output
        process.standardOutput = output
        try process.run()
        process.waitUntilExit()
        try output.close()
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw TestFailure(
                "\(words.joined(separator: " ")): \(text.trimmingCharacters(in: .whitespacesAndNewlines))")
        }
    }
}
