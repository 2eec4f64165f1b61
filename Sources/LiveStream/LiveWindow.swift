// The last few segments of a live stream, as one immutable value that any thread may read.
package import Media
import NIOCore

/// One segment of the live window: the chunks from one cut to the next.
package struct LiveSegment: Sendable {
    /// Key of the segment, the same in the archive and in URLs.
    package var start: MediaTime
    package var duration: MediaSpan
    /// Media sequence number (RFC 8216 §6.2.1): one more than that of the segment before.
    package var sequence: Int64
    /// Number of discontinuities before or at this segment (RFC 8216 §4.3.3.3).
    package var discontinuitySequence: Int64
    /// The segment does not continue the one before it: EXT-X-DISCONTINUITY stands before it.
    package var isDiscontinuous: Bool
    package var tracks: TrackSet
    package var chunks: [Chunk]
    /// A closed segment never changes again; only the last of a window may be open.
    package private(set) var isClosed: Bool
    /// Closed, and every picture can be decoded from this segment alone.
    package private(set) var isIndependent = false
    package var byteCount: Int

    package var end: MediaTime { start + duration }

    /// Opens a segment with its first chunk.
    package init(first chunk: Chunk, sequence: Int64, discontinuitySequence: Int64) {
        start = chunk.segmentStart
        duration = chunk.duration
        self.sequence = sequence
        self.discontinuitySequence = discontinuitySequence
        isDiscontinuous = chunk.isDiscontinuous
        tracks = chunk.tracks
        chunks = [chunk]
        isClosed = false
        byteCount = chunk.bytes.readableBytes
    }

    /// False where the source sent no key frame for so long that the segment was cut without one.
    package var startsWithKeyFrame: Bool { chunks.first?.startsWithKeyFrame ?? false }

    package mutating func append(_ chunk: Chunk) {
        chunks.append(chunk)
        duration = chunk.end - start
        byteCount += chunk.bytes.readableBytes
    }

    /// Nothing is appended any more.
    fileprivate mutating func close() {
        guard !isClosed else { return }
        isClosed = true
        isIndependent = canBeDecodedAlone()
    }
}

/// The live window: the newest segments within a bound of segments and of bytes.
package struct LiveWindow: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Closed segments that are kept (`segment_count`). At least 1.
        package var segments: Int
        /// Bytes that are kept; the oldest closed segments go first, the open one never.
        package var bytes: Int
        package init(segments: Int = 4, bytes: Int = 64 << 20) {
            self.segments = max(1, segments)
            self.bytes = bytes
        }
    }

    package private(set) var segments: [LiveSegment] = []
    package private(set) var limits: Limits
    /// Counts the changes of the window: a reader that has seen this version has nothing new to see.
    package private(set) var version: UInt64 = 0
    /// Segments that went for the bound in bytes, before there were as many as the bound in segments allows.
    package private(set) var overflows: UInt64 = 0
    private var nextSequence: Int64?
    private var discontinuitySequence: Int64 = 0
    private let segmentDuration: MediaSpan

    /// - Parameters:
    ///   - segmentDuration: the configured `segment_duration`; numbers the first segment, so that a server which takes
    ///     a stream over without knowing the old numbers does not fall behind them.
    ///   - continuation: numbers handed over by the server that had the stream before.
    package init(limits: Limits, segmentDuration: MediaSpan, continuing continuation: SequenceContinuation? = nil) {
        self.limits = limits
        self.segmentDuration = segmentDuration
        if let continuation {
            nextSequence = continuation.nextSequence
            discontinuitySequence = continuation.discontinuitySequence
        }
    }

    /// The closed segments, oldest first.
    package var closed: ArraySlice<LiveSegment> {
        if let last = segments.last, !last.isClosed { return segments.dropLast() }
        return segments[...]
    }

    /// kbit/s of the media, over the closed segments; over the open one while there is no other.
    package var kilobitsPerSecond: Int {
        let counted = closed.isEmpty ? segments[...] : closed
        let seconds = counted.reduce(0) { $0 + $1.duration.seconds }
        guard seconds > 0 else { return 0 }
        return Int(Double(counted.reduce(0) { $0 + $1.byteCount }) * 8 / 1000 / seconds)
    }

    /// What another server needs to go on with the numbers of this window; while it has no segment of its own, what was
    /// handed over to it.
    package var continuation: SequenceContinuation? {
        nextSequence.map {
            SequenceContinuation(nextSequence: $0, discontinuitySequence: discontinuitySequence)
        }
    }

    /// Takes the next chunk. A chunk that starts a segment closes the one before. A chunk of a segment that is not the
    /// open one is not appended anywhere.
    package mutating func append(_ chunk: Chunk) {
        if chunk.startsSegment {
            version &+= 1
            if !segments.isEmpty { segments[segments.count - 1].close() }
            if chunk.isDiscontinuous { discontinuitySequence += 1 }
            let sequence = nextSequence ?? chunk.segmentStart.index(of: segmentDuration)
            nextSequence = sequence + 1
            segments.append(
                LiveSegment(first: chunk, sequence: sequence, discontinuitySequence: discontinuitySequence))
            trim()
        } else if let last = segments.last, !last.isClosed, last.start == chunk.segmentStart {
            version &+= 1
            segments[segments.count - 1].append(chunk)
            trim()
        }
    }

    /// The source is away: the open segment is complete as it is.
    package mutating func closeOpenSegment() {
        guard let last = segments.last, !last.isClosed else { return }
        version &+= 1
        segments[segments.count - 1].close()
        trim()
    }

    package mutating func setLimits(_ limits: Limits) {
        self.limits = limits
        let before = segments.count
        trim()
        if segments.count != before { version &+= 1 }
    }

    /// The chunks that a new reader begins with: from the start of the last segment that begins with a key frame to the
    /// newest. Of a source without key frames, where no chunk is better than another, the newest alone.
    package var backlog: [Chunk] {
        guard let first = segments.lastIndex(where: \.startsWithKeyFrame) else {
            return segments.last?.chunks.suffix(1) ?? []
        }
        return segments[first...].flatMap(\.chunks)
    }

    /// A reader may begin with `chunk`, which is in the window.
    package func canBegin(with chunk: Chunk) -> Bool {
        chunk.startsSegment && chunk.startsWithKeyFrame || !segments.contains(where: \.startsWithKeyFrame)
    }

    private mutating func trim() {
        var bytes = segments.reduce(0) { $0 + $1.byteCount }
        var drop = 0
        while segments.count - drop > 1,
            closed.count - drop > limits.segments || bytes > limits.bytes
        {
            if closed.count - drop <= limits.segments { overflows += 1 }
            bytes -= segments[drop].byteCount
            drop += 1
        }
        if drop > 0 { segments.removeFirst(drop) }
    }
}

/// Numbers of a live playlist that must go on when another server continues the stream.
package struct SequenceContinuation: Hashable, Sendable {
    package var nextSequence: Int64
    package var discontinuitySequence: Int64
    package init(nextSequence: Int64, discontinuitySequence: Int64) {
        self.nextSequence = nextSequence
        self.discontinuitySequence = discontinuitySequence
    }
}
