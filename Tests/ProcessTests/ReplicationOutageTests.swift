// A long life of two servers that replicate: kills, standstills and cut lines at random, one trouble at a time.
import Foundation
import TestSupport
import Testing

extension ReplicationTests {
    /// What both servers capture.
    enum Source: String, CaseIterable {
        case fake, multicast
    }

    enum Outage: CustomStringConvertible {
        case kill(String)
        case stop(String)
        /// Nothing that one of these sends reaches the other.
        case cut([String])

        static func random() -> Outage {
            let name = Bool.random() ? "main" : "replica"
            return [.kill(name), .stop(name), .cut([name]), .cut(WeirPair.names)].randomElement() ?? .kill(name)
        }

        var description: String {
            switch self {
            case .kill(let name): "SIGKILL of \(name)"
            case .stop(let name): "SIGSTOP of \(name)"
            case .cut(let names): names.count == 2 ? "line cut both ways" : "line from \(names[0]) cut"
            }
        }

        /// Who must go on recording.
        var others: [String] {
            switch self {
            case .kill(let name), .stop(let name): WeirPair.names.filter { $0 != name }
            case .cut: WeirPair.names
            }
        }
    }

    private static let outages = ProcessInfo.processInfo.environment["WEIR_OUTAGES"].flatMap { Int($0) } ?? 0

    /// Runs in soaks (scripts/soak.sh): each outage takes some ten seconds.
    @Test(
        "after any sequence of outages that leaves one recording, both have the same", .enabled(if: outages > 0),
        arguments: Source.allCases)
    func randomOutages(source: Source) async throws {
        try await live(
            source, (0..<Self.outages).map { _ in .random() }, seconds: { .random(in: 2...14) }, longestLife: 3600)
    }

    /// The page's example with a real multicast source, through its three modes.
    @Test(
        "two servers and a multicast source: the main one dies and comes back, and both archives show each frame once")
    func multicastOutage() async throws {
        try await live(.multicast, [.kill("main")], seconds: { 2 }, longestLife: 300)
    }

    private func live(
        _ source: Source, _ outages: [Outage], seconds: () -> Double, longestLife: Int
    ) async throws {
        let multicast = source == .multicast ? try await MulticastSource(longestLife: longestLife) : nil
        let doors = Dictionary(uniqueKeysWithValues: WeirPair.names.map { ($0, FreePort.tcp()) })
        let pair = try WeirPair(longestLife: longestLife) { name, _, root in
            let other = doors[name == "main" ? "replica" : "main"] ?? 0
            return Self.configuration(name, other, root, source: multicast?.url ?? "fake://fake")
        }
        try await PairWire.use(doors: doors, to: pair.ports) { wire in
            var watch = OutageWatch(pair: pair, longestLife: longestLife)
            do {
                try await begin(pair)
                let from = await pair.end(of: Self.stream, on: "replica") / 1000 - 2
                for name in WeirPair.names { try await watch.begin(name) }
                for (number, outage) in outages.enumerated() {
                    let length = seconds()
                    print("outage \(number + 1): \(outage) for \(length) s of media")
                    try await suffer(outage, length, pair, wire, &watch)
                    // Both record again before the next one: at each instant one does. The archives need not agree yet.
                    if number + 1 < outages.count {
                        for name in WeirPair.names { try await recorded(2, on: name, of: pair) }
                    }
                }
                let ends = (
                    await pair.end(of: Self.stream, on: "main"), await pair.end(of: Self.stream, on: "replica")
                )
                let line = try await equal(pair, from: from)
                print("\(line)")
                #expect(!line.contains(" 0 segments"))
                try await nothingOverlaps(pair)
                try await watch.expectEachFrameOnce(from: from, to: max(ends.0, ends.1) / 1000)
            } catch {
                await wire.heal()
                throw await pair.told(
                    TestFailure("\(error)\n\(multicast.map { "\($0.isSending) \($0.output)" } ?? "")"), of: Self.stream)
            }
        }
    }

    private func suffer(
        _ outage: Outage, _ length: Double, _ pair: WeirPair, _ wire: PairWire, _ watch: inout OutageWatch
    ) async throws {
        switch outage {
        case .kill(let name):
            await watch.end(name)
            await pair.kill(name)
        case .stop(let name): pair.signal(name, SIGSTOP)
        case .cut(let names): for name in names { await wire.cut(from: name) }
        }
        for name in outage.others { try await recorded(length, on: name, of: pair) }
        switch outage {
        case .kill(let name): try await pair.start(name)
        case .stop(let name): pair.signal(name, SIGCONT)
        case .cut: await wire.heal()
        }
        if case .kill(let name) = outage {
            try await watch.begin(name)
        }
    }
}
