// One server of the simulated group: the real writer, index and planner on a virtual disk.
import Archive
import CMAF
import M4F
import Media
import NIOCore
import Testing

@testable import ArchiveStorage

/// A server that records one stream and replicates it from others.
final class SimulatedServer {
    let name: String
    let bench: Bench<MemoryFileSystem>
    let age: MediaSpan?
    var planner = StreamReplication()
    var isUp = true
    /// How its captures cut at the moment; nil while its source is away.
    var cut: SimulatedSource.Cut?
    /// The chunk that is recorded next begins a segment, whatever the cut says.
    var mustStart = true
    /// The chunk with which the segment began that is being recorded.
    private var segment: Int64 = 0
    /// Segments kept by replication since the last start.
    var kept: Set<SegmentDigest> = []
    /// Bytes that were flipped on its disk, by path.
    var flipped: [(path: String, offset: Int)] = []

    init(_ name: String, age: MediaSpan?) throws {
        self.name = name
        self.age = age
        bench = try Bench(disk: MemoryFileSystem(), settings: ArchiveSettings(origin: name, resumeSpace: 0))
        bench.keep("cam", RetentionPolicy(age: age))
    }

    var reader: ArchiveReader { ArchiveReader(index: bench.index, view: bench.view) }

    func setPeers(_ names: [String]) { planner.setPeers(names) }

    var bounds: ReplicationBounds {
        ReplicationBounds(
            age: age, ledger: reader.ledger(of: "cam"), recordedTo: reader.recordedTo("cam"), at: bench.utc)
    }

    func record(_ index: Int64) {
        guard let cut else { return }
        if mustStart || SimulatedSource.begins(index, cut) { segment = index }
        mustStart = false
        bench.step([.append(stream: "cam", SimulatedSource.chunk(index, cut, start: segment))])
    }

    /// The source goes away.
    func pause() {
        cut = nil
        mustStart = true
        bench.step([.pause(stream: "cam", .sourceAway)])
    }

    /// The process dies, and a power cut may take what was not synced.
    func crash(_ keep: ((Int, Int) -> Int)?) {
        isUp = false
        if let keep { bench.disk.crash(keepingUnsynced: keep) } else { bench.disk.kill() }
    }

    func restart(losingIndex: Bool, peers: [String]) throws {
        try bench.restart(losingIndex: losingIndex)
        planner = StreamReplication()
        setPeers(peers)
        isUp = true
        cut = nil
        mustStart = true
        kept = []
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

/// A source whose media are a function of the time; servers may cut it differently.
enum SimulatedSource {
    struct Cut: Hashable {
        /// The timeline's distance from that of others, when it was not handed over.
        var shift: MediaSpan = .zero
        /// Which of two chunks begins a segment.
        var parity: Int64 = 0
    }

    /// Segments have four chunks; whether one begins with this chunk.
    static func begins(_ index: Int64, _ cut: Cut) -> Bool { (index - cut.parity) % 4 == 0 }

    /// - Parameter start: the chunk with which its segment begins.
    static func chunk(_ index: Int64, _ cut: Cut, start: Int64) -> Chunk {
        let time = SyntheticStream.time(index) + cut.shift
        var bytes = ByteBuffer()
        var parts: [Chunk.Part] = []
        for track in SyntheticStream.tracks.tracks {
            let frame = TimedFrame(
                track: track.id, decodeTime: time, presentationTime: time, duration: SyntheticStream.chunk,
                isKey: true, data: ByteBuffer(repeating: UInt8(truncatingIfNeeded: index), count: 40))
            parts.append(FragmentWriter.append([frame], to: &bytes))
        }
        return Chunk(
            tracks: SyntheticStream.tracks, segmentStart: SyntheticStream.time(start) + cut.shift, start: time,
            duration: SyntheticStream.chunk, isDiscontinuous: false, parts: parts, bytes: bytes)
    }
}
