// Where an udp:// input listens: address, port, interface and source, read from its URL.
internal import Glibc
package import Ingest

/// A receiving endpoint. Addresses are numeric: a name would have to be looked up each time, and groups have none.
///
/// Forms: `udp://239.0.0.1:1234`, `…/10.0.0.1` or `…/eth0` (interface), `udp://10.1.1.1@232.0.0.1:1234` (source-specific),
/// `udp://@239.0.0.1:1234` (as other players write it), `udp://[ff15::1]:1234/eth0`, `udp://:1234` (any address).
package struct UDPEndpoint: Hashable, Sendable {
    package var address: String
    package var port: UInt16
    package var source: String?
    package var interface: String?

    package var isIPv6: Bool { address.contains(":") }

    /// - Throws: `.misconfigured`, naming the part that is wrong.
    package init(_ url: InputURL) throws(InputFailure) {
        func refuse(_ reason: String) -> InputFailure {
            InputFailure(code: .misconfigured, message: "\(url): \(reason)")
        }
        guard let port = url.port else { throw refuse("has no port; write it like udp://239.0.0.1:1234") }
        self.port = port
        address = url.host.isEmpty ? "0.0.0.0" : url.host == "localhost" ? "127.0.0.1" : url.host
        let ipv4 = Self.ipv4(address)
        let ipv6 = Self.firstByteOfIPv6(address)
        guard ipv4 != nil || ipv6 != nil else {
            throw refuse(
                "«\(address)» is not a numeric address; udp:// listens on an address of this machine or a group")
        }
        let isMulticast = ipv4.map { $0 >> 28 == 0xE } ?? (ipv6 == 0xFF)
        guard let parts = url.pathParts, parts.count <= 1 else {
            throw refuse("after the port comes at most one part, the address or name of an interface")
        }
        interface = parts.first
        guard interface == nil || isMulticast else {
            throw refuse("an interface is only for multicast groups; \(address) is none")
        }
        if let source = url.userInfo, !source.isEmpty {
            guard let host = Self.ipv4(source), host >> 28 != 0xE, ipv4 != nil, isMulticast else {
                throw refuse("a source before @ is an IPv4 address and goes with an IPv4 group")
            }
            self.source = source
        }
    }

    private static func ipv4(_ text: String) -> UInt32? {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1 ? UInt32(bigEndian: address.s_addr) : nil
    }

    private static func firstByteOfIPv6(_ text: String) -> UInt8? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return withUnsafeBytes(of: &address) { $0.first }
    }
}
