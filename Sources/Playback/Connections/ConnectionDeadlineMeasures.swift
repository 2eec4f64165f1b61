// What a connection's socket says of how much its client takes.
import CLinux
import NIOCore

/// Bytes that were written to `channel` and that its socket has not taken yet; 0 for a closed channel.
func bufferedWritableBytes(of channel: any Channel) -> Int {
    // A closed channel answers with an error: nothing of it is pending any more.
    (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
}

/// Bytes that the client of `channel` has acknowledged since the connection began; what waits in the kernel here is not among
/// them. nil where nobody knows: a closed channel, or none of TCP, as in tests. One call of the kernel; to be called on the
/// channel's event loop.
func acknowledgedBytes(of channel: any Channel) -> Int64? {
    // A closed channel throws: it has no socket any more.
    let count = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
        weir_tcp_acknowledged($0)
    }
    return count.flatMap { $0 >= 0 ? $0 : nil }
}
