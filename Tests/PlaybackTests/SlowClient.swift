// A client that sends a request and then does not read.
import Foundation

struct SlowClient {
    private let socket: Int32

    init?(port: Int, request: String) {
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        var size: Int32 = 4096
        setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0, send(socket, request, request.utf8.count, 0) == request.utf8.count else { return nil }
    }

    /// All that comes until the server closes.
    func readToEnd() -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(socket, &part, part.count, 0)
            guard count > 0 else { return bytes }
            bytes += part[..<count]
        }
    }

    /// The next `count` bytes; fewer when the server closes before.
    func read(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < count {
            let got = recv(socket, &part, min(part.count, count - bytes.count), 0)
            guard got > 0 else { break }
            bytes += part[..<got]
        }
        return bytes
    }

    /// Sends nothing more, and goes on reading.
    func endRequests() { shutdown(socket, Int32(SHUT_WR)) }

    func close() { _ = Foundation.close(socket) }
}
