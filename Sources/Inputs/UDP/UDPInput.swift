// udp://: transport streams in datagrams, plain or in RTP, received on the server's receiving threads.
internal import CLinux
internal import Glibc
package import Ingest

/// The kind `udp://`. Many inputs share one thread; an input costs a socket and its parser.
package struct UDPInput: InputKind {
    package let schemes = ["udp"]
    /// A second of 16 Mbit/s with the kernel's own overhead, so that a busy machine loses nothing.
    package static let receiveBuffer = 4 << 20

    private let loops: ReceiveLoopGroup
    private let makeParser: MediaParserFactory

    package init(loops: ReceiveLoopGroup, makeParser: @escaping MediaParserFactory) {
        self.loops = loops
        self.makeParser = makeParser
    }

    package func open(
        _ request: InputRequest, url: InputURL, deliver: @escaping @Sendable (InputEvent) -> Void
    ) throws(InputFailure) -> any InputSession {
        let endpoint = try UDPEndpoint(url)
        // The parser is made again on the loop's thread, where it lives; here only its options are checked.
        _ = try makeParser(request)
        let state = SessionState()
        let makeParser = makeParser
        let loop = loops.next()
        let id = loop.add {
            Self.source(
                of: endpoint, request: request, name: url.description, makeParser: makeParser, state: state,
                deliver: deliver)
        }
        return UDPSession(loop: loop, id: id, state: state)
    }

    /// Runs on the loop's thread. A socket that cannot be opened is reported to `deliver`.
    private static func source(
        of endpoint: UDPEndpoint, request: InputRequest, name: String, makeParser: MediaParserFactory,
        state: SessionState, deliver: @escaping @Sendable (InputEvent) -> Void
    ) -> DatagramSource? {
        guard !state.isStopped else { return nil }
        do throws(InputFailure) {
            let parser = try makeParser(request)
            let descriptor = try endpoint.open(named: name)
            return DatagramSource(
                descriptor: descriptor,
                receiver: UDPReceiver(name: name, parser: parser, state: state, deliver: deliver))
        } catch {
            deliver(.ended(error))
            return nil
        }
    }
}

extension UDPEndpoint {
    /// Opens the socket.
    ///
    /// - Throws: `.unreachable` with the system's reason; trying again helps once that is gone.
    package func open(named name: String) throws(InputFailure) -> Int32 {
        var step: UnsafePointer<CChar>?
        let descriptor = weir_udp_open(address, port, source, interface, Int32(UDPInput.receiveBuffer), &step)
        guard descriptor < 0 else { return descriptor }
        let operation = step.map { String(cString: $0) } ?? "open"
        let hint =
            switch (operation, -descriptor) {
            case ("bind", EADDRINUSE): "another program or input listens on port \(port); give this input another one"
            case ("bind", EADDRNOTAVAIL): "\(address) is not an address of this machine"
            case ("bind", EACCES): "ports below 1024 need the right to bind them"
            case ("join", ENODEV), ("find interface", _):
                interface.map { "this machine has no interface \($0)" }
                    ?? "no route for multicast; name the interface: udp://\(address):\(port)/ADDRESS"
            case ("join", EADDRNOTAVAIL): "this machine has no interface with that address"
            case ("join", ENOBUFS): "too many groups; raise net.ipv4.igmp_max_memberships"
            default: "cannot \(operation)"
            }
        throw InputFailure(code: .unreachable, message: "\(name): \(hint) (\(errorText(-descriptor)))")
    }
}

/// The handle of an open udp:// input.
private final class UDPSession: InputSession {
    private let loop: ReceiveLoop
    private let id: UInt64
    private let state: SessionState

    init(loop: ReceiveLoop, id: UInt64, state: SessionState) {
        self.loop = loop
        self.id = id
        self.state = state
    }

    var counters: InputCounters { state.counters }

    func stop(whenClosed closed: @escaping @Sendable () -> Void) {
        _ = state.stop()
        loop.remove(id, then: closed)
    }
}
