// One trak box: identity, language, handler and sample entry of a track.
import Media
import NIOCore

/// Writes `trak` (ISO/IEC 14496-12 §8.3) with empty sample tables or those that are handed in.
enum TrackBox {
    /// - Parameters:
    ///   - otherCodecs: further sample descriptions of the same kind, numbered from 2 on.
    ///   - duration: of the media in ticks of 90 kHz; 0 in an initialisation segment.
    ///   - presented: of the track in the movie; nil where it is that of the media.
    ///   - tables: writes the sample tables behind `stsd`; the default writes empty ones.
    static func write(
        _ track: Track, otherCodecs: [Codec] = [], duration: UInt64 = 0, presented: UInt64? = nil,
        to out: inout ByteBuffer,
        edits: (inout ByteBuffer) -> Void = { _ in }, tables: (inout ByteBuffer) -> Void = writeEmptyTables
    ) {
        let format = PictureFormat(track.codec)
        out.writeBox("trak") { trak in
            trak.writeFullBox("tkhd", version: 1, flags: 3) {
                $0.writeMultipleIntegers(
                    UInt64(0), UInt64(0), track.id.value, UInt32(0), presented ?? duration, UInt64(0))
                $0.writeMultipleIntegers(
                    UInt16(0), UInt16(0), UInt16(track.kind == .audio ? 0x100 : 0), UInt16(0))
                $0.writeUnityMatrix()
                $0.writeMultipleIntegers(UInt32(format.width) << 16, UInt32(format.height) << 16)
            }
            edits(&trak)
            trak.writeBox("mdia") { mdia in
                writeMediaHeader(track, duration: duration, to: &mdia)
                mdia.writeBox("minf") { minf in
                    switch track.kind {
                    case .video: minf.writeFullBox("vmhd", flags: 1) { $0.writeZeros(8) }
                    case .audio: minf.writeFullBox("smhd") { $0.writeZeros(4) }
                    case .data: minf.writeFullBox("nmhd") { _ in }
                    }
                    minf.writeBox("dinf") {
                        $0.writeFullBox("dref") {
                            $0.writeInteger(UInt32(1))
                            $0.writeFullBox("url ", flags: 1) { _ in }
                        }
                    }
                    minf.writeBox("stbl") {
                        $0.writeFullBox("stsd") {
                            $0.writeInteger(UInt32(1 + otherCodecs.count))
                            writeSampleEntry(track.codec, format: format, to: &$0)
                            for codec in otherCodecs {
                                writeSampleEntry(codec, format: PictureFormat(codec), to: &$0)
                            }
                        }
                        tables(&$0)
                    }
                }
            }
        }
    }

    static func writeEmptyTables(_ out: inout ByteBuffer) {
        out.writeFullBox("stts") { $0.writeInteger(UInt32(0)) }
        out.writeFullBox("stsc") { $0.writeInteger(UInt32(0)) }
        out.writeFullBox("stsz") { $0.writeInteger(UInt64(0)) }
        out.writeFullBox("stco") { $0.writeInteger(UInt32(0)) }
    }

    private static func writeMediaHeader(_ track: Track, duration: UInt64, to out: inout ByteBuffer) {
        let packed = Language.packed(track.language)
        out.writeFullBox("mdhd", version: 1) {
            $0.writeMultipleIntegers(
                UInt64(0), UInt64(0), UInt32(mediaTicksPerSecond), duration, packed ?? Language.undetermined,
                UInt16(0))
        }
        let (handler, name): (FourCC, String) =
            switch track.kind {
            case .video: ("vide", "video")
            case .audio: ("soun", "audio")
            case .data: ("meta", "data")
            }
        out.writeFullBox("hdlr") {
            $0.writeInteger(UInt32(0))
            $0.writeFourCC(handler)
            $0.writeZeros(12)
            $0.writeString(name)
            $0.writeZeros(1)
        }
        if let language = track.language, packed == nil {
            out.writeFullBox("elng") {
                $0.writeString(language)
                $0.writeZeros(1)
            }
        }
    }

    private static func writeSampleEntry(_ codec: Codec, format: PictureFormat, to out: inout ByteBuffer) {
        switch codec {
        case .h264(let p):
            out.writeBox("avc1") {
                writeVisualEntry(format, to: &$0)
                CodecConfiguration.write(p, to: &$0)
            }
        case .h265(let p):
            out.writeBox("hvc1") {
                writeVisualEntry(format, to: &$0)
                CodecConfiguration.write(p, to: &$0)
            }
        case .aac(let p):
            writeAudioEntry("mp4a", codec, p.channelCount, p.sampleRate, to: &out) {
                CodecConfiguration.writeESDescriptor(
                    objectType: 0x40, specificInfo: p.audioSpecificConfig, to: &$0)
            }
        case .mpegAudio(let p):
            writeAudioEntry("mp4a", codec, p.channelCount, p.sampleRate, to: &out) {
                CodecConfiguration.writeESDescriptor(
                    objectType: p.sampleRate < 32000 ? 0x69 : 0x6B, specificInfo: [], to: &$0)
            }
        case .ac3(let p):
            writeAudioEntry("ac-3", codec, p.channelCount, p.sampleRate, to: &out) {
                CodecConfiguration.write(p, to: &$0)
            }
        case .eac3(let p):
            writeAudioEntry("ec-3", codec, p.channelCount, p.sampleRate, to: &out) {
                CodecConfiguration.write(p, to: &$0)
            }
        case .data(let p):
            out.writeBox("mett") {
                $0.writeZeros(6)
                $0.writeInteger(UInt16(1))
                $0.writeZeros(1)
                $0.writeString(mimeType(p.purpose))
                $0.writeZeros(1)
                CodecConfiguration.writeTrackParameters(codec, to: &$0)
            }
        }
    }

    private static func mimeType(_ purpose: DataParameters.Purpose) -> String {
        switch purpose {
        case .scte35: "application/x-scte35"
        case .teletext: "application/x-teletext"
        case .dvbSubtitles: "application/x-dvb-subtitles"
        case .other: "application/x-mpegts-private"
        }
    }

    private static func writeVisualEntry(_ format: PictureFormat, to out: inout ByteBuffer) {
        out.writeZeros(6)
        out.writeInteger(UInt16(1))
        out.writeZeros(16)
        out.writeMultipleIntegers(
            UInt16(format.width), UInt16(format.height), UInt32(0x48_0000), UInt32(0x48_0000), UInt32(0), UInt16(1))
        out.writeZeros(32)
        out.writeMultipleIntegers(UInt16(0x18), UInt16(0xFFFF))
    }

    /// `wtrk` is written always: bytes must not depend on how well a reader understands the configuration.
    private static func writeAudioEntry(
        _ type: FourCC, _ codec: Codec, _ channels: Int, _ rate: Int, to out: inout ByteBuffer,
        configuration: (inout ByteBuffer) -> Void
    ) {
        out.writeBox(type) {
            $0.writeZeros(6)
            $0.writeInteger(UInt16(1))
            $0.writeZeros(8)
            $0.writeMultipleIntegers(UInt16(clamping: channels), UInt16(16), UInt32(0))
            $0.writeMultipleIntegers(UInt16(rate > 0xFFFF ? 0 : UInt16(clamping: rate)), UInt16(0))
            configuration(&$0)
            CodecConfiguration.writeTrackParameters(codec, to: &$0)
        }
    }
}

/// Languages as `mdhd` packs them (ISO/IEC 14496-12 §8.4.2.3).
enum Language {
    static let undetermined: UInt16 = 0x55C4

    /// Nil when the text is not three lower-case letters or is "und", which means the absence of one.
    static func packed(_ text: String?) -> UInt16? {
        guard let letters = text.map({ Array($0.utf8) }), letters.count == 3,
            letters.allSatisfy({ (0x61...0x7A).contains($0) })
        else { return nil }
        let value = letters.reduce(UInt16(0)) { $0 << 5 | UInt16($1 - 0x60) }
        return value == undetermined ? nil : value
    }

    static func unpacked(_ value: UInt16) -> String? {
        guard value != undetermined else { return nil }
        let letters = [value >> 10 & 31, value >> 5 & 31, value & 31].map { UInt8($0) + 0x60 }
        guard letters.allSatisfy({ (0x61...0x7A).contains($0) }) else { return nil }
        return String(decoding: letters, as: UTF8.self)
    }
}
