// Thousands of random lives of a group on virtual time (DESIGN.md of Simulation).
// WEIR_SEEDS and WEIR_FIRST_SEED choose others, as scripts/soak.sh does; a failing seed is printed with its violation and
// belongs into KeptSeeds.txt, which is lived through each time. WEIR_TRACE=1 prints what happened in it.
import Cluster
import Foundation
import Simulation
import Testing

@Suite struct RandomLifeTests {
    static let count = ProcessInfo.processInfo.environment["WEIR_SEEDS"].flatMap { Int($0) } ?? 2000
    static let first = ProcessInfo.processInfo.environment["WEIR_FIRST_SEED"].flatMap { UInt64($0) } ?? 1
    static let traces = ProcessInfo.processInfo.environment["WEIR_TRACE"] != nil
    static let keptSeeds = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "KeptSeeds.txt")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(whereSeparator: \.isNewline).compactMap { UInt64($0.prefix { $0 != "#" && $0 != " " }) }
    }()

    private func live(_ seed: UInt64, peers: Int? = nil, streams: Int? = nil) {
        var life = RandomLife(seed: seed, peers: peers, streams: streams)
        if Self.traces { life.world.journal = Journal() }
        life.live()
        for violation in life.world.violations.prefix(2) { Issue.record("\(violation)") }
        // A line by itself, for scripts/soak.sh.
        if !life.world.violations.isEmpty {
            print(((life.world.journal?.lines ?? []) + ["failing seed \(seed)"]).joined(separator: "\n"))
        }
    }

    @Test(arguments: 0..<8) func `no promise is broken in any small life`(part: Int) {
        for offset in stride(from: part, to: Self.count, by: 8) { live(Self.first + UInt64(offset)) }
    }

    @Test func `seeds that failed once hold`() {
        #expect(!Self.keptSeeds.isEmpty)
        for seed in Self.keptSeeds { live(seed) }
    }

    @Test func `no promise is broken in a group of 20 servers with 2000 streams`() {
        live(Self.first, peers: 20, streams: 2000)
    }
}
