// Decides from a PMT entry how an elementary stream is taken apart.
import Media

/// How the payload of a PID becomes frames.
enum StreamFormat: Hashable, Sendable {
    case h264, h265
    case adts, latm, mpegAudio, ac3
    /// PES payloads carried as they are.
    case data
    /// Sections carried as they are.
    case sections

    /// For messages to the operator.
    var displayName: String {
        switch self {
        case .h264: "H.264"
        case .h265: "H.265"
        case .adts: "AAC"
        case .latm: "AAC (LATM)"
        case .mpegAudio: "MPEG audio"
        case .ac3: "AC-3"
        case .data, .sections: "data"
        }
    }

    var isVideo: Bool { self == .h264 || self == .h265 }
    var isAudio: Bool {
        switch self {
        case .adts, .latm, .mpegAudio, .ac3: true
        case .h264, .h265, .data, .sections: false
        }
    }
}

extension ProgramMap.Entry {
    /// By stream_type (ISO/IEC 13818-1 table 2-34; 0x81, 0x87: ATSC A/53, A/52; 0x86: SCTE 35) and, for private PES
    /// (0x06), by descriptor (ETSI EN 300 468 §6.1: 0x6A AC-3, 0x7A E-AC-3, 0x7C AAC).
    var format: StreamFormat {
        switch streamType {
        case 0x1b: return .h264
        case 0x24: return .h265
        case 0x0f: return .adts
        case 0x11: return .latm
        case 0x03, 0x04: return .mpegAudio
        case 0x81, 0x87: return .ac3
        // Without a registration 0x86 could also be DTS audio of Blu-ray, which comes as PES; broadcasts mean SCTE 35.
        case 0x05, 0x0a...0x0d, 0x86: return .sections
        case 0x06:
            var format = StreamFormat.data
            forEachDescriptor(descriptors) { tag, content in
                switch tag {
                case 0x6a, 0x7a: format = .ac3
                case 0x7c: format = .latm
                case 0x05 where content.prefix(4).elementsEqual("AC-3".utf8): format = .ac3
                case 0x05 where content.prefix(4).elementsEqual("EAC3".utf8): format = .ac3
                case 0x05 where content.prefix(4).elementsEqual("HEVC".utf8): format = .h265
                default: break
                }
            }
            return format
        default: return .data
        }
    }

    /// The parameters of a carried track, whole in the PMT.
    func dataParameters(isSections: Bool) -> DataParameters {
        var purpose = DataParameters.Purpose.other
        if streamType == 0x86 { purpose = .scte35 }
        if streamType == 0x06 {
            forEachDescriptor(descriptors) { tag, _ in
                // teletext_descriptor, VBI_teletext_descriptor, subtitling_descriptor (ETSI EN 300 468 §6.2).
                if tag == 0x56 || tag == 0x46 { purpose = .teletext }
                if tag == 0x59 { purpose = .dvbSubtitles }
            }
        }
        return DataParameters(
            purpose: purpose, streamType: streamType, descriptors: descriptors, isSections: isSections)
    }

    /// From ISO_639_language_descriptor, teletext_descriptor or subtitling_descriptor: three letters, else nil.
    var language: String? {
        var result: String?
        forEachDescriptor(descriptors) { tag, content in
            guard [0x0a, 0x56, 0x59].contains(tag), result == nil, content.count >= 3 else { return }
            let letters = content.prefix(3)
            let isLetter = letters.allSatisfy { (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) }
            guard isLetter else { return }
            let code = String(decoding: letters, as: UTF8.self).lowercased()
            // «und» says that the language is not known.
            if code != "und" { result = code }
        }
        return result
    }
}
