// From the bytes of a file's sample to those of a frame: NAL lengths of four bytes, no delimiters, no repeated parameter sets.
import Media
import NIOCore

/// How a track's samples become frames (`Media.Frame.data`).
struct SampleFormat: Sendable {
    private enum Kind: Sendable {
        case h264
        case h265
        case plain
    }
    private let kind: Kind
    /// 1 to 4 for video.
    private let lengthSize: Int
    /// Parameter sets that the track's codec says already.
    private let known: Set<[UInt8]>

    init(_ codec: Codec, nalLengthSize: Int) {
        lengthSize = nalLengthSize
        switch codec {
        case .h264(let p):
            kind = .h264
            known = Set(p.sequenceParameterSets + p.pictureParameterSets)
        case .h265(let p):
            kind = .h265
            known = Set(p.videoParameterSets + p.sequenceParameterSets + p.pictureParameterSets)
        default:
            kind = .plain
            known = []
        }
    }

    /// The frame's bytes: `sample` itself where nothing is to be changed, else a new buffer; nil when its NAL lengths do
    /// not add up or nothing is left.
    ///
    /// Parameter sets that differ from the track's stay in the frame: without them what follows could not be decoded.
    func frame(_ sample: ByteBuffer) -> ByteBuffer? {
        guard kind != .plain else { return sample.readableBytes > 0 ? sample : nil }
        var units: [Range<Int>] = []
        var isUnchanged = lengthSize == 4
        let isWhole = Self.forEachUnit(in: sample, lengthSize: lengthSize) { range, header in
            if isDropped(header, sample, range) { isUnchanged = false } else { units.append(range) }
        }
        guard isWhole, !units.isEmpty else { return nil }
        if isUnchanged { return sample }
        var out = ByteBuffer()
        out.reserveCapacity(units.reduce(0) { $0 + 4 + $1.count })
        for unit in units {
            out.writeInteger(UInt32(unit.count))
            out.writeImmutableBuffer(sample.getSlice(at: unit.lowerBound, length: unit.count) ?? ByteBuffer())
        }
        return out
    }

    private func isDropped(_ header: UInt8, _ sample: ByteBuffer, _ range: Range<Int>) -> Bool {
        let isParameterSet: Bool
        if kind == .h264 {
            let type = H264NAL.type(header)
            if type == H264NAL.accessUnitDelimiter || type == H264NAL.filler { return true }
            isParameterSet = type == H264NAL.sps || type == H264NAL.pps
        } else {
            let type = H265NAL.type(header)
            if type == H265NAL.accessUnitDelimiter || type == H265NAL.filler { return true }
            isParameterSet = (H265NAL.vps...H265NAL.pps).contains(type)
        }
        guard isParameterSet else { return false }
        return known.contains(sample.getBytes(at: range.lowerBound, length: range.count) ?? [])
    }

    /// Calls `body` with each NAL unit's range of buffer indices and first byte; false when lengths lead outside.
    private static func forEachUnit(
        in sample: ByteBuffer, lengthSize: Int, _ body: (Range<Int>, UInt8) -> Void
    ) -> Bool {
        var index = sample.readerIndex
        let end = sample.writerIndex
        while index < end {
            guard end - index > lengthSize else { return false }
            var length = 0
            for _ in 0..<lengthSize {
                length = length << 8 | Int(sample.getInteger(at: index, as: UInt8.self) ?? 0)
                index += 1
            }
            guard length <= end - index else { return false }
            // A unit of no bytes is padding.
            if length > 0, let header = sample.getInteger(at: index, as: UInt8.self) {
                body(index..<index + length, header)
            }
            index += length
        }
        return true
    }

    /// What the first key frame tells that the sample entry may leave open: parameter sets (`avc3`, `hev1`), the layer of
    /// MPEG audio, the blocks of E-AC-3. The codec as it was where the bytes tell nothing.
    static func refined(_ codec: Codec, nalLengthSize: Int, by sample: ByteBuffer) -> Codec {
        switch codec {
        case .h264(var p):
            _ = forEachUnit(in: sample, lengthSize: nalLengthSize) { range, header in
                guard let unit = sample.getBytes(at: range.lowerBound, length: range.count) else { return }
                if H264NAL.type(header) == H264NAL.sps, !p.sequenceParameterSets.contains(unit) {
                    p.sequenceParameterSets.append(unit)
                }
                if H264NAL.type(header) == H264NAL.pps, !p.pictureParameterSets.contains(unit) {
                    p.pictureParameterSets.append(unit)
                }
            }
            return .h264(p)
        case .h265(var p):
            _ = forEachUnit(in: sample, lengthSize: nalLengthSize) { range, header in
                guard let unit = sample.getBytes(at: range.lowerBound, length: range.count) else { return }
                switch H265NAL.type(header) {
                case H265NAL.vps: if !p.videoParameterSets.contains(unit) { p.videoParameterSets.append(unit) }
                case H265NAL.sps: if !p.sequenceParameterSets.contains(unit) { p.sequenceParameterSets.append(unit) }
                case H265NAL.pps: if !p.pictureParameterSets.contains(unit) { p.pictureParameterSets.append(unit) }
                default: break
                }
            }
            return .h265(p)
        case .mpegAudio:
            return sample.withUnsafeReadableBytes { MPEGAudioHeader($0) }.map { .mpegAudio($0.parameters) } ?? codec
        case .eac3(var p):
            if case .eac3(let found) = sample.withUnsafeReadableBytes({ AC3Header($0) })?.codec {
                p.samplesPerFrame = found.samplesPerFrame
                p.sampleRate = found.sampleRate
            }
            return .eac3(p)
        default: return codec
        }
    }
}
