// Ports on loopback that nobody uses, each given away once.
import Glibc
import Synchronization

/// From below the range that the kernel takes ports of outgoing connections from (32768 and above unless set otherwise):
/// such a connection would take the port away before the test's server opens it.
enum FreePort {
    static func tcp() -> Int { free(SOCK_STREAM) }
    static func udp() -> Int { free(SOCK_DGRAM) }

    private static let range = 10_000..<32_000
    private static let last = Mutex(Int.random(in: range))

    private static func free(_ type: __socket_type) -> Int {
        for _ in range {
            let port = last.withLock { last in
                last = last + 1 < range.upperBound ? last + 1 : range.lowerBound
                return last
            }
            if isFree(port, type) { return port }
        }
        return 0
    }

    private static func isFree(_ port: Int, _ type: __socket_type) -> Bool {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
