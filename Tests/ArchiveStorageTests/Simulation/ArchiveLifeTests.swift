// Many lives of archives: whatever happens, what an archive promises holds. WEIR_ARCHIVE_SEEDS and WEIR_FIRST_SEED choose others.
import Foundation
import Testing

@Suite struct ArchiveLifeTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let count = environment["WEIR_ARCHIVE_SEEDS"].flatMap { Int($0) } ?? 8
    private static let first = environment["WEIR_FIRST_SEED"].flatMap { UInt64($0) } ?? 1

    /// Lives in which a promise was broken once. 100192: what a start had found missing was in the index, but not in the
    /// journal. 3000010: what a disk lost after a fault was believed when the power went days later. 3000773: a rebuild read the
    /// first line of a deletion whose second had not fit on a full disk. 3001162: a file stayed of which all was deleted.
    @Test(arguments: [UInt64(100_192), 3_000_010, 3_000_773, 3_001_162])
    func `lives that failed once hold`(seed: UInt64) throws {
        try ArchiveLife(seed: seed).live(days: 40)
    }

    /// No overlap within one archive, no row without its bytes, no byte kept past its age by more than a segment, nothing
    /// protected deleted, nothing lost that was in the index, and the index can be made anew from the files.
    @Test(arguments: 0..<8) func `months of recording, retention and crashes`(part: Int) throws {
        var happened: [String: Int] = [:]
        for offset in stride(from: part, to: Self.count, by: 8) {
            do {
                let life = try ArchiveLife(seed: Self.first + UInt64(offset))
                try life.live(days: 40)
                happened.merge(life.counts) { $0 + $1 }
            } catch {
                Issue.record("\(error)")
            }
        }
        // A simulation in which nothing happens shows nothing; a few lives need not have had all of it.
        guard Self.count >= 80 else { return }
        for what in [
            "source away", "time ran back", "other tracks", "disk full", "inputOutput", "lock", "delete", "power cut",
            "kill",
        ] {
            #expect(happened[what, default: 0] > 0, "\(what) never happened")
        }
    }
}
