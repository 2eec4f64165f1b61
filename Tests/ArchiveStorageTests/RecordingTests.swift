// Recording on a virtual disk: what is in files and index after each step, and after a crash at each byte.
import Archive
import CMAF
import Foundation
import Media
import NIOCore
import Testing

@testable import ArchiveStorage

@Suite struct RecordingTests {
    @Test func consecutiveSegmentsMakeOneRunPerHour() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<20)
        bench.sync()
        #expect(try bench.starts() == [0, 2, 4, 6, 8, 10, 12, 14, 16])
        try bench.check()
        #expect(bench.disk.paths == ["cam/2026-09-21/14-13-20.000.mp4"])
        // 13:20 → 14:00 is 2800 s further.
        bench.record(20..<(2 * 2900))
        bench.sync()
        #expect(bench.disk.paths == ["cam/2026-09-21/14-13-20.000.mp4", "cam/2026-09-21/15-00-00.000.mp4"])
        try bench.check()
        let selection = PlaybackSelection(try bench.segments(), in: .always)
        #expect(selection.entries.allSatisfy { !$0.isDiscontinuous || $0.segment.run.path.contains("15-00") })
    }

    @Test func unsyncedSegmentsAreSeenByReaders() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<3)
        #expect(try bench.starts() == [0])
        #expect(try bench.index.segments(of: "cam", startingIn: .always).isEmpty)
        bench.sync()
        #expect(try bench.starts() == [0])
        #expect(try bench.index.segments(of: "cam", startingIn: .always).count == 1)
    }

    @Test func syncedMediaLeavesMemoryButForItsEnd() throws {
        let grain = OpenRun.memoryGrain
        let disk = MemoryFileSystem()
        let settings = ArchiveSettings(origin: "a", resumeSpace: 0, reserve: 0, memory: 2 * grain)
        let bench = try Bench(disk: disk, settings: settings)
        let path = "14-13-20.000.mp4"
        /// 20 KB each: ten are less than a grain.
        func record(_ indices: Range<Int64>, of stream: String) {
            for index in indices {
                bench.step([.append(stream: stream, SyntheticStream.chunk(index, size: 5000))])
            }
        }
        func end(_ stream: String, keeping kept: Int64) throws -> Int64 {
            let size = Int64(try #require(disk.bytes("\(stream)/2026-09-21/\(path)")).count)
            return (size - kept) / grain * grain
        }
        func released(_ stream: String) -> [Range<Int64>] { disk.released("\(stream)/2026-09-21/\(path)") ?? [] }

        record(0..<100, of: "cam")
        #expect(released("cam").isEmpty)
        bench.sync()
        #expect(try released("cam") == [0..<end("cam", keeping: 2 * grain)])
        // Two streams have half of it each.
        record(100..<110, of: "cam")
        record(0..<100, of: "door")
        bench.sync()
        #expect(try released("cam").last?.upperBound == end("cam", keeping: grain))
        #expect(try released("door") == [0..<end("door", keeping: grain)])
        // What ends is not kept.
        bench.writer.stop(at: bench.now)
        #expect(try released("cam").last?.upperBound == end("cam", keeping: 0))
        #expect(zip(released("cam"), released("cam").dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    }

    @Test func gapsHaveTheirCause() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<4)
        bench.step([.pause(stream: "cam", .sourceAway)])
        bench.record(10..<14)
        bench.step([.pause(stream: "cam", .writeDropped)])
        bench.record(20..<24)
        bench.sync()
        try bench.restart()
        bench.record(30..<32)
        bench.sync()
        let gaps = try bench.index.ledger(of: 1).gaps.gaps
        #expect(
            gaps == [
                Gap(TimeRange(SyntheticStream.time(4), SyntheticStream.time(10)), .sourceAway),
                Gap(TimeRange(SyntheticStream.time(14), SyntheticStream.time(20)), .writeDropped),
                Gap(TimeRange(SyntheticStream.time(24), SyntheticStream.time(30)), .serverDown),
            ])
        try bench.check()
    }

    @Test func aChangeOfTracksBeginsARun() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<4)
        bench.record(4..<8, tracks: SyntheticStream.otherTracks)
        bench.writer.stop(at: bench.now)
        #expect(bench.disk.paths.filter { $0.hasSuffix(".mp4") }.count == 2)
        let selection = PlaybackSelection(try bench.segments(), in: .always)
        #expect(selection.entries.map(\.isDiscontinuous) == [false, false, true, false])
        try bench.check()
    }

    @Test func timeThatRunsBackIsNotRecordedTwice() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<10)
        bench.step([.pause(stream: "cam", .sourceAway)])
        bench.record(20..<24)
        // Back into the gap, and on into what is there.
        bench.record(14..<26)
        bench.sync()
        try bench.check()
        #expect(try bench.starts() == [0, 2, 4, 6, 8, 14, 16, 18, 20, 22])
        #expect(bench.events.all.contains(.overlapRefused(stream: "cam", from: SyntheticStream.time(20))))
        bench.record(26..<30)
        bench.writer.stop(at: bench.now)
        try bench.check()
        #expect(try bench.starts() == [0, 2, 4, 6, 8, 14, 16, 18, 20, 22, 24, 26, 28])
    }

    /// Five segments, of which the last two are deleted, together with the begin of the gap behind them.
    private func benchWithDeletion() throws -> Bench<MemoryFileSystem> {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<10)
        bench.step([.pause(stream: "cam", .sourceAway)])
        bench.sync()
        _ = try bench.writer.delete(
            TimeRange(SyntheticStream.time(6), SyntheticStream.time(20)), of: "cam", at: bench.now)
        return bench
    }

    /// Half of the segment lies in what was deleted, half of it is new.
    @Test func whatIsRecordedIsNoGap() throws {
        let bench = try benchWithDeletion()
        bench.record(8..<16)
        bench.writer.stop(at: bench.now)
        try bench.check()
        #expect(try bench.starts() == [0, 2, 4, 8, 10, 12, 14])
        try expectRebuildEqualsIndex(bench)
    }

    /// The journal's last lines were not on the disk when the process died. The start takes them into the index, so they must be
    /// there before: else the next power cut leaves a journal that is shorter than the index says, and it would be believed.
    @Test(arguments: [false, true]) func aStartKeepsTheLinesThatItTakesFromTheJournal(losingIndex: Bool) throws {
        let bench = try benchWithDeletion()
        // What is recorded again is no gap any more.
        bench.record(8..<11)
        bench.disk.kill()
        try bench.restart(losingIndex: losingIndex)
        let ledger = ArchiveReader(index: bench.index, view: bench.view).ledger(of: "cam")
        #expect(!ledger.gaps.gaps.isEmpty)
        bench.disk.crash { durable, _ in durable }
        try bench.restart()
        try bench.check()
        #expect(ArchiveReader(index: bench.index, view: bench.view).ledger(of: "cam") == ledger)
    }

    /// Torn at every byte of the last chunk: whole chunks are kept, the rest is cut, and the file goes on to be readable.
    @Test func aWriteTornAtEachByteCostsAtMostItsChunk() throws {
        let last = SyntheticStream.chunk(3, size: 5)
        let length = last.bytes.readableBytes
        for kept in 0...length {
            let bench = try Bench(disk: MemoryFileSystem())
            for index in Int64(0)..<3 { bench.step([.append(stream: "cam", SyntheticStream.chunk(index, size: 5))]) }
            bench.sync()
            bench.disk.set { $0.writeBudget = kept }
            bench.step([.append(stream: "cam", last)])
            bench.disk.kill()
            try bench.restart(losingIndex: kept % 2 == 1)
            let segments = try bench.segments()
            #expect(segments.map(\.start) == [SyntheticStream.time(0), SyntheticStream.time(2)], "\(kept)")
            let whole = kept == length
            #expect(segments.last?.duration == .milliseconds(whole ? 1000 : 500), "\(kept)")
            #expect(segments.last?.isInterrupted == true)
            try bench.check()
            try expectRebuildEqualsIndex(bench)
        }
    }

    /// A file system that had let the file grow when the power went, but had not written all of it.
    @Test(arguments: [false, true]) func whatWasNeverWrittenIsCutOff(isClosed: Bool) throws {
        let bench = try Bench(disk: MemoryFileSystem())
        for index in Int64(0)..<4 { bench.step([.append(stream: "cam", SyntheticStream.chunk(index, size: 2000))]) }
        bench.sync()
        for index in Int64(4)..<(isClosed ? 9 : 8) {
            bench.step([.append(stream: "cam", SyntheticStream.chunk(index, size: 2000))])
        }
        bench.disk.crash {
            $1
        } zeroing: { unsynced in
            // In the fourth chunk of those that were not synced.
            let start = (unsynced.lowerBound + 27_000) / 512 * 512
            return start..<start + 4096
        }
        try bench.restart()
        #expect(try bench.starts() == [0, 2, 4, 6])
        #expect(try bench.segments().last?.duration == .milliseconds(500))
        #expect(try bench.segments().last?.isInterrupted == true)
        try bench.check()
        try expectRebuildEqualsIndex(bench)
    }

    /// As after a reload: what was to wait an hour is on the disk at once.
    @Test func durabilityChangesWhileRecording() async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "weir-store-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        let store = try ArchiveStore(
            root: root, settings: .init(origin: "a", durability: .every(.seconds(3600))), report: { _ in })
        let recorder = try store.recorder(for: "cam", keeping: RetentionPolicy())
        for index in Int64(0)..<4 { recorder.append(SyntheticStream.chunk(index)) }
        while store.statistics().segmentsWritten < 1 { await Task.yield() }
        let index = try ArchiveIndex.openReadOnly(path: root + "/" + RunPath.indexName)
        #expect(try index.segments(of: "cam", startingIn: .always).isEmpty)
        store.setDurability(.every(.milliseconds(1)))
        for index in Int64(4)..<8 { recorder.append(SyntheticStream.chunk(index)) }
        while store.statistics().syncs < 1 { await Task.yield() }
        #expect(try !index.segments(of: "cam", startingIn: .always).isEmpty)
        #expect(store.statistics().writes > 0 && store.statistics().writeTime > .zero)
        store.close()
    }

    @Test func rebuildEqualsIndexRowByRow() throws {
        try recordDeleteAndRebuild(try Bench(disk: MemoryFileSystem()))
    }

    @Test func rebuildEqualsIndexRowByRowOnARealDisk() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "weir-store-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        try recordDeleteAndRebuild(try Bench(disk: PosixFileSystem(root: root)))
    }

    private func recordDeleteAndRebuild(_ bench: Bench<some ArchiveFileSystem>) throws {
        bench.record(0..<9)
        bench.step([.pause(stream: "cam", .sourceAway)])
        bench.record(20..<33, tracks: SyntheticStream.otherTracks)
        bench.record(0..<6, of: "other/part")
        bench.sync()
        _ = try bench.writer.lock(TimeRange(SyntheticStream.time(22), SyntheticStream.time(24)), of: "cam", note: "a b")
        let result = try bench.writer.delete(
            TimeRange(SyntheticStream.time(3), SyntheticStream.time(26)), of: "cam", at: bench.now)
        #expect(result.segments == 5)
        bench.writer.stop(at: bench.now)
        try bench.check()
        #expect(try bench.starts() == [0, 2, 22, 26, 28, 30, 32])
        try expectRebuildEqualsIndex(bench)
        // What was deleted does not come back, and a later recording of the same time is kept.
        #expect(try bench.starts() == [0, 2, 22, 26, 28, 30, 32])
    }

    @Test func foreignFilesAreToldAndLeftAlone() throws {
        let bench = try Bench(disk: MemoryFileSystem())
        bench.record(0..<4)
        bench.writer.stop(at: bench.now)
        let path = "cam/2026-09-21/23-00-00.000.mp4"
        try bench.disk.put(Array("not media at all, but somebody's".utf8), at: path)
        try bench.disk.put([1], at: "cam/2026-09-21/notes.txt")
        try bench.restart()
        #expect(bench.events.all.contains(.foreignFile(path: path)))
        #expect(bench.events.all.contains(.foreignFile(path: "cam/2026-09-21/notes.txt")))
        #expect(bench.disk.bytes(path)?.count == 32)
        #expect(try bench.starts() == [0, 2])
    }
}

/// A new index from the files alone has the rows of the old one, each of them.
func expectRebuildEqualsIndex(_ bench: Bench<some ArchiveFileSystem>) throws {
    let before = try IndexDump(bench.index)
    try bench.restart(losingIndex: true)
    let after = try IndexDump(bench.index)
    #expect(before == after)
}

/// All rows, with names in place of numbers that mean nothing.
struct IndexDump: Equatable {
    var streams: [String: [Int64]] = [:]
    var runs: [String] = []
    var segments: [String] = []
    var ledgers: [String: StreamLedger] = [:]

    init(_ index: ArchiveIndex) throws {
        for stream in try index.streams() {
            streams[stream.name] = [stream.bytes, stream.segments]
            ledgers[stream.name] = try index.ledger(of: stream.id)
            for row in try index.runs(of: stream.name) {
                runs.append(
                    "\(row.run.path) \(row.run.start) \(row.first) \(row.end) \(row.run.origin) "
                        + "\(row.run.tracksFingerprint) \(row.run.initializationLength) \(row.size) \(row.segments)")
            }
            for segment in try index.segments(of: stream.name, startingIn: .always) {
                segments.append(
                    "\(segment.start) \(segment.duration) \(segment.run.path) \(segment.offset) \(segment.length) "
                        + "\(segment.digest) \(segment.flags)")
            }
        }
        runs.sort()
        segments.sort()
    }
}
