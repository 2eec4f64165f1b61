// One or more chunks that go to the readers of an event loop together.
import Media
import NIOCore

/// Consecutive chunks for all readers of one kind on one event loop, and the same bytes as a file for those who can send one.
///
/// Lives on that loop; made once, read by each of the readers.
package final class DeliveryBatch {
    package let deliveries: [ChunkDelivery]
    private let sharesFiles: Bool
    private let budget: MemoryFileBudget
    private lazy var chunkBytes = GatheredBytes(deliveries.map(\.chunk.bytes))
    private lazy var transportStreamBytes = GatheredBytes(deliveries.compactMap(\.transportStream))
    private lazy var chunkFile = sharesFiles ? MemoryFile(chunkBytes.pieces, budget: budget) : nil
    private lazy var transportStreamFile =
        sharesFiles ? MemoryFile(transportStreamBytes.pieces, budget: budget) : nil

    /// - Parameters:
    ///   - sharesFiles: so many readers get the batch that the copy into a file is worth it.
    ///   - budget: room for these files.
    package init(_ deliveries: [ChunkDelivery], sharesFiles: Bool = false, budget: MemoryFileBudget = .process) {
        self.deliveries = deliveries
        self.sharesFiles = sharesFiles
        self.budget = budget
    }

    /// All of the batch's chunks in one form, where they lie.
    package func bytes(_ kind: ReaderKind) -> GatheredBytes {
        switch kind {
        case .chunks, .peer: chunkBytes
        case .transportStream: transportStreamBytes
        }
    }

    /// The same in a file, made when the first reader asks; nil when there is no such file.
    package func file(_ kind: ReaderKind) -> MemoryFile? {
        switch kind {
        case .chunks, .peer: chunkFile
        case .transportStream: transportStreamFile
        }
    }
}
