// Months of an archive's life by chance: recording, retention, deletions, locks, faults of the disk, power cuts, kills.
import Archive
import CMAF
import GRDB
import Media
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import ArchiveStorage

/// One made-up life of a store. The same seed gives the same life.
final class ArchiveLife {
    struct Feed {
        var name: String
        var policy: RetentionPolicy
        var time: MediaTime
        var tracks = SyntheticStream.tracks
    }

    static let segment = MediaSpan.seconds(600)
    let seed: UInt64
    private var random: SeededGenerator
    let disk = MemoryFileSystem()
    let bench: Bench<MemoryFileSystem>
    private var power: PowerSwitch
    private(set) var feeds: [Feed]
    /// Segments under each lock, by stream and lock, as the index had them when it was made.
    private(set) var protected: [String: [Int64: [ArchivedSegment]]] = [:]
    /// Deletions that an operator asked for.
    private var deleted: [String: RangeSet] = [:]
    private(set) var counts: [String: Int] = [:]
    /// What happened last, for the message of a violation.
    private(set) var history: [String] = []
    var checks = ArchiveLifeChecks()

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        bench = try Bench(disk: disk)
        power = PowerSwitch(disk)
        bench.index.database.add(transactionObserver: power, extent: .observerLifetime)
        feeds = [
            Feed(name: "aged", policy: RetentionPolicy(age: .seconds(20 * 86_400)), time: SyntheticStream.epoch),
            Feed(name: "sized/hd", policy: RetentionPolicy(bytes: 250_000), time: SyntheticStream.epoch),
            Feed(
                name: "shared", policy: RetentionPolicy(age: .seconds(40 * 86_400), diskShare: 0.9),
                time: SyntheticStream.epoch),
        ]
        for feed in feeds { bench.keep(feed.name, feed.policy) }
        disk.set { $0.capacity = 1_500_000 }
    }

    private func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private func note(_ what: String) {
        counts[what, default: 0] += 1
        history.append("\((bench.utc - SyntheticStream.epoch).seconds): \(what)")
        if history.count > 40 { history.removeFirst(history.count - 40) }
    }

    // MARK: Days

    func live(days: Int) throws {
        for day in 0..<days {
            let start = SyntheticStream.epoch + MediaSpan.seconds(Int64(day) * 86_400)
            // Some days one goes on from where it was, so that its time runs behind that of the others.
            for index in feeds.indices where !chance(5) { feeds[index].time = max(feeds[index].time, start) }
            try record(segments: Int.random(in: 2...7, using: &random))
            happening()
            if chance(12) { try end(byPower: chance(60), losesIndex: chance(15)) }
            if day % 10 == 9 { try check() }
        }
        cure()
        try checkSettled()
        bench.writer.stop(at: bench.now)
        try checkRebuild()
        try checkSettled()
    }

    /// All feeds side by side, two chunks a segment, with what can happen to media.
    private func record(segments: Int) throws {
        for _ in 0..<segments {
            for index in feeds.indices {
                if chance(3) {
                    bench.step([.pause(stream: feeds[index].name, .sourceAway)])
                    feeds[index].time += Self.segment
                    note("source away")
                }
                if chance(2) {
                    feeds[index].time = feeds[index].time - MediaSpan.seconds(1200)
                    note("time ran back")
                }
                if chance(4) {
                    feeds[index].tracks =
                        feeds[index].tracks == SyntheticStream.tracks
                        ? SyntheticStream.otherTracks : SyntheticStream.tracks
                    note("other tracks")
                }
                let start = feeds[index].time
                for half in Int64(0)..<2 {
                    let chunk = Self.chunk(at: start, half: half, tracks: feeds[index].tracks)
                    bench.utc = max(bench.utc, chunk.end)
                    bench.step([.append(stream: feeds[index].name, chunk)], advance: MediaSpan.seconds(100))
                }
                feeds[index].time = start + Self.segment
            }
        }
    }

    private static func chunk(at start: MediaTime, half: Int64, tracks: TrackSet) -> Chunk {
        let length = segment.ticks / 2
        let time = start + MediaSpan(ticks: length * half)
        var bytes = ByteBuffer()
        let parts = tracks.tracks.map { track in
            let data = ByteBuffer(repeating: UInt8(truncatingIfNeeded: time.unixMilliseconds / 300_000 | 1), count: 700)
            return FragmentWriter.append(
                [
                    TimedFrame(
                        track: track.id, decodeTime: time, presentationTime: time, duration: MediaSpan(ticks: length),
                        isKey: true, data: data)
                ], to: &bytes)
        }
        return Chunk(
            tracks: tracks, segmentStart: start, start: time, duration: MediaSpan(ticks: length),
            isDiscontinuous: false, parts: parts, bytes: bytes)
    }

    // MARK: What happens

    private func happening() {
        let feed = feeds[Int.random(in: feeds.indices, using: &random)]
        switch Int.random(in: 0..<100, using: &random) {
        case ..<8: fault(.inputOutput)
        case ..<11: fault(.readOnly)
        case ..<16:
            note("disk full")
            disk.set { $0.capacity = $0.used + 500 }
        case ..<40: cure()
        case ..<50: lock(feed)
        case ..<54: unlock(feed)
        case ..<60: delete(feed)
        default: break
        }
    }

    private func fault(_ kind: FileSystemError.Kind) {
        note("\(kind)")
        disk.set { $0.failure = kind }
    }

    private func cure() {
        disk.set {
            $0.failure = nil
            $0.capacity = 1_500_000
        }
    }

    /// Retention and retries until nothing is left to do.
    func settle() {
        for _ in 0..<60 { bench.step(advance: .seconds(40)) }
        bench.sync()
    }

    private func place(_ feed: Feed) -> TimeRange {
        let back = Int64.random(in: 1...40, using: &random)
        let start = feed.time - MediaSpan.seconds(43_200 * back)
        return TimeRange(start: start, duration: .seconds(Int64.random(in: 600...86_400, using: &random)))
    }

    private func lock(_ feed: Feed) {
        let range = place(feed)
        do {
            let lock = try bench.writer.lock(range, of: feed.name, note: "a note")
            protected[feed.name, default: [:]][lock.id] = try bench.index.segments(
                of: feed.name, startingIn: .always
            ).filter { $0.range.overlaps(range) }
            note("lock")
        } catch {
            note("lock refused")
        }
    }

    private func unlock(_ feed: Feed) {
        guard let id = protected[feed.name]?.keys.min() else { return }
        do {
            _ = try bench.writer.unlock(id, of: feed.name)
            note("unlock")
        } catch {
            note("unlock refused")
        }
        protected[feed.name]?[id] = nil
    }

    private func delete(_ feed: Feed) {
        do {
            _ = try bench.writer.delete(place(feed), of: feed.name, at: bench.now)
            note("delete")
        } catch {
            note("delete refused")
        }
    }

    // MARK: Ends

    /// The process ends at one of its next changes to the disk; another begins on what is left.
    private func end(byPower: Bool, losesIndex: Bool) throws {
        // A disk that lies about sync can lose what was promised: then only what is left must be right.
        let lies = byPower && chance(20)
        if lies { disk.set { $0.lies = true } }
        disk.set { $0.changesLeft = Int.random(in: 0..<60, using: &random) }
        try record(segments: 3)
        disk.set { $0.lies = false }
        let before = try feeds.map { try bench.index.segments(of: $0.name, startingIn: .always) }
        if byPower {
            var random = random
            disk.crash { durable, written in
                written > durable ? Int.random(in: durable...written, using: &random) : durable
            } zeroing: { unsynced in
                // Of a disk that lies about it, only reading all bytes would tell.
                guard !lies, Bool.random(using: &random), unsynced.count > 1024 else { return nil }
                let start = (Int.random(in: unsynced, using: &random) + 511) / 512 * 512
                return start + 512 <= unsynced.upperBound ? start..<start + 512 : nil
            }
            self.random = random
        } else {
            disk.kill()
        }
        note(lies ? "lying power cut" : byPower ? "power cut" : "kill")
        if losesIndex { note("index lost") }
        cure()
        try bench.restart(losingIndex: losesIndex)
        if losesIndex { bench.index.database.add(transactionObserver: power, extent: .observerLifetime) }
        if !lies {
            for (feed, rows) in zip(feeds, before) {
                let after = Set(try bench.index.segments(of: feed.name, startingIn: .always).map(\.named))
                // A deletion that was noted before the end is finished by the start.
                let deleted = try ledger(of: feed)?.gaps.deleted ?? RangeSet()
                let lost = rows.filter {
                    !after.contains($0.named) && !RangeSet([$0.range]).subtracting(deleted).isEmpty
                }
                guard lost.isEmpty else { throw violation("\(feed.name) lost what was in the index", lost) }
            }
        } else {
            for feed in feeds { try forgetLost(feed) }
        }
        try check()
    }

    private func ledger(of feed: Feed) throws -> StreamLedger? {
        try bench.index.streams().first { $0.name == feed.name }.map { try bench.index.ledger(of: $0.id) }
    }

    /// What a lying disk took is not protected any more.
    private func forgetLost(_ feed: Feed) throws {
        let locks = Set(try ledger(of: feed)?.locks.map(\.id) ?? [])
        for (id, rows) in protected[feed.name] ?? [:] {
            guard locks.contains(id) else {
                protected[feed.name]?[id] = nil
                continue
            }
            protected[feed.name]?[id] = try rows.filter {
                try bench.index.segment(of: feed.name, start: $0.start)?.digest == $0.digest
            }
        }
    }
}
