// The media of one udp:// socket: unwraps RTP, feeds the parser, delivers once per round.
internal import Ingest

/// Confined to its loop's thread.
final class UDPReceiver: DatagramReceiver {
    private let name: String
    private let state: SessionState
    private let deliver: @Sendable (InputEvent) -> Void
    private var intake: Intake

    init(
        name: String, parser: any MediaParser, state: SessionState, deliver: @escaping @Sendable (InputEvent) -> Void
    ) {
        self.name = name
        self.state = state
        self.deliver = deliver
        intake = Intake(parser: parser)
    }

    func received(_ datagram: UnsafeRawBufferPointer) { intake.receive(datagram) }

    func roundEnded(drops: UInt32, now: UInt64) {
        intake.endRound(drops: drops, now: now)
        guard state.publish(intake.counters) else { return }
        if let notice = intake.takeNotice() { deliver(.notice(notice)) }
        for event in intake.parser.takeEvents() { deliver(event) }
    }

    func failed(_ error: Int32) {
        guard !state.isStopped else { return }
        deliver(.ended(InputFailure(code: .ended, message: "\(name): the socket failed: \(errorText(error))")))
    }
}

/// One struct with one mutating call per datagram: class properties would cost an exclusivity check per access.
private struct Intake {
    var parser: any MediaParser
    var counters = InputCounters()
    private var reorder = RTPReorderBuffer()
    private var now: UInt64 = 0
    /// RTP packets with something else than a transport stream, and the payload type of the last.
    private var foreign: (count: Int, type: UInt8) = (0, 0)
    private var hasToldForeign = false

    init(parser: any MediaParser) { self.parser = parser }

    mutating func receive(_ datagram: UnsafeRawBufferPointer) {
        counters.packets += 1
        if datagram.first == 0x47 || datagram.isEmpty {
            use(datagram)
        } else if TransportStreamSniffer.hasTimeStampedPackets(datagram) {
            use(datagram)
        } else if let header = RTPHeader(datagram) {
            if header.carriesTransportStream(datagram) {
                receive(header, datagram)
            } else {
                foreign = (foreign.count &+ 1, header.payloadType)
            }
        } else {
            // Not at a packet's begin: the parser finds its way.
            use(datagram)
        }
    }

    private mutating func receive(_ header: RTPHeader, _ datagram: UnsafeRawBufferPointer) {
        let payload = UnsafeRawBufferPointer(rebasing: datagram[header.payload])
        switch reorder.arrival(of: header.sequenceNumber, from: header.source) {
        case .deliver, .restart:
            use(payload)
            useHeld()
        case .hold:
            reorder.hold(Array(payload), sequence: header.sequenceNumber, at: now)
            if reorder.giveUp(at: now) { useHeld() }
        case .drop: break
        }
    }

    private mutating func useHeld() {
        while let payload = reorder.next() {
            payload.withUnsafeBytes { use($0) }
        }
    }

    private mutating func use(_ payload: UnsafeRawBufferPointer) {
        counters.bytes += UInt64(payload.count)
        parser.feed(payload)
    }

    /// Told once, when so many have come that they are no stray ones.
    mutating func takeNotice() -> String? {
        guard foreign.count >= 20, !hasToldForeign else { return nil }
        hasToldForeign = true
        return
            "RTP packets of payload type \(foreign.type) come, in which there is no transport stream; send MPEG-TS (type 33)"
    }

    mutating func endRound(drops: UInt32, now: UInt64) {
        self.now = now
        if reorder.giveUp(at: now) { useHeld() }
        counters.kernelDrops = UInt64(drops)
        counters.rtpLost = reorder.lost
        counters.rtpReordered = reorder.reordered
        parser.report(into: &counters)
    }
}
