// Runs the demuxer over bytes and keeps the events in a form that can be compared.
import MPEGTS
import Media
import NIOCore

struct Demuxed: Equatable {
    /// One event; frames are listed one by one, because their grouping depends on the reads.
    enum Event: Equatable {
        case tracks(TrackSet)
        case frame(TrackID, SourceTime, SourceTime, Bool, ByteBuffer)
        case clockJump
    }

    var events: [Event] = []
    var counters = TransportStreamCounters()

    var trackSets: [TrackSet] {
        events.compactMap { if case .tracks(let set) = $0 { set } else { nil } }
    }

    var jumps: Int { events.filter { $0 == .clockJump }.count }

    struct Unit: Equatable {
        var decode: Int64
        var presentation: Int64
        var isKey: Bool
        var data: ByteBuffer
    }

    func frames(_ track: UInt32) -> [Unit] {
        events.compactMap { event in
            guard case .frame(let id, let decode, let presentation, let isKey, let data) = event, id.value == track
            else {
                return nil
            }
            return Unit(decode: decode.ticks, presentation: presentation.ticks, isKey: isKey, data: data)
        }
    }

    mutating func add(_ output: inout DemuxOutput) {
        for event in output.take() {
            switch event {
            case .tracks(let set): events.append(.tracks(set))
            case .clockJump: events.append(.clockJump)
            case .frames(let frames):
                for frame in frames {
                    events.append(
                        .frame(frame.track, frame.decodeTime, frame.presentationTime, frame.isKey, frame.data))
                }
            }
        }
    }
}

/// - Parameter split: length of the next read.
func demux(_ bytes: [UInt8], program: UInt16? = nil, split: () -> Int = { 1316 }) -> Demuxed {
    var demuxer = TransportStreamDemuxer(program: program)
    var output = DemuxOutput()
    var result = Demuxed()
    bytes.withUnsafeBytes { all in
        var at = 0
        while at < all.count {
            let length = min(max(1, split()), all.count - at)
            demuxer.receive(UnsafeRawBufferPointer(rebasing: all[at..<at + length]), into: &output)
            result.add(&output)
            at += length
        }
    }
    demuxer.finish(into: &output)
    result.add(&output)
    result.counters = demuxer.counters
    return result
}

/// NAL units of samples with lengths, or of an Annex B stream; without delimiters, filler and parameter sets.
func pictureNALs(samples: [ByteBuffer]) -> [[UInt8]] {
    samples.flatMap { sample in
        var rest = sample
        var nals: [[UInt8]] = []
        while let length = rest.readInteger(as: UInt32.self), let nal = rest.readBytes(length: Int(length)) {
            nals.append(nal)
        }
        return nals
    }
}

/// The ranges of the NAL units between start codes, without the zero bytes that trail them.
private func rangesOfNALUnits(in bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var start = NALUnits.nextStartCode(in: bytes, from: 0)
    while start + 3 < bytes.count {
        let next = NALUnits.nextStartCode(in: bytes, from: start + 3)
        var end = next
        while end > start + 3, bytes[end - 1] == 0 { end -= 1 }
        if end > start + 3 { result.append(start + 3..<end) }
        start = next
    }
    return result
}

func pictureNALs(annexB: [UInt8], isH265: Bool) -> [[UInt8]] {
    annexB.withUnsafeBytes { bytes in
        rangesOfNALUnits(in: bytes).map { Array(bytes[$0]) }
    }.filter { nal in
        isH265
            ? ![32, 33, 34, 35, 38].contains(H265NAL.type(nal[0])) : ![7, 8, 9, 12].contains(H264NAL.type(nal[0]))
    }
}
