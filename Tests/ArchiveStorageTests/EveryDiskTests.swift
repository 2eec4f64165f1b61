// One suite for every disk: real and in memory, sound, failing, read-only, tearing, lying and full.
import Archive
import Foundation
import Media
import Testing

@testable import ArchiveStorage

@Suite struct EveryDiskTests {
    enum Base: String, CaseIterable, Sendable {
        case memory, real
    }

    private func disk(_ base: Base, _ root: String) -> FaultyFileSystem {
        switch base {
        case .memory: FaultyFileSystem(MemoryFileSystem())
        case .real: FaultyFileSystem(PosixFileSystem(root: root))
        }
    }

    /// Records before, in and after the trouble; protects, deletes, is killed, keeps a bound, and is made anew from its files.
    @Test(arguments: Base.allCases, FaultyFileSystem.Trouble.allCases)
    func whatHoldsOnEveryDisk(base: Base, trouble: FaultyFileSystem.Trouble) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "weir-store-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        let bench = try Bench(disk: disk(base, root))
        let isFailing = trouble != .none && trouble != .lying
        record(0..<20, bench)
        bench.sync()
        bench.disk.begin(trouble)
        record(20..<40, bench)
        bench.sync()
        bench.disk.begin(.none)
        record(40..<200, bench)
        bench.sync()
        try bench.check()
        for stream in ["cam", "other/part"] {
            let starts = try bench.starts(stream)
            #expect(starts.prefix(9) == [0, 2, 4, 6, 8, 10, 12, 14, 16], "\(stream): \(starts)")
            #expect(starts.contains(196), "\(stream) is not recorded again: \(starts)")
            #expect(isFailing || starts == Array(stride(from: 0, through: 196, by: 2)), "\(stream): \(starts)")
        }
        let wanted: Set<GapCause> = trouble == .full ? [.diskFull] : isFailing ? [.diskError] : []
        for row in try bench.index.streams() {
            #expect(Set(try bench.index.ledger(of: row.id).gaps.gaps.map(\.cause)) == wanted, "\(row.name)")
        }

        _ = try bench.writer.lock(range(4, 8), of: "cam", note: "kept")
        _ = try bench.writer.delete(range(2, 14), of: "cam", at: bench.now)
        #expect(try bench.starts().prefix(5) == [0, 4, 6, 14, 16])
        try bench.check()

        // A killed process: the open segments are not closed by anybody.
        let before = try bench.starts()
        try bench.restart()
        try bench.check()
        #expect(try bench.starts().starts(with: before))
        record(210..<230, bench)
        bench.keep("cam", RetentionPolicy(age: .seconds(40)))
        for _ in 0..<20 { bench.step(advance: .seconds(1)) }
        let old = try bench.segments().filter { $0.end < bench.utc - MediaSpan.seconds(41) }
        #expect(old.map { ($0.start - SyntheticStream.epoch).milliseconds / 500 } == [4, 6])
        bench.writer.stop(at: bench.now)
        try bench.check()
        try expectRebuildEqualsIndex(bench)
        try bench.check()
    }

    private func record(_ indices: Range<Int64>, _ bench: Bench<FaultyFileSystem>) {
        for index in indices {
            bench.record(index...index)
            bench.record(index...index, of: "other/part")
        }
    }

    private func range(_ from: Int64, _ to: Int64) -> TimeRange {
        TimeRange(SyntheticStream.time(from), SyntheticStream.time(to))
    }
}
