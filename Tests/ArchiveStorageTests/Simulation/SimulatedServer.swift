// One server of the simulated group: the real writer, index and planner on a virtual disk.
import Archive
import GRDB
import M4F
import Media
import NIOCore
import Synchronization
import Testing

@testable import ArchiveStorage

/// A server that records one stream and replicates it from others.
final class SimulatedServer {
    let name: String
    let bench: Bench<MemoryFileSystem>
    let age: MediaSpan?
    /// Of its clock, before that of the world.
    let ahead: MediaSpan
    private var power: PowerSwitch
    var planner = StreamReplication()
    var isUp = true
    /// How its captures cut at the moment; nil while it does not read the source itself.
    var cut: SimulatedSource.Cut?
    /// The other server that it takes its media from.
    var relay: LiveRelay?
    /// The chunk of this moment, captured or taken over: what it gives to others.
    var newest: Chunk?
    /// The chunk that is recorded next begins a segment, whatever the cut says.
    var mustStart = true
    /// The timeline was anchored anew.
    var isAnchoredAnew = false
    /// The chunk with which the segment began that is being recorded.
    private var segment: Int64 = 0
    /// Segments kept by replication since the last start.
    var kept: Set<SegmentDigest> = []
    /// Segments that came wrong or were declined since the last start: they are asked for again after a while.
    var postponed: Set<SegmentDigest> = []
    /// Peers of whose clocks it has told since the last start.
    var toldClocks: Set<String> = []
    /// Bytes that were flipped on its disk, by path.
    var flipped: [(path: String, offset: Int)] = []

    init(_ name: String, age: MediaSpan?, ahead: MediaSpan) throws {
        self.name = name
        self.age = age
        self.ahead = ahead
        bench = try Bench(
            disk: MemoryFileSystem(),
            settings: ArchiveSettings(origin: name, durability: .simulated, resumeSpace: 0, reserve: 0))
        power = PowerSwitch(bench.disk)
        bench.index.database.add(transactionObserver: power, extent: .observerLifetime)
        bench.utc += ahead
        bench.keep("cam", RetentionPolicy(age: age))
    }

    var isLive: Bool { cut != nil || relay != nil }
    /// The power went in the middle of a change.
    var isOff: Bool { bench.disk.state.withLock { $0.isOff } }

    var reader: ArchiveReader { ArchiveReader(index: bench.index, view: bench.view) }

    func setPeers(_ names: [String]) { planner.setPeers(names) }

    var bounds: ReplicationBounds {
        ReplicationBounds(
            age: age, ledger: reader.ledger(of: "cam"), recordedTo: reader.recordedTo("cam"), at: bench.utc)
    }

    func record(_ index: Int64) {
        guard let cut else { return }
        if mustStart || SimulatedSource.begins(index, cut) { segment = index }
        let chunk = SimulatedSource.chunk(index, cut, start: segment, isDiscontinuous: isAnchoredAnew)
        (mustStart, isAnchoredAnew) = (false, false)
        newest = chunk
        bench.step([.append(stream: "cam", chunk)])
    }

    /// The source goes away, or the other server.
    func pause() {
        cut = nil
        relay = nil
        newest = nil
        mustStart = true
        bench.step([.pause(stream: "cam", .sourceAway)])
    }

    /// The process dies, and a power cut may take what was not synced.
    func crash(_ keep: ((Int, Int) -> Int)?) {
        isUp = false
        (relay, newest) = (nil, nil)
        if let keep { bench.disk.crash(keepingUnsynced: keep) } else { bench.disk.kill() }
    }

    func restart(losingIndex: Bool, peers: [String]) throws {
        try bench.restart(losingIndex: losingIndex)
        if losingIndex { bench.index.database.add(transactionObserver: power, extent: .observerLifetime) }
        planner = StreamReplication()
        setPeers(peers)
        isUp = true
        cut = nil
        mustStart = true
        kept = []
        postponed = []
        toldClocks = []
    }

    // MARK: What it tells others

    /// Answers a request as it comes over the network; bulk in one piece.
    func answer(_ bytes: ByteBuffer) throws -> ByteBuffer {
        let request = try ArchiveRequest(reading: bytes)
        switch request.question {
        case .digests(let range, let known):
            let digests = Dictionary(known.map { ($0.number, $0.digest) }, uniquingKeysWith: { first, _ in first })
            return ArchiveDigests(
                now: bench.utc, keeps: age, summary: try reader.summary(of: "cam", in: range).leavingOut(digests)
            ).bytes
        case .list(let range): return ArchiveList(segments: try reader.offers(of: "cam", startingIn: range)).bytes
        case .fetch(let names):
            var answer = ByteBuffer()
            var told: Set<UInt64> = []
            for name in names {
                guard let segment = try reader.segment(SegmentKey(stream: "cam", start: name.start)),
                    segment.named == name
                else {
                    answer.writeImmutableBuffer(BulkFrame.missing(name.start))
                    continue
                }
                let file = try bench.disk.open(segment.run.path, forWriting: false)
                if told.insert(segment.run.tracksFingerprint).inserted {
                    answer.writeImmutableBuffer(
                        BulkFrame.tracks(
                            segment.run.tracksFingerprint,
                            try file.read(at: 0, count: segment.run.initializationLength)))
                }
                answer.writeImmutableBuffer(
                    BulkFrame.segment(name, tracks: segment.run.tracksFingerprint, length: segment.length))
                answer.writeImmutableBuffer(try file.read(at: segment.offset, count: segment.length))
            }
            answer.writeImmutableBuffer(BulkFrame.end)
            return answer
        }
    }
}
