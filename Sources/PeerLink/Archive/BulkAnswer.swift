// Segments in bulk, one piece after the other as the asker takes them.
import Archive
import M4F
import NIOConcurrencyHelpers
package import NIOCore

/// The body of an answer to `fetch`. Holds one segment at a time.
package struct BulkAnswer: Sendable {
    private let segments: [SegmentDigest]
    private let stream: String
    private let source: any ArchiveSource
    private let place: BulkPlace
    private var index = 0
    /// Pieces that come before the next segment is read, the last one first.
    private var pieces: [ByteBuffer] = []
    private var toldTracks: Set<UInt64> = []

    init(_ segments: [SegmentDigest], of stream: String, from source: any ArchiveSource, place: BulkPlace) {
        self.segments = segments
        self.stream = stream
        self.source = source
        self.place = place
    }

    /// Nil at the end. Throws what the disk says: the answer then ends without its end, and the asker notices.
    package mutating func next() async throws -> ByteBuffer? {
        if let piece = pieces.popLast() { return piece }
        guard index <= segments.count else { return nil }
        defer { index += 1 }
        guard index < segments.count else { return BulkFrame.end }
        let name = segments[index]
        guard let part = try await source.segment(name, of: stream) else { return BulkFrame.missing(name.start) }
        pieces = [part.media, BulkFrame.segment(name, tracks: part.tracks, length: part.media.readableBytes)]
        if toldTracks.insert(part.tracks).inserted {
            pieces.append(BulkFrame.tracks(part.tracks, part.initialization))
        }
        return pieces.popLast()
    }
}

/// One of the answers in bulk that a server gives at a time: each holds a segment in memory.
final class BulkPlace: Sendable {
    private static let most = 32
    private let taken: NIOLockedValueBox<Int>

    /// Nil when all places are taken.
    static func take(in taken: NIOLockedValueBox<Int>) -> BulkPlace? {
        let isMine = taken.withLockedValue { taken in
            guard taken < most else { return false }
            taken += 1
            return true
        }
        return isMine ? BulkPlace(taken) : nil
    }

    /// The place was counted already.
    private init(_ taken: NIOLockedValueBox<Int>) { self.taken = taken }

    deinit { taken.withLockedValue { $0 -= 1 } }
}
