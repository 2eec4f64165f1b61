// What a file of a range consists of: a header that is made, and parts of run files as they lie there.
package import Archive
package import ArchiveStorage
import CMAF
import MPEGTS
import Media
import NIOCore

/// As which file a range leaves.
package enum ExportForm: String, Hashable, Sendable, CaseIterable {
    /// Progressive: `moov` first, seekable at once.
    case mp4
    /// MPEG transport stream.
    case ts

    package var contentType: String { self == .mp4 ? "video/mp4" : "video/mp2t" }
}

/// The parts of an exported file and its length, known before a byte of media is read. Each part can be had at any time
/// and in any order, so nothing is copied and nothing is kept for a viewer. Gaps are left out: time goes on behind them.
package struct ExportPlan: Sendable {
    package struct Part: Sendable {
        enum Content: Sendable {
            case made(ByteBuffer)
            /// From here on in the file of the run.
            case file(ArchivedRun, offset: Int64)
            /// A segment that is multiplexed when it is asked for; filled up with null packets to the part's length.
            case transportStream(PlaybackSelection.Entry, TrackSet, shift: MediaSpan, version: UInt8)
        }
        var content: Content
        /// Where it begins in the exported file.
        package var start: Int64
        package var length: Int64
    }

    package private(set) var parts: [Part] = []
    package private(set) var length: Int64 = 0
    /// The files that must stay as they are while the plan is used.
    package private(set) var runs: [ArchivedRun] = []

    /// Reads the heads of all fragments of the selection, not their media.
    /// - Throws: what the disk says; `CMAFError` or `ArchiveError` when the files are not what the index says.
    package init(_ selection: PlaybackSelection, as form: ExportForm, from fileSystem: any ArchiveFileSystem) throws {
        var source = ExportSource(fileSystem: fileSystem)
        switch form {
        case .mp4: try plan(movie: selection, &source)
        case .ts: try plan(transportStream: selection, &source)
        }
        runs = source.runs
    }

    /// About how much memory the plan takes, in bytes.
    var weight: Int {
        parts.reduce(1024) { sum, part in
            if case .made(let bytes) = part.content { sum + bytes.readableBytes } else { sum + 256 }
        }
    }

    private mutating func add(_ content: Part.Content, length: Int64) {
        guard length > 0 else { return }
        parts.append(Part(content: content, start: self.length, length: length))
        self.length += length
    }

    // MARK: MP4

    private mutating func plan(movie selection: PlaybackSelection, _ source: inout ExportSource) throws {
        var builder = ProgressiveMP4Builder()
        var regions: [(run: ArchivedRun, offset: Int64, length: Int64)] = []
        var displacement: Int64 = 0
        for (index, entry) in selection.entries.enumerated() {
            let segment = entry.segment
            if index == 0 || entry.isDiscontinuous {
                _ = builder.begin(try source.tracks(of: segment.run), at: segment.start)
            }
            var heads: [FragmentHead] = []
            let length = Int64(try source.heads(of: entry) { heads.append($0) })
            let trailer = Int64(SegmentTrailer.boxLength)
            if let last = regions.last, last.run == segment.run, last.offset + last.length + trailer == segment.offset {
                // The trailer between two segments comes along: one long part instead of many short ones.
                regions[regions.count - 1].length += trailer + length
                _ = builder.append(length: trailer + length)
            } else {
                regions.append((segment.run, segment.offset, length))
                displacement = builder.append(length: length) - segment.offset
            }
            for head in heads { builder.add(head, displacement: displacement) }
        }
        let layout = builder.finish()
        add(.made(layout.header), length: Int64(layout.header.readableBytes))
        for region in regions { add(.file(region.run, offset: region.offset), length: region.length) }
    }

    // MARK: MPEG-TS

    private mutating func plan(transportStream selection: PlaybackSelection, _ source: inout ExportSource) throws {
        var joint = TransportStreamJoint()
        for entry in selection.entries {
            joint.advance(to: entry)
            let tracks = try source.tracks(of: entry.segment.run)
            let frames = try source.sizes(of: entry)
            joint.played(frames)
            let length = TransportStreamMuxer.segmentLength(tracks: tracks, frames: frames)
            add(
                .transportStream(entry, tracks, shift: joint.shift, version: joint.version), length: Int64(length))
        }
    }
}

/// How segments are joined to one transport stream: without the time of gaps, and with a new version of the tables where
/// the tracks change.
struct TransportStreamJoint: Sendable {
    private(set) var shift = MediaSpan.zero
    private(set) var version: UInt8 = 0
    private var end: MediaTime?
    private var fingerprint: UInt64?

    mutating func advance(to entry: PlaybackSelection.Entry) {
        let segment = entry.segment
        if entry.isDiscontinuous, let end { shift = segment.start - end }
        if let fingerprint, fingerprint != segment.run.tracksFingerprint { version = (version + 1) & 31 }
        fingerprint = segment.run.tracksFingerprint
        end = entry.end - shift
    }

    /// Sound may reach over the end: what follows behind a gap begins behind all of it.
    mutating func played(_ frames: [TimedFrame]) {
        guard let end, let last = frames.lazy.map({ $0.decodeTime + $0.duration }).max() else { return }
        self.end = max(end, last - shift)
    }

    /// The frames of an entry.
    /// - Parameter bytes: of the whole segment.
    static func frames(of entry: PlaybackSelection.Entry, _ bytes: ByteBuffer) throws -> [TimedFrame] {
        try FragmentReader.frames(in: entry.isCut ? try SegmentCut.bytes(of: bytes, until: entry.end) : bytes)
    }

    /// The packets of an entry's frames.
    static func packets(
        of frames: [TimedFrame], tracks: TrackSet, shift: MediaSpan, version: UInt8
    ) -> ByteBuffer {
        var frames = frames
        for index in frames.indices {
            frames[index].decodeTime = frames[index].decodeTime - shift
            frames[index].presentationTime = frames[index].presentationTime - shift
        }
        return TransportStreamMuxer.segment(tracks: tracks, frames: frames, version: version)
    }
}
