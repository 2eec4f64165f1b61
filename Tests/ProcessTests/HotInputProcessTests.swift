// A real source kept hot beside a better input from another server: when that falls silent, no frame is lost.
import Foundation
import Media
import TestSupport
import Testing

@Suite(.serialized)
struct HotInputProcessTests {
    private static let stream = ReplicationTests.stream

    /// The main server reads the source; the replica has it as its better input and the source hot.
    private func configuration(_ name: String, _ other: Int, _ root: String, _ source: String) -> String {
        // The buffer of the hot input reaches over the longest of the timeouts: a starved machine notices a silence late.
        let inputs =
            name == "main"
            ? "url \(source);"
            : "url m4f://127.0.0.1:\(other)/\(Self.stream) source_timeout=2; url \(source) hot source_timeout=20;"
        return "cluster_key abcd; stream \(Self.stream) { \(inputs) dvr \(root) 1h; segment_duration 1; }"
    }

    private func playing(_ pair: WeirPair) async -> String {
        let stats = await pair.json("replica", "streams/\(Self.stream)")?["stats"] as? [String: Any]
        return (stats?["active_input"] as? String)?.components(separatedBy: "://").first ?? ""
    }

    @Test("the line to the better input is cut: the archive goes on from the hot one, with every frame once")
    func everyFrameOnce() async throws {
        let source = try await MulticastSource(longestLife: 300)
        let doors = Dictionary(uniqueKeysWithValues: WeirPair.names.map { ($0, FreePort.tcp()) })
        let pair = try WeirPair { name, _, root in
            configuration(name, doors[name == "main" ? "replica" : "main"] ?? 0, root, source.url)
        }
        try await PairWire.use(doors: doors, to: pair.ports) { wire in
            do {
                try await ReplicationTests().begin(pair)
                try await eventually("the replica takes main's media") { await playing(pair) == "m4f" }
                let from = await pair.end(of: Self.stream, on: "replica") / 1000
                try await ReplicationTests().recorded(4, on: "replica", of: pair)
                await wire.cut(from: "main")
                try await eventually("the replica takes the source itself") { await playing(pair) == "udp" }
                try await ReplicationTests().recorded(4, on: "replica", of: pair)
                let to = await pair.end(of: Self.stream, on: "replica") / 1000
                await wire.heal()
                try await eventually("the replica takes main's media again") { await playing(pair) == "m4f" }
                let strip = try await ArchiveStrip(
                    of: Self.stream, at: "http://127.0.0.1:\(pair.ports["replica"] ?? 0)", from: from, to: to,
                    folder: pair.folder)
                var tally = StripTally(lateLimit: .seconds(1 << 30))
                for number in strip.numbers { tally.saw(number) }
                #expect(strip.stretches.count == 1 && tally.isPerfect && tally.frames >= 150, "\(tally)")
            } catch { throw await pair.told(error, of: Self.stream) }
        }
    }
}
