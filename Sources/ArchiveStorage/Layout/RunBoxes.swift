// The two `uuid` boxes with which a run file tells all that the index knows of it.
package import Archive
package import Media
package import NIOCore

/// Stands after `moov`: whose run this is. Byte table in docs/archive.md.
package struct RunHeader: Hashable, Sendable {
    package var stream: String
    package var start: MediaTime
    package var origin: String
    package var tracksFingerprint: UInt64
    package var initializationLength: Int
    /// The run's first segment does not continue what was before, even where the times touch.
    package var isDiscontinuous: Bool

    package init(
        stream: String, start: MediaTime, origin: String, tracksFingerprint: UInt64, initializationLength: Int,
        isDiscontinuous: Bool
    ) {
        self.isDiscontinuous = isDiscontinuous
        self.stream = stream
        self.start = start
        self.origin = origin
        self.tracksFingerprint = tracksFingerprint
        self.initializationLength = initializationLength
    }

    /// The whole box.
    package var box: ByteBuffer {
        WeirBox.write(.runHeader) { body in
            body.writeInteger(UInt32(isDiscontinuous ? 1 : 0))
            body.writeInteger(start.ticks)
            body.writeInteger(tracksFingerprint)
            body.writeInteger(UInt32(initializationLength))
            for text in [stream, origin] {
                body.writeInteger(UInt16(text.utf8.count))
                body.writeString(text)
            }
        }
    }

    /// Nil when the bytes are no whole box of this kind or their check sum is wrong.
    package init?(box: ByteBuffer) {
        guard var body = WeirBox.body(of: box, .runHeader),
            let flags = body.readInteger(as: UInt32.self), flags < 2,
            let start = body.readInteger(as: Int64.self), let fingerprint = body.readInteger(as: UInt64.self),
            let length = body.readInteger(as: UInt32.self),
            let streamLength = body.readInteger(as: UInt16.self),
            let stream = body.readString(length: Int(streamLength)),
            let originLength = body.readInteger(as: UInt16.self),
            let origin = body.readString(length: Int(originLength))
        else { return nil }
        self.init(
            stream: stream, start: MediaTime(ticks: start), origin: origin, tracksFingerprint: fingerprint,
            initializationLength: Int(length), isDiscontinuous: flags & 1 != 0)
    }
}

/// Stands after the last chunk of each segment.
package struct SegmentTrailer: Hashable, Sendable {
    package var start: MediaTime
    package var duration: MediaSpan
    /// Of the segment's first `moof` in the file.
    package var offset: Int64
    /// Of its chunks.
    package var length: Int
    package var digest: MediaDigest
    package var isDiscontinuous: Bool
    package var isInterrupted: Bool

    /// Length of each such box.
    package static let boxLength = 24 + 4 + 8 * 4 + 16 + 8

    package var box: ByteBuffer {
        WeirBox.write(.segmentTrailer) { body in
            body.writeInteger(UInt32((isDiscontinuous ? 1 : 0) | (isInterrupted ? 2 : 0)))
            body.writeInteger(start.ticks)
            body.writeInteger(duration.ticks)
            body.writeInteger(offset)
            body.writeInteger(Int64(length))
            body.writeBytes(digest.bytes)
        }
    }

    /// Nil when the bytes are no whole box of this kind or their check sum is wrong.
    package init?(box: ByteBuffer) {
        guard var body = WeirBox.body(of: box, .segmentTrailer),
            let flags = body.readInteger(as: UInt32.self), flags < 4,
            let start = body.readInteger(as: Int64.self), let duration = body.readInteger(as: Int64.self),
            let offset = body.readInteger(as: Int64.self), let length = body.readInteger(as: Int64.self),
            length >= 0, let digest = body.readBytes(length: 16).flatMap({ MediaDigest(bytes: $0) })
        else { return nil }
        self.init(
            start: MediaTime(ticks: start), duration: MediaSpan(ticks: duration), offset: offset, length: Int(length),
            digest: digest, isDiscontinuous: flags & 1 != 0, isInterrupted: flags & 2 != 0)
    }

    package init(
        start: MediaTime, duration: MediaSpan, offset: Int64, length: Int, digest: MediaDigest,
        isDiscontinuous: Bool, isInterrupted: Bool
    ) {
        self.start = start
        self.duration = duration
        self.offset = offset
        self.length = length
        self.digest = digest
        self.isDiscontinuous = isDiscontinuous
        self.isInterrupted = isInterrupted
    }
}

/// What both boxes share: `uuid` (ISO/IEC 14496-12 §4.2), a kind, a body, and a check sum of kind and body.
package enum WeirBox {
    package enum Kind: CaseIterable, Sendable {
        case runHeader, segmentTrailer
        /// A custom UUID (RFC 9562 §5.8) that begins with "Weir".
        package var uuid: [UInt8] {
            Array("Weir".utf8) + [0xA4, 0xC1, 0x80, 0x01, 0x80, 0x00, 0x61, 0x72, 0x63, 0x68, 0x76]
                + [self == .runHeader ? 1 : 2]
        }
    }

    /// No box of Weir is longer; a longer length is not believed.
    package static let maximumLength = 4096

    static func write(_ kind: Kind, _ body: (inout ByteBuffer) -> Void) -> ByteBuffer {
        var box = ByteBufferAllocator().buffer(capacity: 128)
        box.writeInteger(UInt32(0))
        box.writeString("uuid")
        box.writeBytes(kind.uuid)
        body(&box)
        box.setInteger(UInt32(box.readableBytes + 8), at: 0)
        box.writeInteger(MediaDigest(of: box).high)
        return box
    }

    /// The body of a whole and undamaged box of this kind.
    static func body(of box: ByteBuffer, _ kind: Kind) -> ByteBuffer? {
        let length = box.readableBytes
        guard length >= 32, length <= maximumLength,
            box.getInteger(at: box.readerIndex, as: UInt32.self) == UInt32(length),
            box.getString(at: box.readerIndex + 4, length: 4) == "uuid",
            box.getBytes(at: box.readerIndex + 8, length: 16) == kind.uuid,
            let checked = box.getSlice(at: box.readerIndex, length: length - 8),
            box.getInteger(at: box.readerIndex + length - 8, as: UInt64.self) == MediaDigest(of: checked).high
        else { return nil }
        return box.getSlice(at: box.readerIndex + 24, length: length - 32)
    }
}
