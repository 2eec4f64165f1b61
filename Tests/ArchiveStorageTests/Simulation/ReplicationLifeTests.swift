// Random lives of replicated archives on virtual disks. WEIR_REPLICATION_SEEDS and WEIR_FIRST_SEED choose others, as
// scripts/soak.sh does; a failing seed is printed with its violation and belongs into KeptSeeds.txt, which is lived through
// each time.
import Foundation
import Synchronization
import Testing

@Suite struct ReplicationLifeTests {
    static let count = ProcessInfo.processInfo.environment["WEIR_REPLICATION_SEEDS"].flatMap { Int($0) } ?? 120
    static let first = ProcessInfo.processInfo.environment["WEIR_FIRST_SEED"].flatMap { UInt64($0) } ?? 1
    static let keptSeeds = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "KeptSeeds.txt")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(whereSeparator: \.isNewline).compactMap { UInt64($0.prefix { $0 != "#" && $0 != " " }) }
    }()

    @Test func `seeds that failed once hold`() throws {
        #expect(!Self.keptSeeds.isEmpty)
        for seed in Self.keptSeeds { _ = try live(seed) }
    }

    @Test(arguments: 0..<8) func `archives are whole after any life`(part: Int) throws {
        for offset in stride(from: part, to: Self.count, by: 8) { _ = try live(Self.first + UInt64(offset)) }
    }

    /// Else the lives would show less than they say.
    @Test func `all troubles come to be in the first lives`() throws {
        var missing = Set(ReplicationLife.Trouble.allCases)
        for seed in UInt64(1)...60 where !missing.isEmpty { missing.subtract(try live(seed)) }
        #expect(missing.isEmpty)
    }

    /// - Returns: what happened in it.
    private func live(_ seed: UInt64) throws -> Set<ReplicationLife.Trouble> {
        var life = try ReplicationLife(seed: seed)
        var trouble: String?
        do { try life.live() } catch { trouble = "seed \(seed): \(error)" }
        for violation in life.violations.prefix(2) + [trouble].compactMap({ $0 }) { Issue.record("\(violation)") }
        // A line by itself, for scripts/soak.sh.
        if !life.violations.isEmpty || trouble != nil { print("failing seed \(seed)") }
        return Set(life.troubles.keys)
    }
}
