// Disks that fill up, fail or vanish: told once, on record as a gap, and recorded again without a restart.
import Archive
import Foundation
import Media
import Testing

@testable import ArchiveStorage

@Suite struct FaultTests {
    /// Records with the fault between `first` and `second`, then until well after it.
    private func record(
        _ bench: Bench<MemoryFileSystem>, fault: () -> Void, cure: () -> Void
    ) throws {
        bench.record(0..<10)
        bench.sync()
        fault()
        bench.record(10..<30)
        cure()
        bench.record(30..<200)
        bench.sync()
        try bench.check()
        let starts = try bench.starts()
        #expect(starts.prefix(4) == [0, 2, 4, 6])
        #expect(starts.contains(196), "recording did not resume: \(starts)")
    }

    private func causes(_ bench: Bench<some ArchiveFileSystem>) throws -> Set<GapCause> {
        Set(try bench.index.ledger(of: 1).gaps.gaps.map(\.cause))
    }

    private func failures(_ bench: Bench<some ArchiveFileSystem>) -> (failed: Int, resumed: Int) {
        let events = bench.events.all
        return (
            events.filter { if case .recordingFailed = $0 { true } else { false } }.count,
            events.filter { if case .recordingResumed = $0 { true } else { false } }.count
        )
    }

    @Test func aFullDiskIsWaitedFor() throws {
        let disk = MemoryFileSystem()
        let bench = try Bench(disk: disk)
        try record(bench) {
            let used = (try? disk.space().used) ?? 0
            disk.set { $0.capacity = used + 100 }
        } cure: {
            disk.set { $0.capacity = .max / 4 }
        }
        #expect(try causes(bench) == [.diskFull])
        #expect(failures(bench) == (1, 1))
    }

    @Test(arguments: [FileSystemError.Kind.inputOutput, .readOnly]) func aFailingDiskIsTriedAgain(
        kind: FileSystemError.Kind
    ) throws {
        let disk = MemoryFileSystem()
        let bench = try Bench(disk: disk)
        try record(bench) {
            disk.set { $0.failure = kind }
        } cure: {
            disk.set { $0.failure = nil }
        }
        #expect(try causes(bench) == [.diskError])
        #expect(failures(bench) == (1, 1))
    }

    /// A disk that fails for ten minutes is asked less and less often; the metric tells that it fails.
    @Test func triesAreFewerAndFewer() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<10)
        bench.disk.set { $0.failure = .inputOutput }
        var tries: [Int64] = []
        var errors: Int64 = 0
        for second in Int64(0)..<600 {
            bench.record(10 + 2 * second...11 + 2 * second)
            guard bench.view.statistics.writeErrors > errors else { continue }
            errors = bench.view.statistics.writeErrors
            tries.append(second)
        }
        #expect(bench.view.statistics.failingStreams == 1)
        let pauses = zip(tries, tries.dropFirst()).map { $1 - $0 }
        #expect(pauses.prefix(5) == [1, 2, 4, 8, 16] && pauses.dropFirst(5).allSatisfy { $0 == 30 }, "\(pauses)")
        bench.disk.set { $0.failure = nil }
        bench.record(1210..<1280)
        #expect(bench.view.statistics.failingStreams == 0)
        #expect(failures(bench) == (1, 1))
        #expect(bench.view.statistics.chunksDropped > 1000)
    }

    /// Too little room to record again, and yet what was written before the disk was full can be deleted to make some.
    @Test func whatAFullDiskHeldBackIsIndexedAndDeleted() throws {
        let disk = MemoryFileSystem()
        let settings = ArchiveSettings(
            origin: "a", durability: .every(.seconds(1000)), resumeSpace: 1 << 30, reserve: 4096)
        let bench = try Bench(disk: disk, settings: settings)
        bench.record(0..<40)
        #expect(try bench.index.segments(of: "cam", startingIn: .always).isEmpty)
        let used = try disk.space().used
        disk.set { $0.capacity = used + 100 }
        bench.record(40..<60)
        #expect(failures(bench) == (1, 0))
        let length = Int64(try bench.segments()[0].length)
        bench.keep("cam", RetentionPolicy(bytes: 3 * length))
        for _ in 0..<100 { bench.step(advance: .seconds(1)) }
        let left = try bench.segments()
        #expect(left.reduce(0) { $0 + Int64($1.length) } <= 3 * length && !left.isEmpty)
        try bench.check()
        #expect(!bench.events.all.contains { if case .retentionFailed = $0 { true } else { false } })
    }

    @Test func aTornWriteIsCutOff() throws {
        let disk = MemoryFileSystem()
        let bench = try Bench(disk: disk)
        try record(bench) {
            disk.set { $0.writeBudget = 777 }
        } cure: {
            disk.set { $0.writeBudget = nil }
        }
        #expect(try causes(bench) == [.diskError])
    }

    @Test func aRemovedDirectoryIsMadeAgain() throws {
        let disk = MemoryFileSystem()
        try recordOverARemoval(Bench(disk: disk)) { disk.removeTree("cam") }
        let root = FileManager.default.temporaryDirectory.appending(path: "weir-store-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        try recordOverARemoval(Bench(disk: PosixFileSystem(root: root.path))) {
            try FileManager.default.removeItem(at: root.appending(path: "cam"))
        }
    }

    private func recordOverARemoval(_ bench: Bench<some ArchiveFileSystem>, _ remove: () throws -> Void) throws {
        bench.record(0..<10)
        bench.sync()
        try remove()
        bench.record(10..<200)
        bench.sync()
        #expect(try bench.starts().contains(196))
        #expect(failures(bench) == (1, 1))
        #expect(try causes(bench).contains(.diskError))
        // What the operator removed is not promised any more.
        try bench.restart()
        try bench.check()
        #expect(try bench.starts().allSatisfy { $0 >= 10 })
    }

    /// A deletion is refused because its second line did not fit into the journal. Its first line must not be believed later.
    @Test func whatARefusedDeletionLeftInTheJournalIsNotRead() throws {
        let disk = MemoryFileSystem()
        let bench = try Bench(disk: disk)
        bench.record(0..<40)
        bench.sync()
        _ = try bench.writer.lock(TimeRange(SyntheticStream.time(10), SyntheticStream.time(12)), of: "cam", note: "")
        let range = TimeRange(SyntheticStream.time(4), SyntheticStream.time(20))
        let first = TimeRange(range.start, SyntheticStream.time(10))
        disk.set { $0.writeBudget = JournalText.line(.gap(Gap(first, .deleted))).utf8.count + 3 }
        #expect(throws: FileSystemError.self) { try bench.writer.delete(range, of: "cam", at: bench.now) }
        #expect(try bench.starts().prefix(8) == [0, 2, 4, 6, 8, 10, 12, 14])
        disk.set { $0.writeBudget = nil }
        bench.writer.stop(at: bench.now)
        try expectRebuildEqualsIndex(bench)
        #expect(try bench.starts().prefix(8) == [0, 2, 4, 6, 8, 10, 12, 14])
    }
}
