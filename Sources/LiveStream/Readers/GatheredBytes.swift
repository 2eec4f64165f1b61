// Bytes in several places that go to a socket in one call.
package import CLinux
package import NIOCore

/// Bytes that lie in several places, listed as the kernel reads them (`struct iovec`).
package struct GatheredBytes {
    package let pieces: [ByteBuffer]
    package let byteCount: Int
    private let vectors: [iovec]

    package init(_ pieces: [ByteBuffer]) {
        self.pieces = pieces
        byteCount = pieces.reduce(0) { $0 + $1.readableBytes }
        // `pieces` keeps what these point to, and nobody writes to it.
        vectors = pieces.map { piece in
            piece.withUnsafeReadableBytesWithStorageManagement { bytes, _ in
                iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            }
        }
    }

    package func withVectors<Result>(_ body: (UnsafeBufferPointer<iovec>) -> Result) -> Result {
        withExtendedLifetime(pieces) { vectors.withUnsafeBufferPointer(body) }
    }

    /// What follows the first `count` bytes.
    package func dropFirst(_ count: Int) -> [ByteBuffer] {
        var left = count
        return pieces.compactMap { piece in
            let dropped = min(left, piece.readableBytes)
            left -= dropped
            return dropped == piece.readableBytes
                ? nil : piece.getSlice(at: piece.readerIndex + dropped, length: piece.readableBytes - dropped)
        }
    }
}
