// A segment in an archive, and the run file that it lies in.
package import Media

/// A run: consecutive segments without a gap and with one set of tracks, in one file of at most an hour.
///
/// A class so that the thousands of segments of a range share its strings.
package final class ArchivedRun: Hashable, Sendable {
    /// The row of the index. Has no meaning outside of one index.
    package let id: Int64
    package let stream: String
    /// Relative to the root of the store: `cam1/2026-11-21/10-00-00.000.mp4`.
    package let path: String
    package let start: MediaTime
    /// The server that captured the media.
    package let origin: String
    /// The name of the track set: the hash of the initialisation segment.
    package let tracksFingerprint: UInt64
    /// Length of the initialisation segment, with which the file begins, in bytes.
    package let initializationLength: Int

    package init(
        id: Int64, stream: String, path: String, start: MediaTime, origin: String, tracksFingerprint: UInt64,
        initializationLength: Int
    ) {
        self.id = id
        self.stream = stream
        self.path = path
        self.start = start
        self.origin = origin
        self.tracksFingerprint = tracksFingerprint
        self.initializationLength = initializationLength
    }

    package static func == (a: ArchivedRun, b: ArchivedRun) -> Bool { a === b || a.id == b.id && a.path == b.path }
    package func hash(into hasher: inout Hasher) { hasher.combine(path) }
}

/// One closed segment of an archive. Its bytes never change.
package struct ArchivedSegment: Hashable, Sendable {
    package var start: MediaTime
    package var duration: MediaSpan
    package var run: ArchivedRun
    /// Where its first `moof` lies in the run's file.
    package var offset: Int64
    /// Length of its chunks, in bytes.
    package var length: Int
    /// Of those bytes.
    package var digest: MediaDigest
    /// It does not continue the segment before it, even where their times touch.
    package var isDiscontinuous: Bool
    /// It ends early, because the source or the server went away within it.
    package var isInterrupted: Bool

    package init(
        start: MediaTime, duration: MediaSpan, run: ArchivedRun, offset: Int64, length: Int, digest: MediaDigest,
        isDiscontinuous: Bool, isInterrupted: Bool
    ) {
        self.start = start
        self.duration = duration
        self.run = run
        self.offset = offset
        self.length = length
        self.digest = digest
        self.isDiscontinuous = isDiscontinuous
        self.isInterrupted = isInterrupted
    }

    package var key: SegmentKey { SegmentKey(stream: run.stream, start: start) }
    package var end: MediaTime { start + duration }
    package var range: TimeRange { TimeRange(start: start, duration: duration) }
    package var named: SegmentDigest { SegmentDigest(start: start, duration: duration, digest: digest) }
}
