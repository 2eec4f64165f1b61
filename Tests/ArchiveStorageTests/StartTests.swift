// What a start looks at: the ends of the newest files, from the last indexed byte on; and what was synced before which row.
import Archive
import GRDB
import Media
import Synchronization
import Testing

@testable import ArchiveStorage

/// Looks at the disk in the moment in which rows are committed.
private final class CommitWatch: TransactionObserver {
    private let disk: MemoryFileSystem
    /// Commits at which something that was written was not on the disk yet.
    private(set) var early: [String] = []
    private(set) var commits = 0

    init(_ disk: MemoryFileSystem) { self.disk = disk }
    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseWillCommit() throws {
        commits += 1
        disk.state.withLock { state in
            for (path, node) in state.files {
                if node.contents.withLock({ $0.bytes != $0.durable }) { early.append("bytes of \(path)") }
                if state.durableFiles[path] == nil { early.append("entry of \(path)") }
            }
            early += state.directories.subtracting(state.durableDirectories).map { "entry of \($0)" }
        }
    }
    func databaseDidCommit(_ db: Database) {}
    func databaseDidRollback(_ db: Database) {}
}

@Suite struct StartTests {
    private static let day: Int64 = 2 * 86_400

    @Test func rowsComeAfterTheirBytesAndEntriesAreOnTheDisk() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        let watch = CommitWatch(bench.disk)
        bench.index.database.add(transactionObserver: watch, extent: .observerLifetime)
        for day in Int64(0)..<3 {
            for stream in ["cam", "other/part"] { bench.record(day * Self.day..<day * Self.day + 5, of: stream) }
            // The gaps between the days are journal lines.
            bench.sync()
        }
        #expect(watch.commits >= 3)
        #expect(watch.early == [])
        try bench.check()
    }

    /// Two streams, a file each day: a start looks at the newest of each.
    @Test func aStartLooksAtTheNewestFilesOnly() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        for day in Int64(0)..<20 {
            for stream in ["cam", "other/part"] { bench.record(day * Self.day..<day * Self.day + 5, of: stream) }
            bench.sync()
        }
        #expect(bench.disk.paths.filter { $0.hasSuffix(".mp4") }.count == 40)
        bench.disk.kill()
        let writer = ArchiveWriter(
            fileSystem: bench.disk, index: bench.index, settings: bench.settings, view: ArchiveView()
        ) { _ in }
        var seen: [String] = []
        writer.lookedAt = { seen.append($0) }
        try writer.start()
        let newest = ["cam", "other/part"].map { stream in
            bench.disk.paths.last { $0.hasPrefix(stream) && $0.hasSuffix(".mp4") } ?? ""
        }
        #expect(seen == newest)
        // And takes the half segment up that the kill had left.
        #expect(try bench.index.segments(of: "cam", startingIn: .always).last?.isInterrupted == true)
    }

    /// A disk that lied has lost what the index knows: the gap is in the journal as soon as it is in the index.
    @Test func whatAStartFindsMissingIsOnRecordAtOnce() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<9)
        bench.sync()
        let path = try #require(bench.disk.paths.first { $0.hasSuffix(".mp4") })
        let third = try bench.segments()[2]
        let bytes = try #require(bench.disk.bytes(path))
        try bench.disk.put(Array(bytes[..<Int(third.offset)]), at: path)
        try bench.restart()
        #expect(try bench.starts() == [0, 2])
        let gaps = try bench.index.ledger(of: 1).gaps.gaps
        #expect(gaps == [Gap(TimeRange(SyntheticStream.time(4), SyntheticStream.time(8)), .diskError)])
        let inspection = ArchiveInspection(index: bench.index, fileSystem: bench.disk)
        #expect(try inspection.verify(isServed: false) { _ in }.findings == [])
        // Killed before anything else happens.
        bench.disk.kill()
        try expectRebuildEqualsIndex(bench)
    }

    /// What the index knows of a file is not read again: damage in it is the matter of a verification.
    @Test func aTailIsScannedFromTheLastIndexedByteOn() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<9)
        bench.sync()
        let indexed = try bench.index.segments(of: "cam", startingIn: .always)
        bench.record(9..<14)
        bench.disk.kill()
        let path = try #require(bench.disk.paths.first { $0.hasSuffix(".mp4") })
        var bytes = try #require(bench.disk.bytes(path))
        // The type of the first box of the first segment.
        bytes[Int(indexed[0].offset) + 4] = 0
        try bench.disk.put(bytes, at: path)
        try bench.restart()
        #expect(try bench.starts() == [0, 2, 4, 6, 8, 10, 12])
        #expect(!bench.events.all.contains { if case .damagedFile = $0 { true } else { false } })
    }

    /// After a fault a disk may say that it has what it lost: then the power goes, days later.
    @Test func whatADiskLosesAfterAFaultIsNotBelieved() throws {
        let disk = MemoryFileSystem()
        let bench = try Bench(disk: disk)
        bench.record(0..<10)
        bench.sync()
        #expect(try bench.starts() == [0, 2, 4, 6])
        disk.set { $0.failure = .inputOutput }
        bench.record(10..<14)
        disk.set {
            $0.failure = nil
            $0.lies = true
        }
        bench.step(advance: .seconds(40))
        #expect(try bench.index.segments(of: "cam", startingIn: .always).count == 5)
        disk.set { $0.lies = false }
        bench.record(Self.day..<Self.day + 10)
        bench.sync()
        disk.crash { durable, _ in durable }
        try bench.restart()
        try bench.check()
        #expect(try bench.starts().prefix(5) == [0, 2, 4, 6, Self.day])
        #expect(bench.events.all.contains { if case .bytesMissing(_, 1) = $0 { true } else { false } })
    }
}
