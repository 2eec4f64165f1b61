// Random lives of replicated archives on virtual disks. WEIR_REPLICATION_SEEDS and WEIR_FIRST_SEED choose others.
import Foundation
import Testing

@Suite struct ReplicationLifeTests {
    static let count = ProcessInfo.processInfo.environment["WEIR_REPLICATION_SEEDS"].flatMap { Int($0) } ?? 80
    static let first = ProcessInfo.processInfo.environment["WEIR_FIRST_SEED"].flatMap { UInt64($0) } ?? 1

    @Test(arguments: 0..<8) func `archives are whole after any life`(part: Int) throws {
        for offset in stride(from: part, to: Self.count, by: 8) {
            let seed = Self.first + UInt64(offset)
            var life = try ReplicationLife(seed: seed)
            do { try life.live() } catch { Issue.record("seed \(seed): \(error)") }
            for violation in life.violations.prefix(2) { Issue.record("\(violation)") }
        }
    }
}
