// Memory for many small buffers that live about as long as one another: slices of one block.
package import NIOCore

/// Hands out pieces of blocks of memory, one after the other.
///
/// What another thread frees than the one that made it is the dearest case for an allocator, and buffers of their own have
/// capacities rounded up to powers of two. A block is freed with the last of its pieces, so it suits what goes in the order in
/// which it came: a live stream's frames and chunks.
package struct ByteBlock: Sendable {
    /// Says whose the rest of the block is. A copy of this value shares it, and whoever finds it shared begins a new block.
    private final class Owner: Sendable {}

    /// Bytes of the next block.
    package var size: Int
    private var block = ByteBuffer()
    private var owner = Owner()
    private var used = 0

    package init(size: Int) { self.size = size }

    /// A buffer of `count` bytes that `fill` writes, all of them. Above half of a block it has memory of its own: less
    /// is left over at the end of a block.
    package mutating func make(_ count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> ByteBuffer {
        guard count <= size / 2 else {
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
        // A writable access would copy the block, since its pieces refer to it. This part of it is in no piece yet, and the
        // owner makes sure that nobody else writes here.
        block.withVeryUnsafeBytes { bytes in
            fill(UnsafeMutableRawBufferPointer(mutating: UnsafeRawBufferPointer(rebasing: bytes[range])))
        }
        return block.getSlice(at: range.lowerBound, length: count) ?? ByteBuffer()
    }

    private mutating func begin() {
        block = ByteBufferAllocator().buffer(capacity: size)
        // All of it counts as written: a piece is read only after it was filled.
        block.moveWriterIndex(to: size)
        owner = Owner()
        used = 0
    }
}
