// Memory for frames: many of them are slices of one block, so that thousands a second cost few allocations.
import NIOCore

/// Hands out pieces of blocks of memory, one after the other.
///
/// A frame is freed by another thread than the one that made it, the dearest case for an allocator. A block is freed with its last
/// frame; the frames of a live stream go within half a second, so little more is held than without blocks.
struct FrameBlock: Sendable {
    /// A few video frames, or a second of audio.
    static let size = 64 << 10
    /// Larger frames get memory of their own: less is left over at the end of a block.
    static let largest = 16 << 10

    /// Says whose the rest of the block is. A copy of the demuxer shares it, and whoever finds it shared begins a new block.
    private final class Owner: Sendable {}

    private var block = ByteBuffer()
    private var owner = Owner()
    private var used = 0

    /// A buffer of `count` bytes that `fill` writes, all of them.
    mutating func make(_ count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> ByteBuffer {
        guard count <= Self.largest else {
            var own = ByteBufferAllocator().buffer(capacity: count)
            own.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
                fill(UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]))
                return count
            }
            return own
        }
        if used + count > block.readableBytes || !isKnownUniquelyReferenced(&owner) { begin() }
        let range = used..<used + count
        used += count
        // A writable access would copy the block, since frames refer to it. This part of it is in no frame yet, and the
        // owner makes sure that nobody else writes here.
        block.withVeryUnsafeBytes { bytes in
            fill(UnsafeMutableRawBufferPointer(mutating: UnsafeRawBufferPointer(rebasing: bytes[range])))
        }
        return block.getSlice(at: range.lowerBound, length: count) ?? ByteBuffer()
    }

    private mutating func begin() {
        block = ByteBufferAllocator().buffer(capacity: Self.size)
        // All of it counts as written: a piece is read only after it was filled.
        block.moveWriterIndex(to: Self.size)
        owner = Owner()
        used = 0
    }
}
