// Random lives of replicated archives on virtual disks. WEIR_REPLICATION_SEEDS and WEIR_FIRST_SEED choose others.
import Foundation
import Testing

@Suite struct ReplicationLifeTests {
    static let count = ProcessInfo.processInfo.environment["WEIR_REPLICATION_SEEDS"].flatMap { Int($0) } ?? 80
    static let first = ProcessInfo.processInfo.environment["WEIR_FIRST_SEED"].flatMap { UInt64($0) } ?? 1

    /// Seeds that failed once.
    static let kept: [UInt64] = [
        // A deleted segment in the time of two that stayed came back.
        10624, 10969, 11265,
    ]

    @Test(arguments: kept) func `a life that failed once is whole`(seed: UInt64) throws { try live(seed) }

    @Test(arguments: 0..<8) func `archives are whole after any life`(part: Int) throws {
        for offset in stride(from: part, to: Self.count, by: 8) {
            try live(Self.first + UInt64(offset))
        }
    }

    private func live(_ seed: UInt64) throws {
        var life = try ReplicationLife(seed: seed)
        do { try life.live() } catch { Issue.record("seed \(seed): \(error)") }
        for violation in life.violations.prefix(2) { Issue.record("\(violation)") }
    }
}
