// The one unit that moves through the house: ~200 ms of all tracks as CMAF bytes.
package import NIOCore

/// About 200 ms of all tracks of a stream as CMAF bytes: one `moof`+`mdat` per track, ordered by track id.
///
/// Written once, where the media enters the group. Every viewer, disk and peer gets the same reference-counted `bytes`.
/// The bytes are a pure function of the frames and the timeline: no counter since start, no host, no clock of the writer.
package struct Chunk: Sendable {
    /// The fragment of one track within `Chunk.bytes`.
    package struct Part: Hashable, Sendable {
        package var track: TrackID
        /// Offset of its `moof` from the first byte of the chunk.
        package var offset: Int
        /// Length of `moof` and `mdat` together, in bytes.
        package var length: Int
        /// Decode time of its first frame; the fragment's `tfdt`.
        package var start: MediaTime
        package var duration: MediaSpan
        package var frameCount: Int

        package init(
            track: TrackID, offset: Int, length: Int, start: MediaTime, duration: MediaSpan, frameCount: Int
        ) {
            self.track = track
            self.offset = offset
            self.length = length
            self.start = start
            self.duration = duration
            self.frameCount = frameCount
        }
    }

    package var tracks: TrackSet
    /// Start of the segment that this chunk belongs to: the key of the segment in window, archive and URLs.
    package var segmentStart: MediaTime
    /// Decode time at which the chunk begins. Equal to `segmentStart` in the first chunk of a segment.
    package var start: MediaTime
    /// To the begin of the next chunk of the same segment, or to the segment's end.
    package var duration: MediaSpan
    /// The timeline or the tracks do not continue those of the chunk before. Only ever set where a segment starts.
    package var isDiscontinuous: Bool
    /// The first frame of the leading track in this chunk is a key frame: a decoder may begin here. False at the start of
    /// a segment only where the source sent no key frame for too long and the segment had to be cut without one.
    package var startsWithKeyFrame: Bool
    package var parts: [Part]
    package var bytes: ByteBuffer
    /// The servers that it came through before this one, the first that had it first. Empty where this server took the
    /// media from its source itself.
    package var passed: [PassedServer]

    package init(
        tracks: TrackSet, segmentStart: MediaTime, start: MediaTime, duration: MediaSpan,
        isDiscontinuous: Bool, startsWithKeyFrame: Bool? = nil, parts: [Part], bytes: ByteBuffer,
        passed: [PassedServer] = []
    ) {
        self.tracks = tracks
        self.segmentStart = segmentStart
        self.start = start
        self.duration = duration
        self.isDiscontinuous = isDiscontinuous
        self.startsWithKeyFrame = startsWithKeyFrame ?? (start == segmentStart)
        self.parts = parts
        self.bytes = bytes
        self.passed = passed
    }

    @inlinable package var startsSegment: Bool { start == segmentStart }

    /// Where the chunk ends and the next begins.
    @inlinable package var end: MediaTime { start + duration }

    /// The bytes of one track's fragment, not copied; nil when the track has no frame in this chunk.
    package func bytes(of track: TrackID) -> ByteBuffer? {
        guard let part = parts.first(where: { $0.track == track }) else { return nil }
        return bytes.getSlice(at: bytes.readerIndex + part.offset, length: part.length)
    }
}
