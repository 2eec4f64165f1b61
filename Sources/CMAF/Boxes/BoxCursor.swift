// A bounded reader of boxes and their fields: whatever the bytes say, it ends in a value or an error with an offset.
import NIOCore

/// A box whose header was read and whose body lies whole within the parsed bytes.
struct Box {
    var type: FourCC
    /// Of the header's first byte, from the start of what is parsed.
    var offset: Int
    /// Header and body, in bytes.
    var size: Int
    var body: BoxCursor

    /// The body behind version and flags (ISO/IEC 14496-12 §4.2, FullBox).
    func full() throws(CMAFError) -> (version: UInt8, flags: UInt32, body: BoxCursor) {
        var cursor = body
        let word = try cursor.u32()
        return (UInt8(word >> 24), word & 0xFF_FFFF, cursor)
    }
}

/// A position within a range of a buffer. Every read is compared with the range's end first.
struct BoxCursor {
    let buffer: ByteBuffer
    /// Index in `buffer` that counts as offset 0 in errors and in `Box.offset`, less `base`.
    let origin: Int
    /// Added to offsets: where the buffer lies in the file.
    let base: Int
    private(set) var index: Int
    let end: Int

    init(_ buffer: ByteBuffer, base: Int = 0) {
        self.buffer = buffer
        self.base = base
        origin = buffer.readerIndex
        index = buffer.readerIndex
        end = buffer.writerIndex
    }

    private init(_ cursor: BoxCursor, from index: Int, to end: Int) {
        buffer = cursor.buffer
        base = cursor.base
        origin = cursor.origin
        self.index = index
        self.end = end
    }

    var remaining: Int { end - index }
    var isAtEnd: Bool { index >= end }
    var offset: Int { index - origin + base }

    private func truncated(_ count: Int) -> CMAFError {
        CMAFError(.truncated, at: offset, "\(count) more bytes are needed, but only \(remaining) are left")
    }

    mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(CMAFError) -> T {
        let size = MemoryLayout<T>.size
        guard remaining >= size, let value = buffer.getInteger(at: index, as: T.self) else { throw truncated(size) }
        index += size
        return value
    }

    mutating func u8() throws(CMAFError) -> UInt8 { try integer() }
    mutating func u16() throws(CMAFError) -> UInt16 { try integer() }
    mutating func u32() throws(CMAFError) -> UInt32 { try integer() }
    mutating func u64() throws(CMAFError) -> UInt64 { try integer() }
    mutating func fourCC() throws(CMAFError) -> FourCC { FourCC(try integer()) }

    mutating func bytes(_ count: Int) throws(CMAFError) -> [UInt8] {
        guard count >= 0, remaining >= count, let value = buffer.getBytes(at: index, length: count) else {
            throw truncated(count)
        }
        index += count
        return value
    }

    mutating func skip(_ count: Int) throws(CMAFError) {
        guard count >= 0, remaining >= count else { throw truncated(count) }
        index += count
    }

    /// A cursor over the next `count` bytes; this one goes on behind them.
    mutating func sub(_ count: Int) throws(CMAFError) -> BoxCursor {
        guard count >= 0, remaining >= count else { throw truncated(count) }
        defer { index += count }
        return BoxCursor(self, from: index, to: index + count)
    }

    /// Bytes up to a zero byte or the end, the zero not included.
    mutating func terminatedBytes() throws(CMAFError) -> [UInt8] {
        let view = buffer.viewBytes(at: index, length: remaining) ?? ByteBufferView()
        let length = view.firstIndex(of: 0).map { $0 - view.startIndex }
        let text = try bytes(length ?? remaining)
        if length != nil { try skip(1) }
        return text
    }

    /// The next box, or nil at the end. Throws `.truncated` when the box is not whole.
    mutating func nextBox() throws(CMAFError) -> Box? {
        if isAtEnd { return nil }
        let start = index
        let startOffset = offset
        let size32 = try u32()
        let type = try fourCC()
        let size: Int
        switch size32 {
        case 0: size = end - start
        case 1:
            let large = try u64()
            guard large >= 16, large <= UInt64(Int.max) else {
                throw CMAFError(.malformed, at: startOffset, "box \(type) has the impossible size \(large)")
            }
            size = Int(large)
        case 2..<8:
            throw CMAFError(.malformed, at: startOffset, "box \(type) has the impossible size \(size32)")
        default: size = Int(size32)
        }
        guard size <= end - start else {
            throw CMAFError(
                .truncated, at: startOffset, "box \(type) has \(size) bytes, but only \(end - start) are there")
        }
        let body = BoxCursor(self, from: index, to: start + size)
        index = start + size
        return Box(type: type, offset: startOffset, size: size, body: body)
    }

    /// The first box of a type among those that follow, or nil.
    func first(_ type: FourCC) throws(CMAFError) -> Box? {
        var cursor = self
        while let box = try cursor.nextBox() {
            if box.type == type { return box }
        }
        return nil
    }

    /// The first box of a type; throws `.malformed` when there is none.
    func required(_ type: FourCC) throws(CMAFError) -> Box {
        guard let box = try first(type) else {
            throw CMAFError(.malformed, at: offset, "box \(type) is missing")
        }
        return box
    }
}
