// A .ts file for looping: scanned once for its length and key frames, then read in blocks as it is played.
internal import Ingest
internal import Media
internal import NIOCore

/// A transport stream in a file.
///
/// Nothing of the media stays in memory but what was read ahead (a block and about a second); the scan keeps one place
/// per key frame. The file is taken apart anew in each loop, so every loop yields the same frames.
struct TransportStreamFile: LoopedMedia {
    /// What the scan of the whole file found.
    struct Index: Sendable {
        /// A key frame of the leading track, and a place in the file from which reading yields it whole.
        struct Entry: Hashable, Sendable {
            var position: MediaSpan
            var offset: Int64
        }
        var entries: [Entry] = []
        /// Source time of position zero.
        var origin: Int64 = 0
        var duration = MediaSpan.zero
        /// The tracks are known when the file has been read up to here.
        var headerEnd: Int64 = 0
    }

    static let block = 188 * 1024
    /// Tracks of a transport stream run apart by less than this (ISO/IEC 13818-1 §2.7.4: one second).
    private static let interleave = MediaSpan.seconds(1)
    /// Where one track pauses for long, frames of the others wait for it no further than this.
    private static let pendingLimit = 32 << 20

    let byteCount: Int64
    let entries: [MediaSpan]
    var duration: MediaSpan { index.duration }
    private let file: ReadOnlyFile
    private let makeParser: @Sendable () throws(InputFailure) -> any MediaParser
    private let index: Index
    private var parser: any MediaParser
    private var offset: Int64 = 0
    private var isAtEnd = false
    private var leading: TrackID?
    private var earliest = MediaSpan.zero
    /// The leading track was read up to here.
    private var readUntil = MediaSpan(ticks: .min)
    private var pending: [InputEvent] = []
    private var pendingBytes = 0

    /// Scans the file.
    ///
    /// - Throws: `.unsupportedMedia` where it has no key frame, or its clock jumps; `.ended` where it cannot be read.
    init(
        _ file: ReadOnlyFile, makeParser: @escaping @Sendable () throws(InputFailure) -> any MediaParser
    ) throws(InputFailure) {
        self.file = file
        self.makeParser = makeParser
        byteCount = try file.size()
        index = try Self.scan(file, byteCount: byteCount, parser: makeParser())
        entries = index.entries.map(\.position)
        parser = try makeParser()
    }

    mutating func seek(to entry: MediaSpan) throws(InputFailure) {
        parser = try makeParser()
        pending.removeAll()
        pendingBytes = 0
        isAtEnd = false
        earliest = entry
        readUntil = MediaSpan(ticks: .min)
        offset = 0
        guard entry > .zero, let place = index.entries.first(where: { $0.position == entry }) else { return }
        // The tables and parameter sets first, then the place itself.
        while offset < min(index.headerEnd, place.offset) { try readBlock() }
        pending.removeAll { if case .frames = $0 { true } else { false } }
        pendingBytes = 0
        offset = max(offset, place.offset)
    }

    mutating func read(until limit: MediaSpan) throws(InputFailure) -> [InputEvent] {
        while !isAtEnd, readUntil < limit + Self.interleave, pendingBytes < Self.pendingLimit { try readBlock() }
        var due: [InputEvent] = []
        var later: [InputEvent] = []
        pendingBytes = 0
        for event in pending {
            guard case .frames(let frames) = event else {
                if later.isEmpty { due.append(event) } else { later.append(event) }
                continue
            }
            // A change of tracks keeps its place: what comes after one that is not due is not due either.
            let isBlocked = later.contains { if case .tracks = $0 { true } else { false } }
            let now = isBlocked ? [] : frames.filter { $0.decodeTime.ticks < limit.ticks }
            let rest = isBlocked ? frames : frames.filter { $0.decodeTime.ticks >= limit.ticks }
            if !now.isEmpty { due.append(.frames(now)) }
            if !rest.isEmpty { later.append(.frames(rest)) }
            pendingBytes += rest.reduce(0) { $0 + $1.data.readableBytes }
        }
        pending = later
        return due
    }

    private mutating func readBlock() throws(InputFailure) {
        let bytes = try file.read(at: offset, length: Self.block)
        offset += Int64(bytes.readableBytes)
        bytes.withUnsafeReadableBytes { parser.feed($0) }
        if bytes.readableBytes < Self.block {
            isAtEnd = true
            parser.finish()
        }
        for event in parser.takeEvents() {
            switch event {
            case .tracks(let tracks, _):
                leading = tracks.leading?.id
                pending.append(event)
            case .frames(let frames): keep(frames)
            case .clockJump, .chunk, .timeline, .notice, .ended: break
            }
        }
    }

    private mutating func keep(_ frames: [Frame]) {
        var kept: [Frame] = []
        for var frame in frames {
            let decode = Self.position(of: frame.decodeTime.ticks, from: index.origin)
            if frame.track == leading { readUntil = max(readUntil, MediaSpan(ticks: decode)) }
            guard decode >= earliest.ticks else { continue }
            frame.presentationTime.ticks = decode + (frame.presentationTime - frame.decodeTime).ticks
            frame.decodeTime.ticks = decode
            pendingBytes += frame.data.readableBytes
            kept.append(frame)
        }
        if !kept.isEmpty { pending.append(.frames(kept)) }
    }

    /// Ticks from `origin` modulo the 33 bits that the file has: where reading starts in its middle, whole wraps are unknown.
    private static func position(of time: Int64, from origin: Int64) -> Int64 {
        let wrapped = (time - origin) & 0x1_FFFF_FFFF
        return wrapped >= 0x1_0000_0000 ? wrapped - 0x2_0000_0000 : wrapped
    }

    /// Reads the whole file once.
    private static func scan(
        _ file: ReadOnlyFile, byteCount: Int64, parser: any MediaParser
    ) throws(InputFailure) -> Index {
        func refuse(_ reason: String) -> InputFailure {
            InputFailure(code: .unsupportedMedia, message: "\(file.name): \(reason)")
        }
        var parser = parser
        var index = Index()
        var leading: TrackID?
        // The blocks in which the last two frames of the leading track came out: a frame's packets begin after the one
        // before it came out, or one earlier where the parser keeps a frame back.
        var blocks: (older: Int64, newer: Int64) = (0, 0)
        var last: (time: Int64, length: Int64)?
        var trouble: String?
        var offset: Int64 = 0
        while true {
            let begin = offset
            let bytes = try file.read(at: offset, length: block)
            offset += Int64(bytes.readableBytes)
            bytes.withUnsafeReadableBytes { parser.feed($0) }
            let isLast = bytes.readableBytes < block
            if isLast { parser.finish() }
            for event in parser.takeEvents() {
                switch event {
                case .tracks(let tracks, _):
                    if leading == nil { index.headerEnd = offset }
                    leading = tracks.leading?.id
                case .frames(let frames):
                    for frame in frames where frame.track == leading {
                        let time = frame.decodeTime.ticks
                        if index.entries.isEmpty, frame.isKey { index.origin = time }
                        if frame.isKey {
                            index.entries.append(
                                .init(position: MediaSpan(ticks: time - index.origin), offset: blocks.older))
                        }
                        last = (time, frame.duration?.ticks ?? last.map { time - $0.time } ?? 3600)
                        blocks = (blocks.newer, begin)
                    }
                case .clockJump:
                    guard last == nil else {
                        throw refuse(
                            "its clock jumps at about byte \(begin); write it anew, with ffmpeg -i IN -c copy OUT.ts")
                    }
                case .notice(let text): trouble = text
                case .chunk, .timeline, .ended: break
                }
            }
            if isLast { break }
        }
        guard let last, !index.entries.isEmpty else {
            throw refuse(trouble ?? "\(byteCount) bytes without a key frame of video or a frame of sound")
        }
        index.duration = MediaSpan(ticks: last.time + last.length - index.origin)
        guard index.duration.ticks < 0x1_0000_0000 else { throw refuse("is longer than 13 hours; cut it into parts") }
        return index
    }
}
