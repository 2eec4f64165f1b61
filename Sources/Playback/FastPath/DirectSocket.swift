// A connection's socket, given bytes without NIO's queue of writes.
import CLinux
import NIOCore

/// Takes the begin of what is sent at once. What it leaves is the channel's to write, who also learns of errors.
///
/// To be used on the channel's event loop, while the channel is active and nothing waits in it: the bytes would overtake it.
protocol DirectSocket {
    /// How many of the bytes it took.
    func take(_ bytes: GatheredBytes) -> Int
}

/// That of the kernel, which copies the bytes in one call.
struct KernelSocket: DirectSocket {
    private let descriptor: CInt

    /// nil when `channel` has none: it is closed, or one of a test.
    init?(of channel: any Channel) {
        let descriptor = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        guard let descriptor else { return nil }
        self.descriptor = descriptor
    }

    func take(_ bytes: GatheredBytes) -> Int {
        bytes.withVectors { weir_tcp_send(descriptor, $0.baseAddress, $0.count) }
    }
}

/// Bytes that lie in several places, listed as the kernel reads them (`struct iovec`).
struct GatheredBytes {
    let pieces: [ByteBuffer]
    let byteCount: Int
    private let vectors: [iovec]

    init(_ pieces: [ByteBuffer]) {
        self.pieces = pieces
        byteCount = pieces.reduce(0) { $0 + $1.readableBytes }
        // `pieces` keeps what these point to, and nobody writes to it.
        vectors = pieces.map { piece in
            piece.withUnsafeReadableBytesWithStorageManagement { bytes, _ in
                iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            }
        }
    }

    func withVectors<Result>(_ body: (UnsafeBufferPointer<iovec>) -> Result) -> Result {
        withExtendedLifetime(pieces) { vectors.withUnsafeBufferPointer(body) }
    }

    /// What follows the first `count` bytes.
    func dropFirst(_ count: Int) -> [ByteBuffer] {
        var left = count
        return pieces.compactMap { piece in
            let dropped = min(left, piece.readableBytes)
            left -= dropped
            return dropped == piece.readableBytes
                ? nil : piece.getSlice(at: piece.readerIndex + dropped, length: piece.readableBytes - dropped)
        }
    }
}
