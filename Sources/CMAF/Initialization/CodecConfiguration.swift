// The decoder configuration boxes: avcC, hvcC, esds, dac3, dec3, and Weir's own wtrk.
import Media
import NIOCore

/// Writes decoder configurations. What a standard's field cannot hold is cut to what it can.
enum CodecConfiguration {
    /// ISO/IEC 14496-15 §5.3.3.1: at most 31 sequence and 255 picture parameter sets.
    static func write(_ h264: H264Parameters, to out: inout ByteBuffer) {
        let sets = h264.sequenceParameterSets.prefix(31)
        let first = sets.first ?? []
        let profile: [UInt8] = first.count >= 4 ? Array(first[1...3]) : [0, 0, 0]
        out.writeBox("avcC") {
            $0.writeInteger(UInt8(1))
            $0.writeBytes(profile)
            $0.writeMultipleIntegers(UInt8(0xFF), UInt8(0xE0) | UInt8(sets.count))
            write(sets, to: &$0)
            let pictures = h264.pictureParameterSets.prefix(255)
            $0.writeInteger(UInt8(pictures.count))
            write(pictures, to: &$0)
            if [100, 110, 122, 144, 244, 44].contains(profile[0]) {
                let format = PictureFormat(.h264(h264))
                $0.writeMultipleIntegers(
                    0xFC | UInt8(format.chroma), 0xF8 | UInt8(format.lumaDepth - 8),
                    0xF8 | UInt8(format.chromaDepth - 8), UInt8(0))
            }
        }
    }

    /// ISO/IEC 14496-15 §8.3.3.1; NAL unit types 32 to 34 are parameter sets (ITU-T H.265 table 7-1).
    static func write(_ h265: H265Parameters, to out: inout ByteBuffer) {
        // What cannot be read is said as all zeros: players then look into the parameter sets themselves.
        let read = h265.sequenceParameterSets.first.flatMap { H265SequenceParameters($0) }
        let format = PictureFormat(.h265(h265))
        let nested: UInt8 = read?.isTemporalIDNested == true ? 1 << 2 : 0
        out.writeBox("hvcC") {
            $0.writeInteger(UInt8(1))
            writeProfile(read, to: &$0)
            $0.writeMultipleIntegers(
                UInt16(0xF000), UInt8(0xFC), 0xFC | UInt8(format.chroma), 0xF8 | UInt8(format.lumaDepth - 8),
                0xF8 | UInt8(format.chromaDepth - 8), UInt16(0),
                UInt8((read?.temporalLayers ?? 1) & 7) << 3 | nested | 3, UInt8(3))
            let arrays = [h265.videoParameterSets, h265.sequenceParameterSets, h265.pictureParameterSets]
            for (type, sets) in zip(UInt8(32)..., arrays) {
                $0.writeMultipleIntegers(0x80 | type, UInt16(clamping: sets.count))
                write(sets.prefix(Int(UInt16.max)), to: &$0)
            }
        }
    }

    /// The twelve bytes from `general_profile_space` to `general_level_idc` of the sequence parameter set.
    private static func writeProfile(_ p: H265SequenceParameters?, to out: inout ByteBuffer) {
        guard let p else {
            out.writeZeros(12)
            return
        }
        out.writeMultipleIntegers(
            p.profileSpace << 6 | (p.isHighTier ? 1 << 5 : 0) | p.profile, p.compatibility,
            UInt16(truncatingIfNeeded: p.constraints >> 32), UInt32(truncatingIfNeeded: p.constraints), p.level)
    }

    private static func write(_ sets: ArraySlice<[UInt8]>, to out: inout ByteBuffer) {
        for set in sets {
            out.writeInteger(UInt16(clamping: set.count))
            out.writeBytes(set.prefix(Int(UInt16.max)))
        }
    }

    /// ISO/IEC 14496-1 §7.2.6.5 and 14496-14 §3.1; object types by the MP4 registration authority.
    static func writeESDescriptor(objectType: UInt8, specificInfo: [UInt8], to out: inout ByteBuffer) {
        let info = specificInfo.prefix(0xFFFF)
        let specific = info.isEmpty ? 0 : 5 + info.count
        out.writeFullBox("esds") {
            writeDescriptor(3, length: 3 + 5 + 13 + specific + 6, to: &$0)
            $0.writeMultipleIntegers(UInt16(0), UInt8(0))
            writeDescriptor(4, length: 13 + specific, to: &$0)
            // Audio stream; buffer size and bit rates are not known.
            $0.writeMultipleIntegers(objectType, UInt8(0x15), UInt8(0), UInt16(0), UInt32(0), UInt32(0))
            if !info.isEmpty {
                writeDescriptor(5, length: info.count, to: &$0)
                $0.writeBytes(info)
            }
            writeDescriptor(6, length: 1, to: &$0)
            $0.writeInteger(UInt8(2))
        }
    }

    /// Tag and a length of four bytes, seven bits each.
    private static func writeDescriptor(_ tag: UInt8, length: Int, to out: inout ByteBuffer) {
        let length = UInt32(length)
        out.writeMultipleIntegers(
            tag, 0x80 | UInt8(length >> 21 & 0x7F), 0x80 | UInt8(length >> 14 & 0x7F),
            0x80 | UInt8(length >> 7 & 0x7F), UInt8(length & 0x7F))
    }

    /// ETSI TS 102 366 §F.4.
    static func write(_ p: AC3Parameters, to out: inout ByteBuffer) {
        let head = UInt32(p.sampleRateCode & 3) << 22 | UInt32(p.bitStreamID & 31) << 17
        let mode = UInt32(p.bitStreamMode & 7) << 14 | UInt32(p.audioCodingMode & 7) << 11
        let word = head | mode | (p.hasLFE ? 1 << 10 : 0) | UInt32(p.bitRateCode & 31) << 5
        out.writeBox("dac3") {
            $0.writeMultipleIntegers(UInt8(word >> 16), UInt16(truncatingIfNeeded: word))
        }
    }

    /// ETSI TS 102 366 §F.6, one independent substream.
    static func write(_ p: EAC3Parameters, to out: inout ByteBuffer) {
        let head = UInt32(p.sampleRateCode & 3) << 22 | UInt32(p.bitStreamID & 31) << 17
        let mode = UInt32(p.bitStreamMode & 7) << 12 | UInt32(p.audioCodingMode & 7) << 9
        let word = head | mode | (p.hasLFE ? 1 << 8 : 0)
        out.writeBox("dec3") {
            $0.writeMultipleIntegers(
                UInt16(min(max(p.dataRate, 0), 0x1FFF)) << 3, UInt8(word >> 16), UInt16(truncatingIfNeeded: word))
        }
    }

    /// Weir's own box: parameters of a track that the standard boxes do not hold. See this room's DESIGN.md.
    static func writeTrackParameters(_ codec: Codec, to out: inout ByteBuffer) {
        out.writeFullBox("wtrk") {
            switch codec {
            case .h264, .h265: break
            case .aac(let p):
                write(1, p.sampleRate, p.channelCount, p.samplesPerFrame, to: &$0)
                $0.writeInteger(p.objectType)
            case .mpegAudio(let p):
                write(2, p.sampleRate, p.channelCount, p.samplesPerFrame, to: &$0)
                $0.writeInteger(UInt8(clamping: p.layer))
            case .ac3(let p):
                write(3, p.sampleRate, p.channelCount, 1536, to: &$0)
            case .eac3(let p):
                write(4, p.sampleRate, p.channelCount, p.samplesPerFrame, to: &$0)
                $0.writeInteger(UInt32(clamping: p.dataRate))
            case .data(let p):
                let purpose: UInt8 =
                    switch p.purpose {
                    case .other: 0
                    case .scte35: 1
                    case .teletext: 2
                    case .dvbSubtitles: 3
                    }
                $0.writeMultipleIntegers(UInt8(5), purpose, p.streamType, UInt8(p.isSections ? 1 : 0))
                $0.writeBytes(p.descriptors)
            }
        }
    }

    private static func write(
        _ kind: UInt8, _ rate: Int, _ channels: Int, _ samples: Int, to out: inout ByteBuffer
    ) {
        out.writeMultipleIntegers(
            kind, UInt32(clamping: rate), UInt16(clamping: channels), UInt16(clamping: samples))
    }
}
