// A connection's socket, given bytes without NIO's queue of writes.
import CLinux
import LiveStream
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
