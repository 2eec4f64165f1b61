// A store's writer on a virtual disk and clock, stepped by the test.
import Archive
import Media
import Synchronization
import Testing

@testable import ArchiveStorage

extension Durability {
    /// The kept seeds of simulated lives were found with this period: with another they live other lives.
    static let simulated = Durability.every(.seconds(4))
}

/// The real writer and index; only disk and time are made up.
final class Bench<Disk: ArchiveFileSystem> {
    let disk: Disk
    private(set) var index: ArchiveIndex
    private(set) var view = ArchiveView()
    private(set) var writer: ArchiveWriter
    let settings: ArchiveSettings
    var uptime: Duration = .zero
    var utc = SyntheticStream.epoch
    let events = EventLog()
    private var policies: [String: RetentionPolicy] = [:]

    init(
        disk: Disk,
        settings: ArchiveSettings = ArchiveSettings(origin: "a", durability: .simulated, resumeSpace: 0, reserve: 0)
    ) throws {
        self.disk = disk
        try disk.createDirectory("")
        self.settings = settings
        index = try #require(try ArchiveIndex.open(path: nil))
        writer = ArchiveWriter(fileSystem: disk, index: index, settings: settings, view: view) { _ in }
        try restart()
    }

    var now: ArchiveInstant { ArchiveInstant(utc: utc, uptime: uptime) }

    /// A new process on the same disk. `losingIndex`: the index is gone and is built anew.
    func restart(losingIndex: Bool = false) throws {
        if losingIndex { index = try #require(try ArchiveIndex.open(path: nil)) }
        view = ArchiveView()
        writer = ArchiveWriter(fileSystem: disk, index: index, settings: settings, view: view) {
            [events] in events.add($0)
        }
        try writer.start()
        for (stream, policy) in policies { view.update(stream) { $0.policy = policy } }
    }

    func keep(_ stream: String, _ policy: RetentionPolicy) {
        policies[stream] = policy
        view.update(stream) { $0.policy = policy }
    }

    func step(_ commands: [ArchiveCommand] = [], advance: MediaSpan = .zero) {
        utc += advance
        uptime += .milliseconds(advance.milliseconds)
        writer.step(commands, at: now)
    }

    /// Records chunks one by one, the clock follows them.
    func record(_ indices: some Sequence<Int64>, of stream: String = "cam", tracks: TrackSet = SyntheticStream.tracks) {
        for index in indices {
            let chunk = SyntheticStream.chunk(index, tracks: tracks)
            utc = max(utc, chunk.end)
            uptime += .milliseconds(500)
            writer.step([.append(stream: stream, chunk)], at: now)
        }
    }

    func sync() { writer.sync(at: now) }

    /// Closed segments as readers see them.
    func segments(_ stream: String = "cam") throws -> [ArchivedSegment] {
        try ArchiveReader(index: index, view: view).segments(of: stream, startingIn: .always)
    }

    func starts(_ stream: String = "cam") throws -> [Int64] {
        try segments(stream).map { ($0.start - SyntheticStream.epoch).milliseconds / 500 }
    }

    /// The invariants that hold at every moment.
    func check(sourceLocation: SourceLocation = #_sourceLocation) throws {
        for stream in try index.streams() {
            let rows = try index.segments(of: stream.name, startingIn: .always)
            for (a, b) in zip(rows, rows.dropFirst()) {
                #expect(a.end <= b.start, "segments overlap", sourceLocation: sourceLocation)
            }
            var bytes: Int64 = 0
            for row in rows {
                bytes += Int64(row.length)
                let file = try disk.open(row.run.path, forWriting: false)
                let media = try file.read(at: row.offset, count: row.length)
                #expect(
                    MediaDigest(of: media) == row.digest, "a row without its bytes: \(row.run.path) \(row.offset)",
                    sourceLocation: sourceLocation)
                let box = try file.read(at: row.offset + Int64(row.length), count: SegmentTrailer.boxLength)
                #expect(SegmentTrailer(box: box) == row.trailer, sourceLocation: sourceLocation)
            }
            #expect(stream.bytes == bytes, "the stream's sum is wrong", sourceLocation: sourceLocation)
            #expect(stream.segments == Int64(rows.count), sourceLocation: sourceLocation)
            let recorded = RangeSet(rows.map(\.range))
            for gap in try index.ledger(of: stream.id).gaps.gaps {
                #expect(!recorded.overlaps(gap.range), "a gap where something is", sourceLocation: sourceLocation)
            }
        }
    }
}

/// What was told, from whichever thread.
final class EventLog: Sendable {
    private let events = Mutex<[ArchiveEvent]>([])
    func add(_ event: ArchiveEvent) { events.withLock { $0.append(event) } }
    var all: [ArchiveEvent] { events.withLock { $0 } }
}
