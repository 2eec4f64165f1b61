// Decides what goes when to a loop's readers: at once, or for a crowd in larger pieces.
import Media
import NIOCore

/// The readers of one stream on one event loop, counted, and the chunks that wait for the next. Pure; lives on the stream's loop,
/// so that a chunk that waits does not wake the readers' loop.
///
/// The cost of sending is per write more than per byte. While a stream has few readers on the loop each chunk goes out as
/// it comes; for a crowd small chunks wait for the next one, until `enough` bytes are there: at most `chunksMax` chunks
/// and `patience`. Other servers never wait, and are no part of the crowd.
struct ReaderCrowd {
    /// Readers on one loop for which a chunk may wait.
    static let size = 40
    static let enough = 64 << 10
    static let chunksMax = 2
    /// A little more than the length of a chunk.
    static let patience = TimeAmount.milliseconds(250)

    private(set) var viewers = 0
    private(set) var peers = 0
    private var kept: [ChunkDelivery] = []
    /// By what number the first of `kept` came.
    private var keptSince: UInt64?

    var isEmpty: Bool { viewers == 0 && peers == 0 }

    mutating func add(_ kind: ReaderKind) {
        if kind == .peer { peers += 1 } else { viewers += 1 }
    }

    mutating func remove(_ kind: ReaderKind) {
        if kind == .peer { peers -= 1 } else { viewers -= 1 }
    }

    /// What goes to the viewers now, in order: the chunk with what waited for it, or nothing while it waits itself.
    mutating func take(_ delivery: ChunkDelivery, number: UInt64) -> [ChunkDelivery] {
        guard viewers > 0 else { return release() }
        kept.append(delivery)
        let bytes = kept.reduce(0) { $0 + $1.chunk.bytes.readableBytes }
        guard viewers >= Self.size, kept.count < Self.chunksMax, bytes < Self.enough else { return release() }
        keptSince = keptSince ?? number
        return []
    }

    /// What waits goes out.
    mutating func release() -> [ChunkDelivery] {
        defer {
            kept = []
            keptSince = nil
        }
        return kept
    }

    /// What has waited since the chunk of this number goes out; nothing when that has gone already.
    mutating func release(keptSince number: UInt64) -> [ChunkDelivery] {
        keptSince == number ? release() : []
    }

    /// The chunk of this number is the first that waits.
    func hasBegunToWait(with number: UInt64) -> Bool { keptSince == number }
}
