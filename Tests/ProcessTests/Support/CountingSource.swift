// A source that has no media and counts who reads it: what a camera that allows one reader would see.
import Foundation
import Synchronization

/// Keeps every connection open and says nothing on it.
///
/// One thread takes a new connection and looks then which of the earlier ones have ended: on loopback an end is here before
/// what the other side begins after it, however busy the machine is.
final class CountingSource: Sendable {
    private struct Counts {
        var all = 0
        var most = 0
        var isOver = false
    }

    let port: Int
    private let listener: Int32
    private let counts: Shared

    private final class Shared: Sendable {
        let counts = Mutex(Counts())
    }

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = FreePort.tcp()
        counts = Shared()
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isListening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(listener, 16) == 0
            }
        }
        guard isListening else { throw TestFailure("cannot listen on port \(port)") }
        Thread.detachNewThread { [listener, counts] in Self.run(listener, counts) }
    }

    deinit { counts.counts.withLock { $0.isOver = true } }

    /// Connections that have asked for something, since the begin.
    var all: Int { counts.counts.withLock { $0.all } }
    /// The most that were open at the same time.
    var most: Int { counts.counts.withLock { $0.most } }

    private static func run(_ listener: Int32, _ shared: Shared) {
        /// Each with whether it has asked.
        var open: [Int32: Bool] = [:]
        while !shared.counts.withLock({ $0.isOver }) {
            var polled = ([listener] + open.keys).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            poll(&polled, nfds_t(polled.count), 100)
            let new = polled[0].revents != 0 ? accept(listener, nil, nil) : -1
            for (descriptor, hasAsked) in open {
                let isOpen = drain(descriptor) { open[descriptor] = true }
                if !isOpen {
                    close(descriptor)
                    open[descriptor] = nil
                } else if !hasAsked, open[descriptor] == true {
                    shared.counts.withLock { $0.all += 1 }
                }
            }
            guard new >= 0 else { continue }
            open[new] = false
            shared.counts.withLock { $0.most = max($0.most, open.count) }
        }
        for descriptor in open.keys { close(descriptor) }
        close(listener)
    }

    /// Takes what has come. False when the other side has closed.
    private static func drain(_ descriptor: Int32, came: () -> Void) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count != 0 else { return false }
            guard count > 0 else { return errno == EAGAIN || errno == EINTR }
            came()
        }
    }
}
