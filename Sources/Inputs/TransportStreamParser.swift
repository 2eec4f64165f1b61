// The MPEG-TS demuxer as a parser of inputs: options in, events and counters out.
package import Ingest
internal import MPEGTS

/// Takes one programme of a transport stream apart.
package struct TransportStreamParser: MediaParser {
    private var demuxer: TransportStreamDemuxer
    private var output = DemuxOutput()

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
        demuxer = TransportStreamDemuxer(program: program)
    }

    package mutating func feed(_ bytes: UnsafeRawBufferPointer) { demuxer.receive(bytes, into: &output) }

    package mutating func finish() { demuxer.finish(into: &output) }

    package mutating func takeEvents() -> [InputEvent] {
        guard !output.isEmpty else { return [] }
        return output.take().map { event in
            switch event {
            case .tracks(let tracks): .tracks(tracks, clock: .free)
            case .frames(let frames): .frames(frames)
            case .clockJump: .clockJump
            }
        }
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
    }
}
