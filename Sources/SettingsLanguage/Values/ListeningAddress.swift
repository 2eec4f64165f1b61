// Where an `udp://` input listens: `[source@][address]:port[/interface]`.

/// What stands behind `udp://`, checked as far as it can be without the machine that will listen there.
struct ListeningAddress: Equatable {
    /// Numeric, `localhost`, or empty for all addresses of the machine.
    var host: String
    var port: Int
    /// Address or name of the interface on which a group is joined; empty: the system's choice.
    var interface: String

    private static let example = InputScheme.udp.example

    /// - Parameter text: the URL behind `://`, without its query.
    /// - Throws: a `Mistake` when no input could listen there.
    init(parsing text: Substring) throws(InputURL.Mistake) {
        let authority = text.prefix { $0 != "/" }
        let at = authority.lastIndex(of: "@")
        let source = at.map { authority[..<$0] } ?? ""
        (host, port) = try Self.place(at.map { authority[authority.index(after: $0)...] } ?? authority)
        let address = NumericAddress(host)
        guard address != nil || host.isEmpty || host == "localhost" else {
            throw InputURL.Mistake(
                message: "udp:// listens on a numeric address of this machine or a group: \(Self.example)")
        }
        let isGroup = address?.isGroup ?? false
        let parts = text.dropFirst(authority.count).split(separator: "/")
        interface = parts.first.map(String.init) ?? ""
        guard parts.count <= 1, Self.isEncoded(interface) else {
            throw InputURL.Mistake(
                message:
                    "after the port comes at most one part, the address or name of an interface: \(Self.example)/eth0")
        }
        guard interface.isEmpty || isGroup else {
            throw InputURL.Mistake(message: "an interface is only for multicast groups: \(Self.example)/eth0")
        }
        guard source.isEmpty || (NumericAddress(source) == .ipv4(isGroup: false) && address == .ipv4(isGroup: true))
        else {
            throw InputURL.Mistake(
                message:
                    "a source before @ is an IPv4 address and goes with an IPv4 group: udp://10.0.0.1@232.0.0.1:1234")
        }
    }

    /// `[address]:port`, the address of IPv6 in brackets.
    private static func place(_ text: Substring) throws(InputURL.Mistake) -> (host: String, port: Int) {
        let address = text.first == ":" ? HostPort.port(text.dropFirst()).map { HostPort(host: "", port: $0) } : nil
        guard let address = address ?? HostPort(parsing: text), let port = address.port else {
            throw InputURL.Mistake(
                message: "a udp:// URL is an address and a port of 1 to 65535, IPv6 in brackets: \(example)")
        }
        return (address.host, port)
    }

    /// Every `%` begins an escape.
    private static func isEncoded(_ text: String) -> Bool {
        text.split(separator: "%", omittingEmptySubsequences: false).dropFirst().allSatisfy { part in
            let digits = part.prefix(2)
            return digits.utf8.count == 2 && UInt8(digits, radix: 16) != nil
        }
    }
}
