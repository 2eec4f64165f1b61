// The body of one message, whole, to its value.
internal import Archive
internal import CMAF
internal import Ingest
internal import Media
internal import NIOCore

extension M4FMessage {
    /// - Parameters:
    ///   - body: of a length that the type allows.
    ///   - offset: where the message begins, for errors.
    init(_ type: MessageType, body: ByteBuffer, at offset: Int) throws(MessageError) {
        var fields = FieldReader(type: type, bytes: body, offset: offset)
        switch type {
        case .session: self = .session(try fields.session())
        case .path: self = .path(try fields.servers())
        case .tracks:
            do throws(CMAFError) {
                self = .tracks(try InitializationSegment.read(body))
            } catch {
                throw fields.problem("tracks that cannot be read: \(error)")
            }
        case .timeline: self = .timeline(try fields.anchor())
        case .chunk: self = .chunk(try fields.chunk())
        case .segmentEnd:
            self = .segmentEnd(
                SegmentDigest(
                    start: try fields.time(), duration: try fields.span(),
                    digest: MediaDigest(high: try fields.integer(), low: try fields.integer())))
        case .keepAlive: self = .keepAlive(try fields.time())
        case .end:
            let code: UInt8 = try fields.integer()
            self = .end(
                EndMessage(EndMessage.Code(rawValue: code) ?? .other, try fields.text(fields.bytes.readableBytes)))
        }
        if case .tracks = type { return }
        if case .chunk = type { return }
        guard fields.bytes.readableBytes == 0 else {
            throw fields.problem("\(fields.bytes.readableBytes) bytes too many")
        }
    }
}

/// Reads the fields of a body one after the other; each is checked against its bounds.
private struct FieldReader {
    let type: MessageType
    var bytes: ByteBuffer
    let offset: Int

    func problem(_ text: String) -> MessageError { MessageError(at: offset, .field(type, text)) }

    mutating func integer<Value: FixedWidthInteger>() throws(MessageError) -> Value {
        guard let value: Value = bytes.readInteger() else { throw problem("too few bytes") }
        return value
    }

    mutating func time() throws(MessageError) -> MediaTime {
        let ticks: Int64 = try integer()
        guard (0...M4FLimits.time).contains(ticks) else { throw problem("the time \(ticks), which is no UTC") }
        return MediaTime(ticks: ticks)
    }

    mutating func span() throws(MessageError) -> MediaSpan {
        let ticks: Int64 = try integer()
        guard (0...M4FLimits.span).contains(ticks) else { throw problem("the span \(ticks)") }
        return MediaSpan(ticks: ticks)
    }

    mutating func text(_ length: Int) throws(MessageError) -> String {
        guard let raw = bytes.readSlice(length: length) else { throw problem("too few bytes") }
        guard let text = String(validating: raw.readableBytesView, as: UTF8.self) else {
            throw problem("a text that is not UTF-8")
        }
        return text
    }

    mutating func server() throws(MessageError) -> PassedServer {
        let instance: UInt64 = try integer()
        let length: UInt8 = try integer()
        return PassedServer(instance: instance, name: try text(Int(length)))
    }

    mutating func servers() throws(MessageError) -> [PassedServer] {
        let count: UInt8 = try integer()
        guard (1...M4FLimits.servers).contains(Int(count)) else {
            throw problem("a path of \(count) servers; it has 1 to \(M4FLimits.servers)")
        }
        var servers: [PassedServer] = []
        for _ in 0..<count { servers.append(try server()) }
        return servers
    }

    mutating func session() throws(MessageError) -> SessionMessage {
        let version: UInt16 = try integer()
        guard version == M4FPath.version else {
            throw problem("version \(version) of the protocol; this server speaks \(M4FPath.version)")
        }
        let server = try server()
        let utc = try time()
        let length: UInt16 = try integer()
        guard length <= M4FLimits.streamBytes else { throw problem("a stream's name of \(length) bytes") }
        let stream = try text(Int(length))
        guard let proof = bytes.readBytes(length: 32) else { throw problem("too few bytes") }
        return SessionMessage(
            server: server, utc: utc, stream: stream, proof: proof)
    }

    mutating func anchor() throws(MessageError) -> TimelineAnchor? {
        let kind: UInt8 = try integer()
        let source: Int64 = try integer()
        let media: Int64 = try integer()
        guard (0...M4FLimits.time).contains(media), source.magnitude <= UInt64(M4FLimits.time) else {
            throw problem("times of a timeline out of bounds")
        }
        let clock: SourceClock
        switch kind {
        case 0: return nil
        case 1: clock = .free
        case 2: clock = .utc
        default: throw problem("the unknown kind of clock \(kind)")
        }
        return TimelineAnchor(clock: clock, source: SourceTime(ticks: source), media: MediaTime(ticks: media))
    }

    mutating func chunk() throws(MessageError) -> Chunk {
        let segmentStart = try time()
        let start = try time()
        let duration = try span()
        let flags: UInt8 = try integer()
        let _: UInt8 = try integer()
        let count: UInt16 = try integer()
        guard start >= segmentStart else { throw problem("a chunk that begins before its segment") }
        let isDiscontinuous = flags & ChunkFields.discontinuous != 0
        guard !isDiscontinuous || start == segmentStart else { throw problem("a discontinuity within a segment") }
        guard Int(count) <= M4FLimits.parts else {
            throw problem("\(count) parts; there are at most \(M4FLimits.parts)")
        }
        guard bytes.readableBytes >= Int(count) * ChunkFields.partLength else { throw problem("too few bytes") }
        var parts: [Chunk.Part] = []
        parts.reserveCapacity(Int(count))
        var end = 0
        for _ in 0..<count {
            let part = try part(after: end)
            end = part.offset + part.length
            parts.append(part)
        }
        guard end == bytes.readableBytes, end <= M4FLimits.chunkBytes else {
            throw problem("parts of \(end) bytes and media of \(bytes.readableBytes)")
        }
        return Chunk(
            tracks: TrackSet([]), segmentStart: segmentStart, start: start, duration: duration,
            isDiscontinuous: isDiscontinuous, startsWithKeyFrame: flags & ChunkFields.keyFrame != 0, parts: parts,
            bytes: bytes)
    }

    /// A part begins where the one before it ends: no byte belongs to two parts or to none.
    private mutating func part(after end: Int) throws(MessageError) -> Chunk.Part {
        let track: UInt32 = try integer()
        let partOffset: UInt32 = try integer()
        let length: UInt32 = try integer()
        let start = try time()
        let duration = try span()
        let frames: UInt32 = try integer()
        guard Int(partOffset) == end else { throw problem("a part at \(partOffset) where one ends at \(end)") }
        guard (1...M4FLimits.chunkBytes).contains(Int(length)) else { throw problem("a part of \(length) bytes") }
        guard frames <= M4FLimits.frames else { throw problem("a part of \(frames) frames") }
        return Chunk.Part(
            track: TrackID(track), offset: end, length: Int(length), start: start, duration: duration,
            frameCount: Int(frames))
    }
}
