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
        try bench.writer.keep(at: bench.now, budget: 100)
        // The oldest that is left reaches into what is kept, and no further back.
        let cut = bench.utc - MediaSpan.seconds(60)
        let oldest = try #require(try bench.segments().first)
        #expect(oldest.end > cut && oldest.start <= cut)
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
            // A third of what the others have.
            if index >= 80 { bench.record(index...index, of: "small") }
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

    /// A reader that came between the decision and the deletion keeps its bytes; they are freed when it has gone.
    @Test func whatSomebodyBeganToReadMeanwhileIsFreedLater() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<40)
        bench.sync()
        let victims = Array(try bench.index.segments(of: "cam", startingIn: .always).prefix(3))
        let path = victims[0].run.path
        let before = try #require(bench.disk.bytes(path))
        var lease: SegmentLease? = SegmentLease(path, absolutePath: path, view: bench.view)
        try bench.writer.delete(victims, of: try #require(bench.writer.streams["cam"]), noting: [])
        #expect(try bench.starts().first == 6)
        bench.record(40..<44)
        bench.sync()
        #expect(bench.disk.bytes(path)?.starts(with: before) == true)
        withExtendedLifetime(lease) {}
        lease = nil
        bench.record(44..<48)
        bench.sync()
        #expect(try bench.index.partsToFree() == [])
        #expect(bench.disk.bytes(path)?.starts(with: before) == false)
        try bench.check()
    }

    /// Whoever is just looking a segment up keeps what was not freed yet.
    @Test func aLookUpHoldsWhatItFinds() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<40)
        bench.sync()
        let victim = try #require(try bench.index.segments(of: "cam", startingIn: .always).first)
        let before = bench.disk.bytes(victim.run.path)
        let reader = ArchiveReader(index: bench.index, view: bench.view)
        var lease: SegmentLease? = try bench.view.holding {
            let found = try #require(try reader.segment(victim.key))
            // In this very moment:
            try bench.writer.delete([victim], of: try #require(bench.writer.streams["cam"]), noting: [])
            return SegmentLease(found.run.path, absolutePath: found.run.path, view: bench.view)
        }
        bench.sync()
        #expect(bench.disk.bytes(victim.run.path) == before)
        withExtendedLifetime(lease) {}
        lease = nil
        bench.sync()
        #expect(try bench.index.partsToFree() == [])
        #expect(bench.disk.bytes(victim.run.path) != before)
    }

    /// However many look things up all the time, bytes are freed: who begins when the rows are gone is not waited for.
    @Test func onlyEarlierLookUpsAreWaitedFor() {
        let view = ArchiveView()
        view.holding {
            let generation = view.beginGeneration()
            #expect(view.isLookedUp(before: generation))
            view.holding { #expect(!view.isLookedUp(before: generation - 1)) }
        }
        let generation = view.beginGeneration()
        view.holding { #expect(!view.isLookedUp(before: generation)) }
        #expect(!view.isLookedUp(before: generation))
    }

    @Test func whatIsBeingWrittenStays() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.keep("cam", RetentionPolicy(age: .milliseconds(1), bytes: 1))
        for index in Int64(0)..<60 {
            bench.record(index...index)
            bench.step(advance: .seconds(1))
            let open = try #require(bench.writer.streams["cam"]?.run)
            #expect(bench.disk.bytes(open.run.path) != nil)
            try bench.check()
        }
        bench.step([.pause(stream: "cam", .sourceAway)])
        bench.sync()
        // The segment that was open through all the passes is the last one; what the index had before them is gone.
        let left = try bench.starts()
        #expect(left.last == 58 && left.allSatisfy { $0 > 40 }, "\(left)")
        try bench.check()
    }

    @Test func deletionIsGentle() throws {
        let bench = try Bench(
            disk: MemoryFileSystem(), settings: .init(origin: "a", deletionsPerSecond: 3, resumeSpace: 0, reserve: 0))
        for index in Int64(0)..<60 {
            for stream in ["cam", "other"] { bench.record(index...index, of: stream) }
        }
        bench.sync()
        for stream in ["cam", "other"] { bench.keep(stream, RetentionPolicy(age: .milliseconds(1))) }
        func count() throws -> [Int] { try ["cam", "other"].map { try bench.segments($0).count } }
        var before = try count()
        var hasGivenAlone: Set<Int> = []
        for _ in 0..<8 {
            bench.step(advance: .seconds(1))
            let after = try count()
            #expect(before.reduce(0, +) - after.reduce(0, +) == 3)
            // Again within the second: nothing.
            bench.step(advance: .milliseconds(100))
            #expect(try count() == after)
            for index in 0..<2 where after[index] < before[index] { hasGivenAlone.insert(index) }
            before = after
        }
        // What the second is too short for does not always wait for the same stream.
        #expect(hasGivenAlone == [0, 1])
    }

    /// A little store beside a large one: the bound of the disk must not empty it.
    @Test func storesOnOneDiskGiveInProportion() throws {
        let disk = MemoryFileSystem()
        let neighbours = DiskNeighbours()
        let elsewhere = MemoryFileSystem()
        elsewhere.set { $0.number = 1 }
        let (small, large, other) = (try Bench(disk: disk), try Bench(disk: disk), try Bench(disk: elsewhere))
        for (bench, root) in [(small, "/small"), (large, "/large"), (other, "/other")] {
            bench.writer.neighbours = (neighbours, root)
        }
        // Much on another disk, which makes room on this one for nobody.
        other.record(0..<300)
        other.sync()
        other.keep("cam", RetentionPolicy(diskShare: 0.75))
        try other.writer.keep(at: other.now, budget: 0)
        small.record(0..<60, of: "small")
        for index in Int64(0)..<60 {
            for stream in ["a", "b", "c"] { large.record(index...index, of: stream) }
        }
        small.sync()
        large.sync()
        let used = try disk.space().used
        disk.set { $0.capacity = used + 10_000 }
        let segments = try small.segments("small").count
        small.keep("small", RetentionPolicy(diskShare: 0.75))
        for stream in ["a", "b", "c"] { large.keep(stream, RetentionPolicy(diskShare: 0.75)) }
        // Each tells the others what it has, before it looks at what must go.
        try large.writer.keep(at: large.now, budget: 0)
        try small.writer.keep(at: small.now, budget: 1000)
        let left = try small.segments("small").count
        #expect(abs((segments - left) * 4 - segments) <= 8, "a quarter goes, not \(segments - left) of \(segments)")
        try small.check()
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
