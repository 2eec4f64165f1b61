// Bytes that come in pieces to messages.
internal import Archive
internal import CMAF
internal import Ingest
internal import Media
package import NIOCore

/// Takes a session's bytes apart, however they are cut.
///
/// Holds one message at most and what was fed and not yet asked for. After an error it gives nothing more.
package struct MessageParser: Sendable {
    /// Reserved for a message before its bytes are there, at most.
    private static let reserveMax = 1 << 20

    private enum Expected: Sendable {
        case head
        case body(MessageType?, length: Int)
        case nothing
    }

    private var fed = ByteBuffer()
    private var expected = Expected.head
    private var collected = ByteBuffer()
    /// Where the message that is being read begins.
    private var offset = 0

    package init() {}

    /// The next bytes of the session. Ask `next` for messages until there is none before feeding again.
    package mutating func feed(_ bytes: ByteBuffer) {
        if fed.readableBytes == 0 { fed = bytes } else { fed.writeImmutableBuffer(bytes) }
    }

    /// The next whole message; nil when more bytes are needed. Optional messages of unknown types are passed over.
    package mutating func next() throws(MessageError) -> M4FMessage? {
        do throws(MessageError) {
            while true {
                switch expected {
                case .nothing: return nil
                case .head:
                    guard collect(M4FMessage.headLength) else { return nil }
                    try readHead()
                case .body(let type, let length):
                    guard let type else {
                        guard skip(length) else { return nil }
                        continue
                    }
                    guard collect(length) else { return nil }
                    let message = try M4FMessage(type, body: collected, at: offset)
                    offset += M4FMessage.headLength + length
                    expected = .head
                    collected = ByteBuffer()
                    return message
                }
            }
        } catch {
            expected = .nothing
            fed = ByteBuffer()
            collected = ByteBuffer()
            throw error
        }
    }

    private mutating func readHead() throws(MessageError) {
        guard let (code, _, _, length32) = collected.readMultipleIntegers(as: (UInt8, UInt8, UInt16, UInt32).self)
        else { return }
        let length = Int(length32)
        guard let type = MessageType(rawValue: code) else {
            guard code >= MessageType.firstOptional else { throw MessageError(at: offset, .unknownType(code)) }
            expected = .body(nil, length: length)
            offset += M4FMessage.headLength + length
            collected = ByteBuffer()
            return
        }
        guard type.lengths.contains(length) else {
            throw MessageError(at: offset, .length(type, length, allowed: type.lengths))
        }
        expected = .body(type, length: length)
        collected = ByteBufferAllocator().buffer(capacity: min(length, Self.reserveMax))
    }

    /// True when `count` bytes are collected.
    private mutating func collect(_ count: Int) -> Bool {
        let missing = count - collected.readableBytes
        if var piece = fed.readSlice(length: min(missing, fed.readableBytes)) { collected.writeBuffer(&piece) }
        return collected.readableBytes == count
    }

    /// True when the rest of an unknown message has passed.
    private mutating func skip(_ count: Int) -> Bool {
        let now = min(count, fed.readableBytes)
        fed.moveReaderIndex(forwardBy: now)
        expected = now == count ? .head : .body(nil, length: count - now)
        return now == count
    }
}
