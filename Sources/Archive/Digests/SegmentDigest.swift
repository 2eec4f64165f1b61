// What names a segment by its media, and the digest of many of them: equal where two servers have the same.
package import Media

/// What a digest covers: a segment's key and the digest of its bytes. Flags are left out on purpose: a server that was
/// restarted marks a discontinuity where its peer has none, although both have the same media.
package struct SegmentDigest: Hashable, Sendable {
    package var start: MediaTime
    package var duration: MediaSpan
    package var digest: MediaDigest

    package init(start: MediaTime, duration: MediaSpan, digest: MediaDigest) {
        self.start = start
        self.duration = duration
        self.digest = digest
    }
}

/// The periods of UTC by which two servers compare their archives, the longer first: see `ArchiveSummary`.
package enum DigestPeriod {
    package static let hour = MediaSpan.seconds(3600)
    package static let day = MediaSpan.seconds(86_400)

    /// The digest of the media of `range`: of all segments that start in it, whatever files they lie in.
    ///
    /// - Parameter segments: in the order of their starts.
    package static func digest(of segments: some Sequence<SegmentDigest>, in range: TimeRange) -> MediaDigest {
        var hasher = MediaHasher()
        for segment in segments where range.contains(segment.start) { hasher.update(segment) }
        return hasher.finalize()
    }
}

extension MediaHasher {
    mutating func update(_ segment: SegmentDigest) {
        update(UInt64(bitPattern: segment.start.ticks))
        update(UInt64(bitPattern: segment.duration.ticks))
        update(segment.digest)
    }

    mutating func update(_ digest: MediaDigest) {
        update(digest.high)
        update(digest.low)
    }
}
