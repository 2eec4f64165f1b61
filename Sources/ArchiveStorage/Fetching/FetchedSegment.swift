// A segment that came from another server and was found to be what that server has.
package import Archive
import CMAF
import Media
package import NIOCore

/// The initialisation segment of fetched segments, read and compared with its name.
package struct FetchedTracks: Sendable {
    let initialization: ByteBuffer
    let tracks: TrackSet
    package let fingerprint: UInt64

    /// - Throws: `ArchiveError.damagedMedia` when the bytes are not those of the name or no initialisation segment.
    package init(_ initialization: ByteBuffer, fingerprint: UInt64) throws(ArchiveError) {
        guard Fingerprint(of: initialization).value == fingerprint else {
            throw ArchiveError(.damagedMedia, "an initialisation segment came with other bytes than its name says")
        }
        do { tracks = try InitializationSegment.read(initialization) } catch {
            throw ArchiveError(.damagedMedia, "a fetched initialisation segment cannot be read: \(error)")
        }
        self.initialization = initialization
        self.fingerprint = fingerprint
    }
}

/// Bytes that were verified: the only way into an archive from outside. What has this type may be written and indexed.
package struct FetchedSegment: Sendable {
    package let offer: OfferedSegment
    let tracks: FetchedTracks
    let bytes: ByteBuffer

    /// Computes the digest of all bytes, which takes as long as reading them from memory.
    ///
    /// - Throws: `ArchiveError.damagedMedia` when length, digest, tracks or form are not those of the offer.
    package init(_ offer: OfferedSegment, tracks: FetchedTracks, bytes: ByteBuffer) throws(ArchiveError) {
        func damaged(_ reason: String) -> ArchiveError {
            ArchiveError(.damagedMedia, "the segment of \(offer.start.unixMilliseconds) ms \(reason)")
        }
        guard tracks.fingerprint == offer.tracksFingerprint else { throw damaged("came with other tracks") }
        guard bytes.readableBytes == offer.length else {
            throw damaged("came with \(bytes.readableBytes) bytes instead of \(offer.length)")
        }
        guard MediaDigest(of: bytes) == offer.digest else {
            throw damaged("came with other bytes than its digest says")
        }
        let chunks = ChunkParser.scan(bytes)
        guard chunks.parts.first?.offset == 0, chunks.wholeLength == bytes.readableBytes else {
            throw damaged("is not made of whole chunks")
        }
        self.offer = offer
        self.tracks = tracks
        self.bytes = bytes
    }
}

/// What became of a fetched segment.
package enum FetchResult: Hashable, Sendable {
    /// It is in the file, and in the index with the next sync. `superseded` segments of ours go for it.
    case kept(superseded: Int)
    /// We have it, or a better one, by now.
    case covered
    /// It does not belong here: deleted, or newer than what is being recorded. The reason is for people.
    case declined(String)
}
