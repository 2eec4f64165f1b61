// A disk that is slower than the media: batches grow, then chunks are dropped, told and on record; nobody waits.
import Archive
import Foundation
import Media
import NIOCore
import Testing

@testable import ArchiveStorage

@Suite(.timeLimit(.minutes(10))) struct SlowDiskTests {
    /// A batch has its place in the queue until all that belongs to it is done.
    private func writeAll(_ store: ArchiveStore) async throws {
        try await store.sync()
        while store.statistics().queuedBytes > 0 { await Task.yield() }
    }

    @Test func whatTheQueueCannotHoldIsAGapAndAnEvent() async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "weir-store-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        let disk = FaultyFileSystem(PosixFileSystem(root: root))
        let events = EventLog()
        func drops() -> [ArchiveEvent] { events.all.filter { if case .writeDropped = $0 { true } else { false } } }
        let size = SyntheticStream.chunk(0).bytes.readableBytes
        let store = try ArchiveStore(
            root: root, fileSystem: disk, settings: .init(origin: "a", queueLimit: 12 * size), clock: { .now() },
            report: { events.add($0) })
        defer { store.close() }
        let recorder = try store.recorder(for: "cam", keeping: RetentionPolicy())
        func record(_ indices: Range<Int64>) {
            for index in indices { recorder.append(SyntheticStream.chunk(index)) }
        }
        record(0..<4)
        try await writeAll(store)
        let before = store.statistics()
        disk.stall()
        record(4..<5)
        // The writer stands in a write; from here on all that the stream hands over waits in memory, or is dropped at once.
        while !disk.isWaitedFor { await Task.yield() }
        record(5..<39)
        #expect(store.statistics().queuedBytes <= 12 * size)
        let dropped = store.statistics().chunksDropped
        #expect(dropped == 23)
        #expect(drops() == [.writeDropped(stream: "cam", from: SyntheticStream.time(16))])
        disk.goOn()
        try await writeAll(store)
        // What had waited was written together.
        let after = store.statistics()
        #expect(after.chunksWritten - before.chunksWritten == 12)
        #expect(after.writes - before.writes <= 3)
        // There is room again, but 39 is the second half of a segment.
        record(39..<44)
        recorder.pause()
        try await store.sync()
        #expect(store.statistics().chunksDropped == dropped + 1)
        #expect(
            store.reader.gaps(of: "cam", in: .always, at: SyntheticStream.time(44)) == [
                Gap(TimeRange(SyntheticStream.time(16), SyntheticStream.time(40)), .writeDropped)
            ])
        #expect(
            try store.reader.ranges(of: "cam").ranges == [
                TimeRange(SyntheticStream.time(0), SyntheticStream.time(16)),
                TimeRange(SyntheticStream.time(40), SyntheticStream.time(44)),
            ])
    }

    /// «live first»: what was fetched stands before the queue to the disk, and not in it, as long as chunks wait there.
    @Test func whatIsFetchedWaitsWhileChunksWaitForTheDisk() async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "weir-store-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        let disk = FaultyFileSystem(PosixFileSystem(root: root))
        let size = SyntheticStream.chunk(0).bytes.readableBytes
        let store = try ArchiveStore(
            root: root, fileSystem: disk, settings: .init(origin: "a", queueLimit: 16 * size), clock: { .now() },
            report: { _ in })
        defer { store.close() }
        let other = try Bench(disk: MemoryFileSystem())
        other.record(0..<4)
        let fetched = try other.fetched(other.segments()[0])
        let recorder = try store.recorder(for: "cam", keeping: RetentionPolicy())
        for index in Int64(20)..<22 { recorder.append(SyntheticStream.chunk(index)) }
        try await writeAll(store)
        #expect(!store.isBusy)
        disk.stall()
        recorder.append(SyntheticStream.chunk(22))
        while !disk.isWaitedFor { await Task.yield() }
        for index in Int64(23)..<28 { recorder.append(SyntheticStream.chunk(index)) }
        #expect(store.isBusy)
        // Out of the queue nothing would call it back before the disk goes on.
        let keeping = Task { try await store.keep(fetched, of: "cam") }
        keeping.cancel()
        await #expect(throws: CancellationError.self) { try await keeping.value }
        disk.goOn()
        try await writeAll(store)
        #expect(try await store.keep(fetched, of: "cam") == .kept(superseded: 0))
        #expect(store.statistics().chunksDropped == 0)
    }
}
