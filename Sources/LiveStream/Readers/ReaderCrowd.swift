// Decides what goes to a loop's readers when: at once, or for a crowd in larger pieces.
import Media
import NIOCore

/// The readers of one stream on one event loop, and the chunks that wait for the next.
///
/// The cost of sending is per write more than per byte. While a stream has few readers on the loop each chunk goes out as
/// it comes; for a crowd small chunks wait for the next one, until `enough` bytes are there: at most `chunksMax` chunks
/// and `patience`. Other servers never wait, and are no part of the crowd. Lives on the loop.
struct ReaderCrowd {
    /// Readers on one loop for which a chunk may wait.
    static let size = 40
    /// Readers of one form for which a file in memory is made.
    static let fileSharers = 16
    static let enough = 64 << 10
    static let chunksMax = 2
    /// A little more than the length of a chunk.
    static let patience = TimeAmount.milliseconds(250)

    private struct Entry {
        var number: UInt64
        var kind: ReaderKind
        var reader: any ChunkReader
    }

    private var entries: [Entry] = []
    private var peers: [Entry] = []
    private var kept: [ChunkDelivery] = []
    private var taken = 0

    /// Which one of all chunks is the oldest that waits; nil when none does.
    var firstKept: Int? { kept.isEmpty ? nil : taken - kept.count }

    /// What waits has been part of the new reader's backlog, so it goes to the others first.
    mutating func add(_ reader: any ChunkReader, number: UInt64, kind: ReaderKind) {
        let entry = Entry(number: number, kind: kind, reader: reader)
        guard kind != .peer else { return peers.append(entry) }
        release()
        entries.append(entry)
    }

    mutating func remove(_ number: UInt64) {
        entries.removeAll { $0.number == number }
        peers.removeAll { $0.number == number }
    }

    /// Hands the chunk on, or keeps it. True when it is the first that is kept.
    mutating func take(_ delivery: ChunkDelivery) -> Bool {
        if !peers.isEmpty {
            let batch = DeliveryBatch([Self.plain(delivery)])
            for peer in peers { peer.reader.receive(batch) }
        }
        guard !entries.isEmpty else { return false }
        kept.append(delivery)
        taken += 1
        let bytes = kept.reduce(0) { $0 + $1.chunk.bytes.readableBytes }
        if entries.count >= Self.size, kept.count < Self.chunksMax, bytes < Self.enough { return kept.count == 1 }
        release()
        return false
    }

    /// Hands over what waits.
    mutating func release() {
        guard !kept.isEmpty else { return }
        let muxed = entries.count { $0.kind == .transportStream }
        let plain = entries.count - muxed
        let transportStream = DeliveryBatch(kept, sharesFiles: muxed >= Self.fileSharers)
        let chunks = DeliveryBatch(kept.map(Self.plain), sharesFiles: plain >= Self.fileSharers)
        kept.removeAll(keepingCapacity: true)
        for entry in entries { entry.reader.receive(entry.kind == .transportStream ? transportStream : chunks) }
    }

    private static func plain(_ delivery: ChunkDelivery) -> ChunkDelivery {
        var delivery = delivery
        delivery.transportStream = nil
        return delivery
    }

    /// What came before the loss goes out before it is told.
    mutating func mediaLost(reason: String) {
        release()
        for entry in peers + entries { entry.reader.mediaLost(reason: reason) }
    }

    mutating func removeAll() -> [any ChunkReader] {
        defer { (peers, entries) = ([], []) }
        return (peers + entries).map(\.reader)
    }
}
