// The MPEG-TS demuxer as a parser of inputs: options in, events and counters out.
package import Ingest
internal import MPEGTS

/// Takes one programme of a transport stream apart.
package struct TransportStreamParser: MediaParser {
    private var demuxer: TransportStreamDemuxer
    private var output = DemuxOutput()
    private let program: UInt16?
    private var received = 0
    /// A programme was found, or it was told why there is none.
    private var isExamined = false

    /// So much may pass before it is said that there are no packets in it: a sender's last datagrams, half a packet.
    private static let patience = 64 << 10

    /// - Throws: `.misconfigured` when `program=` is not a programme number.
    package init(_ request: InputRequest) throws(InputFailure) {
        var program: UInt16?
        if let text = request.options["program"] {
            program = UInt16(text)
            guard let program, program > 0 else {
                throw InputFailure(
                    code: .misconfigured,
                    message: "stream \(request.stream): program=\(text) is not a programme number from 1 to 65535")
            }
        }
        self.program = program
        demuxer = TransportStreamDemuxer(program: program)
    }

    package mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        received &+= bytes.count
        demuxer.receive(bytes, into: &output)
    }

    package mutating func finish() { demuxer.finish(into: &output) }

    package mutating func takeEvents() -> [InputEvent] {
        var notices = demuxer.takeNotices()
        if !isExamined, let notice = examine() { notices.append(notice) }
        guard !output.isEmpty || !notices.isEmpty else { return [] }
        return notices.map { .notice($0) }
            + output.take().map { event in
                switch event {
                case .tracks(let tracks): .tracks(tracks, clock: .free)
                case .frames(let frames): .frames(frames)
                case .clockJump: .clockJump
                }
            }
    }

    /// Why bytes come and no media, said once.
    private mutating func examine() -> String? {
        if demuxer.program != nil {
            isExamined = true
            return nil
        }
        let others = demuxer.availablePrograms
        if let program, !others.isEmpty, !others.contains(program) {
            isExamined = true
            let list = others.prefix(20).map { "\($0)" }.joined(separator: ", ")
            return "there is no programme \(program) in the transport stream, only \(list); change program="
        }
        // In noise a few packets may be seen.
        guard received >= Self.patience, demuxer.counters.packets < UInt64(received / 376) else { return nil }
        isExamined = true
        return "what comes is no MPEG transport stream: there are no packets in \(received) bytes"
    }

    package func report(into counters: inout InputCounters) {
        let found = demuxer.counters
        counters.tsLost = found.lost
        counters.tsRepeated = found.repeated
        counters.tsErrors = found.errors
        counters.tsScrambled = found.scrambled
        counters.resyncs = found.resyncs
        counters.psiErrors = found.psiErrors
        counters.damagedFrames = found.damagedFrames
        counters.lostByPID = found.lostByPID
        counters.damagedByPID = found.damagedByPID
    }
}
