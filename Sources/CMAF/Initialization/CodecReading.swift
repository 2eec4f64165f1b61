// Reads a sample entry back into a codec and its parameters.
import Media
import NIOCore

/// A sample entry's meaning; `nalLengthSize` is that of H.264 and H.265 samples, else 0.
struct SampleEntry {
    var codec: Codec
    var nalLengthSize = 0

    /// Nil for a kind of sample that Weir does not take.
    init?(_ entry: Box) throws(CMAFError) {
        switch entry.type {
        case "avc1", "avc3":
            let box = try Self.children(entry, skipping: 78).required("avcC")
            (codec, nalLengthSize) = try Self.h264(box.body)
        case "hvc1", "hev1":
            let box = try Self.children(entry, skipping: 78).required("hvcC")
            (codec, nalLengthSize) = try Self.h265(box.body)
        case "mp4a", "ac-3", "ec-3":
            guard let codec = try Self.audio(entry) else { return nil }
            self.codec = codec
        case "mett":
            guard let codec = try Self.data(entry) else { return nil }
            self.codec = codec
        default: return nil
        }
    }

    private static func children(_ entry: Box, skipping count: Int) throws(CMAFError) -> BoxCursor {
        var body = entry.body
        try body.skip(count)
        return body
    }

    private static func h264(_ box: BoxCursor) throws(CMAFError) -> (Codec, Int) {
        var body = box
        try body.skip(4)
        let lengthSize = Int(try body.u8() & 3) + 1
        let sequences = try sets(&body, count: Int(try body.u8() & 31))
        let pictures = try sets(&body, count: Int(try body.u8()))
        return (.h264(H264Parameters(sequenceParameterSets: sequences, pictureParameterSets: pictures)), lengthSize)
    }

    private static func h265(_ box: BoxCursor) throws(CMAFError) -> (Codec, Int) {
        var body = box
        try body.skip(21)
        let lengthSize = Int(try body.u8() & 3) + 1
        var p = H265Parameters(videoParameterSets: [], sequenceParameterSets: [], pictureParameterSets: [])
        for _ in 0..<(try body.u8()) {
            let type = try body.u8() & 63
            let found = try sets(&body, count: Int(try body.u16()))
            switch type {
            case 32: p.videoParameterSets += found
            case 33: p.sequenceParameterSets += found
            case 34: p.pictureParameterSets += found
            default: break
            }
        }
        return (.h265(p), lengthSize)
    }

    private static func sets(_ body: inout BoxCursor, count: Int) throws(CMAFError) -> [[UInt8]] {
        var result: [[UInt8]] = []
        for _ in 0..<count { result.append(try body.bytes(Int(try body.u16()))) }
        return result
    }

    private static func audio(_ entry: Box) throws(CMAFError) -> Codec? {
        var body = entry.body
        try body.skip(8)
        // Version 1 and 2 of QuickTime's sound description have 16 and 36 bytes more.
        let version = try body.u16()
        try body.skip(6)
        let channels = Int(try body.u16())
        try body.skip(6)
        let rate = Int(try body.u32() >> 16)
        if version == 1 { try body.skip(16) }
        if version == 2 { try body.skip(36) }
        var codec: Codec?
        switch entry.type {
        case "mp4a": codec = try esds(body, rate: rate, channels: channels)
        case "ac-3": codec = ac3(try body.required("dac3").body)
        default: codec = eac3(try body.required("dec3").body)
        }
        if codec != nil, let box = try body.first("wtrk") { codec = try trackParameters(box, standard: codec) }
        return codec
    }

    private static func esds(_ body: BoxCursor, rate: Int, channels: Int) throws(CMAFError) -> Codec? {
        var (_, _, d) = try descriptors(body)
        guard var elementary = try descriptor(&d, 3) else { return nil }
        try elementary.skip(2)
        let flags = try elementary.u8()
        if flags & 0x80 != 0 { try elementary.skip(2) }
        if flags & 0x40 != 0 { try elementary.skip(Int(try elementary.u8())) }
        if flags & 0x20 != 0 { try elementary.skip(2) }
        guard var config = try descriptor(&elementary, 4) else { return nil }
        let objectType = try config.u8()
        try config.skip(12)
        switch objectType {
        case 0x40, 0x66, 0x67, 0x68:
            guard var info = try descriptor(&config, 5) else { return nil }
            let bytes = try info.bytes(info.remaining)
            // No decoder can begin without its configuration, and it could not be written again.
            guard !bytes.isEmpty else { return nil }
            return .aac(
                AACParameters(audioSpecificConfig: bytes)
                    ?? AACParameters(
                        audioSpecificConfig: bytes, objectType: AudioSpecificConfig.objectType(of: bytes),
                        sampleRate: rate, channelCount: channels))
        case 0x69, 0x6B:
            // Layer III is what files hold; other layers are told by wtrk.
            let samples = objectType == 0x69 && rate < 32000 ? 576 : 1152
            return .mpegAudio(
                MPEGAudioParameters(layer: 3, sampleRate: rate, channelCount: channels, samplesPerFrame: samples))
        default: return nil
        }
    }

    /// QuickTime puts `esds` into `wave`.
    private static func descriptors(_ body: BoxCursor) throws(CMAFError) -> (UInt8, UInt32, BoxCursor) {
        if let box = try body.first("esds") { return try box.full() }
        return try body.required("wave").body.required("esds").full()
    }

    /// The body of the next descriptor with `tag`, others passed over; nil when there is none.
    private static func descriptor(_ cursor: inout BoxCursor, _ tag: UInt8) throws(CMAFError) -> BoxCursor? {
        while !cursor.isAtEnd {
            let found = try cursor.u8()
            var length = 0
            for _ in 0..<4 {
                let byte = try cursor.u8()
                length = length << 7 | Int(byte & 0x7F)
                if byte & 0x80 == 0 { break }
            }
            let body = try cursor.sub(min(length, cursor.remaining))
            if found == tag { return body }
        }
        return nil
    }

    /// What `dac3` and the substreams of `dec3` begin with.
    private struct DolbyEntry {
        var rateCode: UInt8
        var id: UInt8
        var mode: UInt8
        var coding: UInt8
        var hasLFE: Bool

        /// - Parameter modeBits: of `bsmod` with the reserved bits of E-AC-3 before it.
        init(_ bits: inout BitReader, modeBits: Int) {
            rateCode = UInt8(bits.read(2))
            id = UInt8(bits.read(5))
            mode = UInt8(bits.read(modeBits) & 7)
            coding = UInt8(bits.read(3))
            hasLFE = bits.flag()
        }

        /// Stream identifications 9 and 10 mean half and a quarter of the rate.
        var sampleRate: Int { [48000, 44100, 32000, 0][Int(rateCode)] >> (id > 8 && id <= 10 ? Int(id) - 8 : 0) }
        var channelCount: Int { [2, 1, 2, 3, 3, 4, 4, 5][Int(coding)] + (hasLFE ? 1 : 0) }
    }

    /// ETSI TS 102 366 §F.4.
    private static func ac3(_ box: BoxCursor) -> Codec? {
        var body = box
        guard let bytes = try? body.bytes(3) else { return nil }
        return bytes.withUnsafeBytes { bytes in
            var bits = BitReader(bytes)
            let entry = DolbyEntry(&bits, modeBits: 3)
            return .ac3(
                AC3Parameters(
                    sampleRateCode: entry.rateCode, bitStreamID: entry.id, bitStreamMode: entry.mode,
                    audioCodingMode: entry.coding, hasLFE: entry.hasLFE, bitRateCode: UInt8(bits.read(5)),
                    sampleRate: entry.sampleRate, channelCount: entry.channelCount))
        }
    }

    /// ETSI TS 102 366 §F.6: its first independent substream.
    private static func eac3(_ box: BoxCursor) -> Codec? {
        var body = box
        guard let bytes = try? body.bytes(5) else { return nil }
        return bytes.withUnsafeBytes { bytes in
            var bits = BitReader(bytes)
            let dataRate = Int(bits.read(13))
            bits.skip(3)
            let entry = DolbyEntry(&bits, modeBits: 5)
            return .eac3(
                EAC3Parameters(
                    sampleRateCode: entry.rateCode, bitStreamID: entry.id, bitStreamMode: entry.mode,
                    audioCodingMode: entry.coding, hasLFE: entry.hasLFE, dataRate: dataRate,
                    sampleRate: entry.sampleRate, channelCount: entry.channelCount, samplesPerFrame: 1536))
        }
    }

    private static func data(_ entry: Box) throws(CMAFError) -> Codec? {
        var body = entry.body
        try body.skip(8)
        _ = try body.terminatedBytes()
        _ = try body.terminatedBytes()
        guard let box = try body.first("wtrk") else { return nil }
        return try trackParameters(box, standard: nil)
    }

    /// See `CodecConfiguration.writeTrackParameters`.
    private static func trackParameters(_ box: Box, standard: Codec?) throws(CMAFError) -> Codec? {
        var (_, _, body) = try box.full()
        let kind = try body.u8()
        if kind == 5 {
            let purposes: [DataParameters.Purpose] = [.other, .scte35, .teletext, .dvbSubtitles]
            let purpose = Int(try body.u8())
            let streamType = try body.u8()
            let isSections = try body.u8() == 1
            return .data(
                DataParameters(
                    purpose: purpose < purposes.count ? purposes[purpose] : .other, streamType: streamType,
                    descriptors: try body.bytes(body.remaining), isSections: isSections))
        }
        let rate = Int(try body.u32())
        let channels = Int(try body.u16())
        let samples = Int(try body.u16())
        switch (kind, standard) {
        case (1, .aac(var p)):
            (p.sampleRate, p.channelCount, p.samplesPerFrame) = (rate, channels, samples)
            p.objectType = try body.u8()
            return .aac(p)
        case (2, .mpegAudio(var p)):
            (p.sampleRate, p.channelCount, p.samplesPerFrame) = (rate, channels, samples)
            p.layer = Int(try body.u8())
            return .mpegAudio(p)
        case (3, .ac3(var p)):
            (p.sampleRate, p.channelCount) = (rate, channels)
            return .ac3(p)
        case (4, .eac3(var p)):
            (p.sampleRate, p.channelCount, p.samplesPerFrame) = (rate, channels, samples)
            p.dataRate = Int(try body.u32())
            return .eac3(p)
        default:
            throw CMAFError(.malformed, at: box.offset, "wtrk of kind \(kind) does not fit its sample entry")
        }
    }
}
