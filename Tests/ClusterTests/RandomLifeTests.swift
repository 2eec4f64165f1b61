// Thousands of random lives of a group on virtual time (DESIGN.md of Simulation). WEIR_SEEDS and WEIR_FIRST_SEED
// choose others: `WEIR_SEEDS=100000 swift test --filter RandomLife`; a failing seed is printed with its violation.
import Cluster
import Foundation
import Simulation
import Testing

@Suite struct RandomLifeTests {
    static let count = ProcessInfo.processInfo.environment["WEIR_SEEDS"].flatMap { Int($0) } ?? 2000
    static let first = ProcessInfo.processInfo.environment["WEIR_FIRST_SEED"].flatMap { UInt64($0) } ?? 1

    @Test(arguments: 0..<8) func `no promise is broken in any small life`(part: Int) {
        for offset in stride(from: part, to: Self.count, by: 8) {
            var life = RandomLife(seed: Self.first + UInt64(offset))
            life.live()
            for violation in life.world.violations.prefix(2) { Issue.record("\(violation)") }
        }
    }
}
