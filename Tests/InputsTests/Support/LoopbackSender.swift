// Sends single datagrams on loopback, and finds ports that are free.
import Glibc
import Synchronization

enum Loopback {
    /// A port that nobody has now, given away once. Below 32768, where the kernel takes the ports of senders from.
    static func freePort() -> UInt16 {
        while true {
            let port = last.withLock { last in
                last = last < 31_999 ? last + 1 : 10_000
                return last
            }
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            defer { close(descriptor) }
            var address = self.address(port: port)
            let isFree = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if isFree { return port }
        }
    }

    /// How many sockets of this process are connected to a port. Nobody else is asked: a program that is just being started has
    /// all sockets of its parent for a moment.
    static func sockets(connectedTo port: Int) -> Int { sockets(port, getpeername) }

    /// How many sockets of this process are bound to a port.
    static func sockets(boundTo port: Int) -> Int { sockets(port, getsockname) }

    private typealias NameOfSocket = (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32

    private static func sockets(_ port: Int, _ name: NameOfSocket) -> Int {
        (0..<Int32(4096)).count { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name(descriptor, $0, &length) }
            }
            return result == 0 && address.sin_family == sa_family_t(AF_INET)
                && Int(UInt16(bigEndian: address.sin_port)) == port
        }
    }

    private static let last = Mutex(UInt16.random(in: 10_000..<32_000))

    /// This machine has the address ::1.
    static var hasIPv6: Bool {
        let descriptor = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_addr = in6addr_loopback
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
            }
        }
    }

    static func send(_ datagrams: [[UInt8]], to port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = self.address(port: port)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                for datagram in datagrams {
                    _ = sendto(
                        descriptor, datagram, datagram.count, 0, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
