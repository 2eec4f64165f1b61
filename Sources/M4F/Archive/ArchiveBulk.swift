// Segments in bulk: frames before the media bytes, and the parser that takes them as they come.
package import Archive
package import Media
package import NIOCore

/// The frames of an answer to `fetch`. Media bytes follow a `segment` frame as they lie in the file.
package enum BulkFrame {
    /// The initialisation segment of a track set: before the first segment that has it.
    package static func tracks(_ fingerprint: UInt64, _ initialization: ByteBuffer) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(UInt8(1), fingerprint, UInt32(initialization.readableBytes))
        bytes.writeImmutableBuffer(initialization)
        return bytes
    }

    /// `length` bytes of media follow.
    package static func segment(_ name: SegmentDigest, tracks: UInt64, length: Int) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(UInt8(2), name.start.ticks, name.duration.ticks)
        bytes.write(name.digest)
        bytes.writeMultipleIntegers(tracks, UInt32(length))
        return bytes
    }

    /// The segment cannot be had (any more).
    package static func missing(_ start: MediaTime) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(UInt8(3), start.ticks)
        return bytes
    }

    /// Nothing was left out.
    package static var end: ByteBuffer { ByteBuffer(integer: UInt8(4)) }
}

/// What an answer to `fetch` says, piece by piece.
package enum BulkEvent: Hashable, Sendable {
    case tracks(UInt64, ByteBuffer)
    /// Bytes of its media come next, `length` in all; then `segmentEnd`.
    case segment(SegmentDigest, tracks: UInt64, length: Int)
    case media(ByteBuffer)
    case segmentEnd
    case missing(MediaTime)
    case end
}

/// Takes an answer to `fetch` in pieces of any size. Holds at most one frame's head or one initialisation segment; media
/// bytes are passed on as slices of what came.
package struct BulkParser: Sendable {
    private enum State: Hashable {
        case frame
        case media(left: Int)
        case ended
    }
    private var state = State.frame
    private var buffer = ByteBuffer()
    /// Bytes that were read before what is in `buffer`.
    private var consumed = 0

    package init() {}

    package var isEnded: Bool { state == .ended }

    package mutating func feed(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next event; nil when more bytes must come first.
    package mutating func next() throws(ArchiveMessageError) -> BulkEvent? {
        switch state {
        case .media(let left):
            guard left > 0 else {
                state = .frame
                return .segmentEnd
            }
            guard let part = read(min(left, buffer.readableBytes)), part.readableBytes > 0 else { return nil }
            state = .media(left: left - part.readableBytes)
            return .media(part)
        case .ended:
            guard buffer.readableBytes == 0 else { throw ArchiveMessageError(at: consumed, "bytes behind the end") }
            return nil
        case .frame: return try frame()
        }
    }

    private mutating func read(_ count: Int) -> ByteBuffer? {
        guard let part = buffer.readSlice(length: count) else { return nil }
        consumed += count
        return part
    }

    private mutating func frame() throws(ArchiveMessageError) -> BulkEvent? {
        let start = buffer.readerIndex
        guard let kind = buffer.getInteger(at: start, as: UInt8.self) else { return nil }
        switch kind {
        case 1:
            guard let fingerprint = buffer.getInteger(at: start + 1, as: UInt64.self),
                let length = buffer.getInteger(at: start + 9, as: UInt32.self)
            else { return nil }
            guard length <= ArchiveLimits.tracks else {
                throw ArchiveMessageError(at: consumed + 9, "an initialisation segment of \(length) bytes")
            }
            guard buffer.readableBytes >= 13 + Int(length), read(13) != nil, let tracks = read(Int(length)) else {
                return nil
            }
            return .tracks(fingerprint, tracks)
        case 2:
            guard buffer.readableBytes >= 45 else { return nil }
            let at = consumed
            var reader = ArchiveMessageReader(read(45) ?? ByteBuffer())
            do throws(ArchiveMessageError) {
                _ = try reader.integer(UInt8.self, "the kind")
                let (start, duration) = try reader.start()
                let digest = try reader.digest()
                let tracks = try reader.integer(UInt64.self, "the tracks")
                let length = Int(try reader.integer(UInt32.self, "the length"))
                guard length > 0, length <= ArchiveLimits.segment else {
                    throw reader.error("a segment of \(length) bytes")
                }
                state = .media(left: length)
                return .segment(
                    SegmentDigest(start: start, duration: duration, digest: digest), tracks: tracks, length: length)
            } catch {
                throw ArchiveMessageError(at: at + error.offset, error.reason)
            }
        case 3:
            guard let ticks = buffer.getInteger(at: start + 1, as: Int64.self), read(9) != nil else { return nil }
            return .missing(MediaTime(ticks: ticks))
        case 4:
            _ = read(1)
            state = .ended
            return .end
        default: throw ArchiveMessageError(at: consumed, "an unknown frame \(kind)")
        }
    }
}
