// What is deleted and what never is: by age, by bytes, by share of the disk, on request; locks and readers hold on.
import Archive
import Media
import Testing

@testable import ArchiveStorage

@Suite struct KeepingTests {
    /// Retention passes until nothing more goes.
    private func settle(_ bench: Bench<MemoryFileSystem>) {
        for _ in 0..<20 { bench.step(advance: .seconds(1)) }
    }

    @Test func ageDeletesTheOldest() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<200)
        bench.sync()
        bench.keep("cam", RetentionPolicy(age: .seconds(60)))
        settle(bench)
        let cut = bench.utc - MediaSpan.seconds(60)
        #expect(try bench.segments().allSatisfy { $0.end > cut - MediaSpan.seconds(1) })
        #expect(try bench.segments().count > 10)
        // No gap is made at the front: it is the past, not a hole.
        #expect(try bench.index.ledger(of: 1).gaps.gaps.isEmpty)
        try bench.check()
    }

    @Test func bytesBoundTheArchive() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<100)
        bench.sync()
        let all = try bench.segments()
        let bytes = all.reduce(Int64(0)) { $0 + Int64($1.length) }
        bench.keep("cam", RetentionPolicy(bytes: bytes / 2))
        settle(bench)
        let left = try bench.segments()
        let leftBytes = left.reduce(Int64(0)) { $0 + Int64($1.length) }
        #expect(leftBytes <= bytes / 2)
        #expect(leftBytes > bytes / 2 - 2 * Int64(all[0].length))
        #expect(left == Array(all.suffix(left.count)))
        #expect(try bench.index.ledger(of: 1).horizon == left.first?.start)
        try bench.check()
    }

    @Test func aShareOfTheDiskIsGivenInProportion() throws {
        let disk = MemoryFileSystem()
        let bench = try Bench(disk: disk)
        for index in Int64(0)..<120 {
            bench.record(index...index, of: "small")
            for copy in ["big", "big2"] { bench.record(index...index, of: copy) }
        }
        bench.sync()
        let before = ["small", "big", "big2"].map { name in (try? bench.segments(name).count) ?? 0 }
        let used = try disk.space().used
        // A disk without a free byte could not take the note of what goes.
        disk.set { $0.capacity = used + 10_000 }
        for name in ["small", "big", "big2"] { bench.keep(name, RetentionPolicy(diskShare: 0.75)) }
        // A file of memory keeps its holes; one pass shows the shares.
        try bench.writer.keep(at: bench.now, budget: 1000)
        let after = ["small", "big", "big2"].map { name in (try? bench.segments(name).count) ?? 0 }
        for (before, after) in zip(before, after) {
            #expect(after > 0 && after < before)
            #expect(
                abs((before - after) * 4 - before) <= 8, "a quarter of each goes, not \(before - after) of \(before)")
        }
        try bench.check()
    }

    /// Something else has filled the disk to the last byte: a deletion must be noted before it is done, and still goes.
    @Test func aDiskWithoutAFreeByteIsNoObstacle() throws {
        let disk = MemoryFileSystem()
        let bench = try Bench(disk: disk, settings: .init(origin: "a", resumeSpace: 0, reserve: 4096))
        bench.record(0..<100)
        bench.sync()
        let bytes = try bench.segments().reduce(Int64(0)) { $0 + Int64($1.length) }
        settle(bench)
        #expect(disk.bytes(RunPath.reserveName)?.count == 4096)
        disk.set { $0.capacity = $0.used }
        bench.keep("cam", RetentionPolicy(bytes: bytes / 2))
        settle(bench)
        #expect(try bench.segments().reduce(Int64(0)) { $0 + Int64($1.length) } <= bytes / 2)
        #expect(!bench.events.all.contains { if case .retentionFailed = $0 { true } else { false } })
        #expect(disk.bytes(RunPath.reserveName) == nil)
        disk.set { $0.capacity = $0.used + 100_000 }
        settle(bench)
        #expect(disk.bytes(RunPath.reserveName)?.count == 4096)
        try bench.check()
        // A server that was killed while it laid the reserve by.
        try disk.remove(RunPath.reserveName)
        try disk.put([1, 2, 3], at: RunPath.reserveName)
        try bench.restart()
        settle(bench)
        #expect(disk.bytes(RunPath.reserveName)?.count == 4096)
    }

    @Test func protectedAndReadSegmentsStay() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<40)
        bench.writer.pause("cam", .sourceAway)
        bench.record(60..<100)
        bench.sync()
        _ = try bench.writer.lock(
            TimeRange(SyntheticStream.time(10), SyntheticStream.time(16)), of: "cam", note: "goal")
        bench.keep("cam", RetentionPolicy(age: .seconds(1)))
        let read = try #require(try bench.segments().first { $0.start == SyntheticStream.time(60) })
        var lease: SegmentLease? = SegmentLease(read.run.path, absolutePath: read.run.path, view: bench.view)
        settle(bench)
        let starts = try bench.starts()
        #expect(starts.prefix(3) == [10, 12, 14])
        #expect(starts.contains(60))
        withExtendedLifetime(lease) {}
        lease = nil
        settle(bench)
        #expect(try !bench.starts().contains(60))
        #expect(try bench.writer.unlock(1, of: "cam"))
        settle(bench)
        #expect(try bench.starts().isEmpty || bench.starts().allSatisfy { $0 >= 98 })
        try bench.check()
    }

    @Test func aDeletedRangeIsRememberedAndLocksSurviveARebuild() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<40)
        bench.sync()
        _ = try bench.writer.lock(TimeRange(SyntheticStream.time(4), SyntheticStream.time(8)), of: "cam", note: "a b")
        let result = try bench.writer.delete(
            TimeRange(SyntheticStream.time(2), SyntheticStream.time(12)), of: "cam", at: bench.now)
        #expect(result.segments == 3 && result.kept.count == 2)
        #expect(try bench.starts().prefix(4) == [0, 4, 6, 12])
        try bench.check()
        try bench.restart(losingIndex: true)
        #expect(try bench.starts().prefix(4) == [0, 4, 6, 12])
        let reader = ArchiveReader(index: bench.index, view: bench.view)
        #expect(reader.locks(of: "cam").map(\.note) == ["a b"])
        #expect(
            reader.gaps(of: "cam", in: .always, at: bench.utc).filter { $0.cause == .deleted }.map(\.range) == [
                TimeRange(SyntheticStream.time(2), SyntheticStream.time(4)),
                TimeRange(SyntheticStream.time(8), SyntheticStream.time(12)),
            ])
        try bench.check()
    }
}
