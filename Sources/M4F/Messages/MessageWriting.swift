// Messages to bytes.
internal import Archive
internal import CMAF
internal import Ingest
package import Media
package import NIOCore

extension M4FMessage {
    /// Bytes before the body of each message: type u8, zero u8, zero u16, length of the body u32. Big-endian, as all numbers.
    package static let headLength = 8

    /// The message with its head. For a chunk `headOfChunk` and the chunk's own bytes are the same without a copy of the media.
    package func write(into buffer: inout ByteBuffer) {
        switch self {
        case .session(let session): session.write(into: &buffer)
        case .path(let servers): Self.frame(.path, into: &buffer) { Self.write(servers, into: &$0) }
        case .tracks(let tracks):
            Self.frame(.tracks, into: &buffer) { $0.writeImmutableBuffer(InitializationSegment.write(tracks)) }
        case .timeline(let anchor):
            Self.frame(.timeline, into: &buffer) {
                let kind: UInt8 =
                    switch anchor?.clock {
                    case nil: 0
                    case .free: 1
                    case .utc: 2
                    }
                $0.writeInteger(kind)
                $0.writeInteger(anchor?.source.ticks ?? 0)
                $0.writeInteger(anchor?.media.ticks ?? 0)
            }
        case .chunk(let chunk):
            buffer.writeImmutableBuffer(Self.headOfChunk(chunk))
            buffer.writeImmutableBuffer(chunk.bytes)
        case .segmentEnd(let segment):
            Self.frame(.segmentEnd, into: &buffer) {
                $0.writeInteger(segment.start.ticks)
                $0.writeInteger(segment.duration.ticks)
                $0.writeInteger(segment.digest.high)
                $0.writeInteger(segment.digest.low)
            }
        case .keepAlive(let utc): Self.frame(.keepAlive, into: &buffer) { $0.writeInteger(utc.ticks) }
        case .end(let end):
            Self.frame(.end, into: &buffer) {
                $0.writeInteger(end.code.rawValue)
                $0.writeString(clipped(end.reason, to: M4FLimits.reasonBytes))
            }
        }
    }

    /// All of a message `chunk` that stands before the media bytes.
    package static func headOfChunk(_ chunk: Chunk) -> ByteBuffer {
        let fields = ChunkFields.length + chunk.parts.count * ChunkFields.partLength
        var buffer = ByteBufferAllocator().buffer(capacity: headLength + fields)
        writeHead(.chunk, length: fields + chunk.bytes.readableBytes, into: &buffer)
        buffer.writeInteger(chunk.segmentStart.ticks)
        buffer.writeInteger(chunk.start.ticks)
        buffer.writeInteger(chunk.duration.ticks)
        var flags: UInt8 = chunk.isDiscontinuous ? ChunkFields.discontinuous : 0
        if chunk.startsWithKeyFrame { flags |= ChunkFields.keyFrame }
        buffer.writeInteger(flags)
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(UInt16(clamping: chunk.parts.count))
        for part in chunk.parts {
            buffer.writeInteger(part.track.value)
            buffer.writeInteger(UInt32(clamping: part.offset))
            buffer.writeInteger(UInt32(clamping: part.length))
            buffer.writeInteger(part.start.ticks)
            buffer.writeInteger(part.duration.ticks)
            buffer.writeInteger(UInt32(clamping: part.frameCount))
        }
        return buffer
    }

    private static func write(_ servers: [PassedServer], into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(clamping: servers.count))
        for server in servers.prefix(M4FLimits.servers) { writeServer(server, into: &buffer) }
    }

    fileprivate static func writeServer(_ server: PassedServer, into buffer: inout ByteBuffer) {
        let name = clipped(server.name, to: M4FLimits.nameBytes)
        buffer.writeInteger(server.instance)
        buffer.writeInteger(UInt8(clamping: name.utf8.count))
        buffer.writeString(name)
    }

    fileprivate static func frame(
        _ type: MessageType, into buffer: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void
    ) {
        let start = buffer.writerIndex
        writeHead(type, length: 0, into: &buffer)
        body(&buffer)
        buffer.setInteger(UInt32(clamping: buffer.writerIndex - start - headLength), at: start + 4)
    }

    private static func writeHead(_ type: MessageType, length: Int, into buffer: inout ByteBuffer) {
        buffer.writeInteger(type.rawValue)
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(UInt16(0))
        buffer.writeInteger(UInt32(clamping: length))
    }
}

extension SessionMessage {
    /// The fields that `proof` signs.
    package var signedBytes: [UInt8] {
        var buffer = ByteBuffer()
        writeFields(into: &buffer)
        return Array(buffer.readableBytesView)
    }

    fileprivate func write(into buffer: inout ByteBuffer) {
        M4FMessage.frame(.session, into: &buffer) {
            writeFields(into: &$0)
            $0.writeBytes(proof.count == 32 ? proof : Array(repeating: 0, count: 32))
        }
    }

    private func writeFields(into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(M4FPath.version))
        M4FMessage.writeServer(server, into: &buffer)
        buffer.writeInteger(utc.ticks)
        let name = clipped(stream, to: M4FLimits.streamBytes)
        buffer.writeInteger(UInt16(clamping: name.utf8.count))
        buffer.writeString(name)
    }
}

/// The longest beginning of `text` of at most `bytes` bytes that is whole characters.
private func clipped(_ text: String, to bytes: Int) -> String {
    guard text.utf8.count > bytes else { return text }
    var clipped = ""
    var count = 0
    for character in text {
        count += character.utf8.count
        guard count <= bytes else { break }
        clipped.append(character)
    }
    return clipped
}
