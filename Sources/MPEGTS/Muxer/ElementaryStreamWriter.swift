// Puts PES headers, start codes, parameter sets and ADTS headers back around frames.
import Media
import NIOCore

/// Builds the PES packets (or sections) of one track in a buffer that is used again for each.
struct ElementaryStreamWriter: Sendable {
    let pid: UInt16
    let track: Track
    /// Parameter sets with start codes, as they stand before each key frame.
    private let parameterSets: [UInt8]

    let isTeletext: Bool

    private static let startCode: [UInt8] = [0, 0, 0, 1]

    init(pid: UInt16, track: Track) {
        self.pid = pid
        self.track = track
        let sets: [[UInt8]] =
            switch track.codec {
            case .h264(let parameters): parameters.sequenceParameterSets + parameters.pictureParameterSets
            case .h265(let parameters):
                parameters.videoParameterSets + parameters.sequenceParameterSets + parameters.pictureParameterSets
            default: []
            }
        parameterSets = sets.flatMap { Self.startCode + $0 }
        if case .data(let parameters) = track.codec {
            isTeletext = parameters.purpose == .teletext && !parameters.isSections
        } else {
            isTeletext = false
        }
    }

    var isSections: Bool {
        if case .data(let parameters) = track.codec { return parameters.isSections }
        return false
    }

    /// One unit of the track's PID: the PES packet of `frames` (one frame, or several of audio), or a section.
    /// - Parameter stuffing: bytes of data units more, where `canBeStuffed`.
    func build(_ frames: ArraySlice<TimedFrame>, stuffing: Int = 0, into unit: inout ByteBuffer) {
        unit.clear()
        guard let first = frames.first else { return }
        if isSections {
            unit.writeInteger(UInt8(0))
            unit.writeImmutableBuffer(first.data)
            return
        }
        writeHeader(first, into: &unit)
        for frame in frames { writePayload(frame, into: &unit) }
        if isTeletext { TeletextForm.writeStuffing(ownStuffing(first) + stuffing, into: &unit) }
        // The length where it fits: then readers need not wait for the next packet (§2.4.3.7).
        let length = unit.readableBytes - 6
        if length <= 0xffff { unit.setInteger(UInt16(length), at: unit.readerIndex + 4) }
    }

    /// How many bytes `build` makes of frames of these sizes, where their NAL units have true lengths; else it makes fewer.
    func length(_ frames: ArraySlice<TimedFrame>) -> Int {
        guard let first = frames.first else { return 0 }
        if isSections { return 1 + first.data.readableBytes }
        if isTeletext { return TeletextForm.headerLength + first.data.readableBytes + ownStuffing(first) }
        return frames.reduce(first.presentationTime == first.decodeTime ? 14 : 19) { sum, frame in
            let size = frame.data.readableBytes
            switch track.codec {
            case .h264: return sum + 6 + (frame.isKey ? parameterSets.count : 0) + size
            case .h265: return sum + 7 + (frame.isKey ? parameterSets.count : 0) + size
            case .aac(let parameters):
                let header = ADTSHeader.header(for: parameters, payloadLength: size)
                return sum + (header.map { $0.count + size } ?? 0)
            case .mpegAudio, .ac3, .eac3, .data: return sum + size
            }
        }
    }

    /// Whether the unit of `frames` can be made longer by whole transport packets, so that none needs an adaptation field.
    func canBeStuffed(_ frames: ArraySlice<TimedFrame>) -> Bool {
        guard isTeletext, let first = frames.first else { return false }
        // With fifteen packets more the length must still fit into its field.
        return TeletextForm.stuffing(after: first.data.readableBytes) != nil && length(frames) < 0xffff - 15 * 184
    }

    private func ownStuffing(_ frame: TimedFrame) -> Int { TeletextForm.stuffing(after: frame.data.readableBytes) ?? 0 }

    private func writeHeader(_ frame: TimedFrame, into unit: inout ByteBuffer) {
        let isReordered = frame.presentationTime != frame.decodeTime
        let stampLength: UInt8 = isReordered ? 10 : 5
        let length = isTeletext ? TeletextForm.headerDataLength : stampLength
        unit.writeBytes([0, 0, 1, streamID, 0, 0, 0x84, isReordered ? 0xc0 : 0x80, length])
        writeTimestamp(frame.presentationTime, prefix: isReordered ? 3 : 2, into: &unit)
        if isReordered { writeTimestamp(frame.decodeTime, prefix: 1, into: &unit) }
        unit.writeRepeatingByte(0xff, count: Int(length - stampLength))
    }

    /// Table 2-22. AC-3, E-AC-3 and private data are private_stream_1.
    private var streamID: UInt8 {
        switch track.codec {
        case .h264, .h265: 0xe0
        case .aac, .mpegAudio: 0xc0
        case .ac3, .eac3, .data: 0xbd
        }
    }

    private func writeTimestamp(_ time: MediaTime, prefix: UInt8, into unit: inout ByteBuffer) {
        let value = UInt64(bitPattern: time.ticks) & (1 << 33 - 1)
        unit.writeInteger(prefix << 4 | UInt8(truncatingIfNeeded: value >> 30) << 1 | 1)
        unit.writeInteger(UInt16(truncatingIfNeeded: (value >> 15 & 0x7fff) << 1 | 1))
        unit.writeInteger(UInt16(truncatingIfNeeded: (value & 0x7fff) << 1 | 1))
    }

    private func writePayload(_ frame: TimedFrame, into unit: inout ByteBuffer) {
        switch track.codec {
        case .h264:
            unit.writeBytes([0, 0, 0, 1, 0x09, 0xf0])
            if frame.isKey { unit.writeBytes(parameterSets) }
            writeAnnexB(frame.data, into: &unit)
        case .h265:
            unit.writeBytes([0, 0, 0, 1, 0x46, 0x01, 0x50])
            if frame.isKey { unit.writeBytes(parameterSets) }
            writeAnnexB(frame.data, into: &unit)
        case .aac(let parameters):
            if let header = ADTSHeader.header(for: parameters, payloadLength: frame.data.readableBytes) {
                unit.writeBytes(header)
                unit.writeImmutableBuffer(frame.data)
            }
        case .mpegAudio, .ac3, .eac3, .data: unit.writeImmutableBuffer(frame.data)
        }
    }

    /// Start codes for lengths. What follows a length that is not true is left out.
    private func writeAnnexB(_ data: ByteBuffer, into unit: inout ByteBuffer) {
        let begin = unit.writerIndex
        unit.writeImmutableBuffer(data)
        let end = unit.writerIndex
        var at = begin
        while at + 4 <= end, let length = unit.getInteger(at: at, as: UInt32.self) {
            guard length > 0, Int(length) <= end - at - 4 else { break }
            unit.setInteger(UInt32(1), at: at)
            at += 4 + Int(length)
        }
        unit.moveWriterIndex(to: at)
    }
}
