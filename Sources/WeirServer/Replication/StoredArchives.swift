// This server's archives as other servers may ask for them.
import Archive
import ArchiveStorage
import Media
import NIOCore
import NIOPosix
import PeerLink

/// Reads stores on threads of its own: other servers' requests never wait in front of a player's.
struct StoredArchives: ArchiveSource {
    let keeper: ArchiveKeeper
    let threads: NIOThreadPool
    let isStream: @Sendable (_ name: String) -> Bool

    func knows(_ stream: String) -> Bool { isStream(stream) }

    func summary(of stream: String, in range: TimeRange) async throws -> (keeps: MediaSpan?, ArchiveSummary)? {
        guard let reader = keeper.store(of: stream)?.reader else { return nil }
        let summary = try await threads.runIfActive { try reader.summary(of: stream, in: range) }
        return (reader.policy(of: stream).age, summary)
    }

    func offers(of stream: String, in range: TimeRange) async throws -> [OfferedSegment]? {
        guard let reader = keeper.store(of: stream)?.reader else { return nil }
        return try await threads.runIfActive { try reader.offers(of: stream, startingIn: range) }
    }

    func segment(_ name: SegmentDigest, of stream: String) async throws -> ArchivePart? {
        guard let store = keeper.store(of: stream) else { return nil }
        return try await threads.runIfActive {
            let key = SegmentKey(stream: stream, start: name.start)
            guard let (segment, lease) = try store.lease(key), segment.named == name else { return nil }
            defer { withExtendedLifetime(lease) {} }
            let media: ByteBuffer
            do {
                media = try store.bytes(of: segment)
            } catch let error as ArchiveError where error.code == .damagedMedia {
                // What is not whole is not here: the peer asks somebody else for it.
                return nil
            }
            return ArchivePart(
                tracks: segment.run.tracksFingerprint, initialization: try store.initialization(of: segment.run),
                media: media)
        }
    }
}
