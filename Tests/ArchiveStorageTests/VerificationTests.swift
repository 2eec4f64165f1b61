// Verifying, mending and rebuilding a store on a real disk: each flipped byte is found.
import Archive
import Foundation
import Media
import NIOCore
import TestSupport
import Testing

@testable import ArchiveStorage

/// A store in a directory of its own, recorded and closed.
private final class RecordedStore {
    let root = FileManager.default.temporaryDirectory.appending(path: "weir-store-\(UUID().uuidString)").path

    /// Two streams, one with a gap, other tracks, a deleted range and a lock.
    init() async throws {
        let store = try ArchiveStore(root: root, settings: .init(origin: "a"), report: { _ in })
        let cam = try store.recorder(for: "cam", keeping: RetentionPolicy())
        let other = try store.recorder(for: "other/part", keeping: RetentionPolicy())
        for index in Int64(0)..<10 { cam.append(SyntheticStream.chunk(index)) }
        cam.pause(.sourceAway)
        for index in Int64(20)..<28 { cam.append(SyntheticStream.chunk(index, tracks: SyntheticStream.otherTracks)) }
        for index in Int64(0)..<6 { other.append(SyntheticStream.chunk(index)) }
        cam.pause()
        other.pause()
        try await store.sync()
        _ = try await store.lock(range(22, 24), of: "cam", note: "goal")
        let deleted = try await store.delete(range(2, 6), of: "cam")
        #expect(deleted.segments == 2)
        store.close()
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func range(_ from: Int64, _ to: Int64) -> TimeRange {
        TimeRange(SyntheticStream.time(from), SyntheticStream.time(to))
    }

    var inspection: ArchiveInspection { get throws { try ArchiveInspection(root: root) } }

    func findings() throws -> [ArchiveFinding] { try inspection.verify(isServed: false) { _ in }.findings }

    /// Run files and journals below the root.
    var files: [String] {
        let all = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix(".mp4") || $0.hasSuffix(RunPath.journalName) }.sorted()
    }

    func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: root + "/" + path)))
    }

    func write(_ bytes: [UInt8], _ path: String) throws {
        try Data(bytes).write(to: URL(filePath: root + "/" + path))
    }

    /// Bodies of freed parts: nobody's bytes any more.
    func freed(_ bytes: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var offset = 0
        while offset + 8 <= bytes.count {
            let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            if bytes[offset + 4..<offset + 8].elementsEqual("free".utf8) { found.append(offset + 8..<offset + length) }
            offset += max(8, length)
        }
        return found
    }
}

@Suite struct VerificationTests {
    /// Every byte takes minutes.
    private static let flipsPerFile =
        ProcessInfo.processInfo.environment["WEIR_EVERY_BYTE"] == nil ? 25 : Int.max

    @Test func everyFlippedByteIsFound() async throws {
        let store = try await RecordedStore()
        #expect(try store.findings() == [])
        var random = SeededGenerator(seed: 7)
        #expect(store.files.count == 4)
        for path in store.files {
            let good = try store.bytes(path)
            let freed = path.hasSuffix(".mp4") ? store.freed(good) : []
            let positions = (0..<good.count).filter { position in !freed.contains { $0.contains(position) } }
            for position in positions.shuffled(using: &random).prefix(Self.flipsPerFile) {
                var bad = good
                bad[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                try store.write(bad, path)
                let findings = try store.findings()
                #expect(!findings.isEmpty, "byte \(position) of \(path)")
                #expect(findings.allSatisfy { $0.path == path }, "\(findings)")
            }
            try store.write(good, path)
        }
        #expect(try store.findings() == [])
    }

    @Test func eachRowWithoutItsBytesIsFound() async throws {
        let store = try await RecordedStore()
        let path = try #require(store.files.first { $0.hasPrefix("other") && $0.hasSuffix(".mp4") })
        let good = try store.bytes(path)
        let rows = try store.inspection.selection(of: "other/part", in: .always).entries.map(\.segment)
        for (index, row) in rows.enumerated() {
            try store.write(Array(good[..<(Int(row.offset) + row.length - 1)]), path)
            let missing = Set(try store.findings().filter { $0.kind == .missing }.compactMap(\.start))
            #expect(missing == Set(rows[index...].map(\.start)))
        }
        try FileManager.default.removeItem(atPath: store.root + "/" + path)
        #expect(Set(try store.findings().compactMap(\.start)) == Set(rows.map(\.start)))
        try store.write(good, path)
        try store.write(good, "other/part/2026-09-21/23-00-00.000.mp4")
        #expect(try store.findings().map(\.kind) == [.unindexed])
    }

    @Test func repairMendsWhatCanBeToldAndTakesOutWhatIsLost() async throws {
        let store = try await RecordedStore()
        let paths = store.files.filter { $0.hasSuffix(".mp4") && $0.hasPrefix("cam") }
        let rows = try store.inspection.selection(of: "cam", in: .always).entries.map(\.segment)
        let journal = try #require(store.files.first { $0.hasPrefix("cam") && $0.hasSuffix(".txt") })
        func flip(_ path: String, _ position: Int) throws {
            var bytes = try store.bytes(path)
            bytes[position] ^= 1
            try store.write(bytes, path)
        }
        // The media of one segment, the trailer of another, the run header, the freed part, the journal.
        let lost = rows[1]
        let initialization = rows[0].run.initializationLength
        try flip(lost.run.path, Int(lost.offset) + 30)
        try flip(rows[0].run.path, Int(rows[0].offset) + rows[0].length + 40)
        try flip(paths[0], initialization + 30)
        let freed = try #require(store.freed(try store.bytes(paths[0])).first)
        try flip(paths[0], freed.lowerBound - 6)
        try flip(journal, try store.bytes(journal).count - 3)
        let found = try store.findings()
        #expect(Set(found.map(\.kind)) == [.media, .trailer, .header, .structure, .journal])
        do {
            let workshop = try ArchiveWorkshop(root: store.root, rebuild: false, report: { _ in })
            #expect(ArchiveWorkshop.isServed(store.root))
            #expect(throws: ArchiveError.self) {
                try ArchiveWorkshop(root: store.root, rebuild: false, report: { _ in })
            }
            let again = try workshop.inspection.verify(isServed: false) { _ in }.findings
            let remedies = try workshop.repair(again)
            #expect(
                remedies.allSatisfy { $0.remedy == ($0.finding.kind == .media ? .removed : .mended) }, "\(remedies)")
        }
        #expect(!ArchiveWorkshop.isServed(store.root))
        #expect(try store.findings() == [])
        let gaps = try store.inspection.gaps(of: "cam").gaps
        #expect(gaps.contains(Gap(lost.range, .diskError)))
        #expect(try store.inspection.selection(of: "cam", in: .always).entries.count == rows.count - 1)
    }

    @Test func rebuildGivesTheSameRows() async throws {
        let store = try await RecordedStore()
        let before = try IndexDump(try store.inspection.index)
        var steps: [ArchiveProgress] = []
        do {
            _ = try ArchiveWorkshop(
                root: store.root, rebuild: true, progress: { steps.append($0) }, report: { _ in })
        }
        #expect(try IndexDump(try store.inspection.index) == before)
        #expect(steps.map(\.done) == [1, 2, 3] && steps.allSatisfy { $0.total == 3 })
        #expect(FileManager.default.fileExists(atPath: store.root + "/index.sqlite.before-rebuild"))
    }
}
