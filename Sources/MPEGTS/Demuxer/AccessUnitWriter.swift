// Makes a frame of the NAL units of an access unit: lengths for start codes, parameter sets into the track.
import Media
import NIOCore

/// Writes access units in the form of `Frame.data` and decides whether decoding can start at them.
///
/// A key frame is: an IDR picture (H.264), any IRAP picture (H.265), an access unit with a recovery point SEI (open GOP and
/// gradual refresh, ITU-T H.264 §D.2.8), or one of I slices alone that comes with its SPS and PPS (encoders that send neither
/// IDR pictures nor recovery points).
///
/// Parameter sets of a key frame that has an SPS become those of the track, in the order sent. Others, when they differ
/// from the track's, stay in the frame: the decoder gets them where the encoder sent them and the track does not change in the
/// middle of a group of pictures.
struct AccessUnitWriter: Sendable {
    let isH265: Bool
    private var sequence: H264SequenceParameters?
    private var lastDecode: Int64?
    /// Decode time between the last two frames, for those without a timestamp of their own.
    private var step: Int64 = 0
    /// The first field of a frame, waiting for the second.
    private var field: (frame: Frame, header: H264SliceHeader)?

    init(isH265: Bool) { self.isH265 = isH265 }

    mutating func reset() {
        lastDecode = nil
        field = nil
    }

    mutating func flushField(_ sink: inout FrameSink) {
        if let frame = field?.frame { sink.emit(frame) }
        field = nil
    }

    /// What one pass over the NAL units of an access unit finds.
    private struct Summary {
        var sets: (vps: [[UInt8]], sps: [[UInt8]], pps: [[UInt8]]) = ([], [], [])
        var firstSlice: VideoAssembler.NAL?
        var isRandomAccess = false
        var hasRecoveryPoint = false
    }

    mutating func write(
        _ nals: [VideoAssembler.NAL], of bytes: UnsafeRawBufferPointer, at mark: TimeMark?, _ target: UnitTarget,
        _ sink: inout FrameSink
    ) {
        let summary = summarize(nals, bytes)
        guard let slice = summary.firstSlice, isFirstSlice(bytes, slice) else {
            sink.counters.damagedFrames += 1
            return
        }
        var isKey = summary.isRandomAccess || summary.hasRecoveryPoint
        if !isKey, !isH265, !summary.sets.sps.isEmpty, !summary.sets.pps.isEmpty {
            isKey = isIntra(nals, bytes, summary.sets.sps[0])
        }
        if isKey { adopt(summary, target, &sink) }
        guard let codec = sink.codec(target.slot), let time = time(mark) else { return }
        let frame = Frame(
            track: target.track, decodeTime: SourceTime(ticks: time.decode),
            presentationTime: SourceTime(ticks: time.presentation), isKey: isKey,
            data: data(nals, bytes, codec, &sink.block))
        emit(frame, bytes, slice, &sink)
    }

    private func summarize(_ nals: [VideoAssembler.NAL], _ bytes: UnsafeRawBufferPointer) -> Summary {
        var summary = Summary()
        for nal in nals {
            let header = bytes[nal.start]
            let range = nal.start..<nal.end
            if isH265 {
                switch H265NAL.type(header) {
                case H265NAL.vps: insert(bytes[range], into: &summary.sets.vps)
                case H265NAL.sps: insert(bytes[range], into: &summary.sets.sps)
                case H265NAL.pps: insert(bytes[range], into: &summary.sets.pps)
                case let type where H265NAL.isSlice(type):
                    if summary.firstSlice == nil { summary.firstSlice = nal }
                    if H265NAL.isRandomAccess(type) { summary.isRandomAccess = true }
                default: break
                }
            } else {
                switch H264NAL.type(header) {
                case H264NAL.sps: insert(bytes[range], into: &summary.sets.sps)
                case H264NAL.pps: insert(bytes[range], into: &summary.sets.pps)
                case H264NAL.sei:
                    if H264SEI.hasRecoveryPoint(UnsafeRawBufferPointer(rebasing: bytes[range])) {
                        summary.hasRecoveryPoint = true
                    }
                case H264NAL.slice, H264NAL.partitionA, H264NAL.idr:
                    if summary.firstSlice == nil { summary.firstSlice = nal }
                    if H264NAL.type(header) == H264NAL.idr { summary.isRandomAccess = true }
                default: break
                }
            }
        }
        return summary
    }

    /// Parameter sets sent twice in one access unit count once; 32 of a kind are the most that H.264 knows of an SPS.
    private func insert(_ bytes: Slice<UnsafeRawBufferPointer>, into sets: inout [[UInt8]]) {
        guard sets.count < 32, !sets.contains(where: { $0.elementsEqual(bytes) }) else { return }
        sets.append(Array(bytes))
    }

    private func isFirstSlice(_ bytes: UnsafeRawBufferPointer, _ nal: VideoAssembler.NAL) -> Bool {
        let at = nal.start + (isH265 ? 2 : 1)
        return at < nal.end && bytes[at] & 0x80 != 0
    }

    private func isIntra(_ nals: [VideoAssembler.NAL], _ bytes: UnsafeRawBufferPointer, _ sps: [UInt8]) -> Bool {
        guard let parameters = H264SequenceParameters(sps) else { return false }
        return nals.allSatisfy { nal in
            guard H264NAL.type(bytes[nal.start]) == H264NAL.slice else { return true }
            let slice = UnsafeRawBufferPointer(rebasing: bytes[nal.start..<nal.end])
            return H264SliceHeader(slice, parameters: parameters)?.isIntra ?? false
        }
    }

    /// Makes the parameter sets of a key frame those of the track.
    private mutating func adopt(_ summary: Summary, _ target: UnitTarget, _ sink: inout FrameSink) {
        let sets = summary.sets
        guard !sets.sps.isEmpty else { return }
        if isH265 {
            guard H265SequenceParameters(sets.sps[0]) != nil else { return }
            var (vps, pps) = (sets.vps, sets.pps)
            if case .h265(let old) = sink.codec(target.slot) {
                if vps.isEmpty { vps = old.videoParameterSets }
                if pps.isEmpty { pps = old.pictureParameterSets }
            }
            guard !pps.isEmpty, !vps.isEmpty else { return }
            sink.setCodec(
                target.slot,
                .h265(
                    H265Parameters(
                        videoParameterSets: vps, sequenceParameterSets: sets.sps, pictureParameterSets: pps)))
        } else {
            guard let parameters = H264SequenceParameters(sets.sps[0]) else { return }
            var pps = sets.pps
            if pps.isEmpty, case .h264(let old) = sink.codec(target.slot) { pps = old.pictureParameterSets }
            guard !pps.isEmpty else { return }
            // A field of the old sequence cannot be paired with one of the new.
            if sequence != parameters { flushField(&sink) }
            sequence = parameters
            sink.setCodec(
                target.slot,
                .h264(H264Parameters(sequenceParameterSets: sets.sps, pictureParameterSets: pps)))
        }
    }

    /// An access unit without a timestamp of its own (several in one PES packet) follows the one before.
    private mutating func time(_ mark: TimeMark?) -> (decode: Int64, presentation: Int64)? {
        if let mark {
            if let last = lastDecode, mark.decode > last, mark.decode - last < 90_000 { step = mark.decode - last }
            lastDecode = mark.decode
            return (mark.decode, mark.presentation)
        }
        guard let last = lastDecode else { return nil }
        let decode = last + (step > 0 ? step : 3600)
        lastDecode = decode
        return (decode, decode)
    }

    private func data(
        _ nals: [VideoAssembler.NAL], _ bytes: UnsafeRawBufferPointer, _ codec: Codec, _ block: inout ByteBlock
    ) -> ByteBuffer {
        var length = 0
        for nal in nals where isKept(bytes, nal, codec) { length += 4 + nal.end - nal.start }
        return block.make(length) { target in
            var at = 0
            for nal in nals where isKept(bytes, nal, codec) {
                let count = nal.end - nal.start
                target.storeBytes(of: UInt32(truncatingIfNeeded: count).bigEndian, toByteOffset: at, as: UInt32.self)
                UnsafeMutableRawBufferPointer(rebasing: target[(at + 4)..<(at + 4 + count)])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[nal.start..<nal.end]))
                at += 4 + count
            }
        }
    }

    private func isKept(_ bytes: UnsafeRawBufferPointer, _ nal: VideoAssembler.NAL, _ codec: Codec) -> Bool {
        func isKnown(_ sets: [[UInt8]]) -> Bool {
            sets.contains { $0.elementsEqual(bytes[nal.start..<nal.end]) }
        }
        let header = bytes[nal.start]
        switch codec {
        case .h265(let known):
            switch H265NAL.type(header) {
            case H265NAL.accessUnitDelimiter, H265NAL.filler: return false
            case H265NAL.vps: return !isKnown(known.videoParameterSets)
            case H265NAL.sps: return !isKnown(known.sequenceParameterSets)
            case H265NAL.pps: return !isKnown(known.pictureParameterSets)
            default: return true
            }
        case .h264(let known):
            switch H264NAL.type(header) {
            case H264NAL.accessUnitDelimiter, H264NAL.filler: return false
            case H264NAL.sps: return !isKnown(known.sequenceParameterSets)
            case H264NAL.pps: return !isKnown(known.pictureParameterSets)
            default: return true
            }
        default: return false
        }
    }

    /// Two fields of a frame go out as one.
    private mutating func emit(
        _ frame: Frame, _ bytes: UnsafeRawBufferPointer, _ slice: VideoAssembler.NAL, _ sink: inout FrameSink
    ) {
        guard let sequence, !sequence.isProgressive,
            let header = H264SliceHeader(
                UnsafeRawBufferPointer(rebasing: bytes[slice.start..<slice.end]), parameters: sequence),
            header.isField
        else {
            flushField(&sink)
            sink.emit(frame)
            return
        }
        if let first = field, first.header.isPair(with: header) {
            var whole = first.frame
            var second = frame.data
            whole.data.writeBuffer(&second)
            field = nil
            sink.emit(whole)
        } else {
            flushField(&sink)
            field = (frame, header)
        }
    }
}
