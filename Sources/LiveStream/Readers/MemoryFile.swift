// Bytes as a file in memory, from which the kernel sends to many sockets without copying them for each.
internal import CLinux
internal import Glibc
package import NIOCore

/// A file that exists in memory only. Closed when nobody refers to it any more; what a socket has taken stays there.
///
/// Belongs to one event loop: `NIOFileHandle` refuses to be used by two at once.
package final class MemoryFile {
    private let handle: NIOFileHandle
    private let budget: MemoryFileBudget
    package let length: Int

    /// nil when `budget` has no room or the kernel gives no such file: the bytes themselves do as well then.
    package init?(_ pieces: [ByteBuffer], budget: MemoryFileBudget = .process) {
        var whole = pieces.first ?? ByteBuffer()
        if pieces.count > 1 {
            whole = ByteBufferAllocator().buffer(capacity: pieces.reduce(0) { $0 + $1.readableBytes })
            for piece in pieces { whole.writeImmutableBuffer(piece) }
        }
        length = whole.readableBytes
        self.budget = budget
        guard length > 0, budget.take(length) else { return nil }
        let descriptor = whole.withUnsafeReadableBytes { weir_memory_file($0.baseAddress, $0.count) }
        guard descriptor >= 0 else {
            budget.give(length)
            return nil
        }
        handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
    }

    deinit {
        // Only a descriptor that is no longer open cannot be closed; nobody else has this one.
        try? handle.close()
        budget.give(length)
    }

    /// All of it, as `sendfile` takes it.
    package var region: FileRegion { region(from: 0) }

    /// What follows the first `offset` bytes.
    package func region(from offset: Int) -> FileRegion {
        FileRegion(fileHandle: handle, readerIndex: offset, endIndex: length)
    }
}
