// Many lives of archives: whatever happens, the invariants of an archive hold.
import Foundation
import Testing

@Suite struct ArchiveLifeTests {
    /// `WEIR_ARCHIVE_LIVES=1000 swift test --filter ArchiveLifeTests` for a night; a failing seed is in the message.
    /// A single life again: `WEIR_ARCHIVE_SEED=7`.
    private static let seeds: ClosedRange<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["WEIR_ARCHIVE_SEED"].flatMap({ UInt64($0) }) { return seed...seed }
        return 1...(environment["WEIR_ARCHIVE_LIVES"].flatMap { UInt64($0) } ?? 4)
    }()

    /// No overlap within one archive, no row without its bytes, no byte kept past its age by more than a segment, nothing
    /// protected deleted, nothing lost that was in the index, and the index can be made anew from the files.
    @Test func monthsOfRecordingRetentionAndCrashes() async throws {
        var happened: [String: Int] = [:]
        for seed in Self.seeds {
            let life = try ArchiveLife(seed: seed)
            try life.live(days: 90)
            happened.merge(life.counts) { $0 + $1 }
        }
        guard Self.seeds.count >= 12 else { return }
        // A simulation in which nothing happens shows nothing.
        for what in [
            "source away", "time ran back", "other tracks", "disk full", "inputOutput", "readOnly", "lock", "unlock",
            "delete", "power cut", "lying power cut", "kill", "index lost",
        ] {
            #expect(happened[what, default: 0] > 0, "\(what) never happened")
        }
    }
}
