// Ports on loopback that nobody uses at the moment.
import Glibc

enum FreePort {
    static func tcp() -> Int { free(SOCK_STREAM) }
    static func udp() -> Int { free(SOCK_DGRAM) }

    private static func free(_ type: __socket_type) -> Int {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(descriptor, address, length) == 0, getsockname(descriptor, address, &length) == 0 else {
                    return 0
                }
                return Int(
                    UnsafeRawPointer(address).load(fromByteOffset: 2, as: UInt16.self).bigEndian)
            }
        }
    }
}
