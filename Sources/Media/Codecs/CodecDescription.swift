// Says what playlists, the API and people want to know of a codec: RFC 6381 string, size, rates, a short name.

extension Codec {
    /// The codec as RFC 6381 and ISO/IEC 14496-15 annex E spell it (`avc1.64001f`, `hvc1.1.6.L93.b0`, `mp4a.40.2`); nil
    /// for data and for video whose parameter set cannot be read.
    package var rfc6381: String? {
        switch self {
        case .h264(let parameters):
            guard let sps = parameters.sequenceParameterSets.first, sps.count >= 4 else { return nil }
            return "avc1." + sps[1...3].map(hexByte).joined()
        case .h265(let parameters):
            return parameters.sequence?.rfc6381
        case .aac(let parameters):
            return "mp4a.40.\(parameters.objectType)"
        case .mpegAudio(let parameters):
            // The object type indications of MPEG-1 and MPEG-2 audio (ISO/IEC 14496-1 table 5), as in the `esds` box.
            return parameters.sampleRate >= 32000 ? "mp4a.6B" : "mp4a.69"
        case .ac3: return "ac-3"
        case .eac3: return "ec-3"
        case .data: return nil
        }
    }

    /// Picture size in luma samples after cropping; nil for other than video.
    package var resolution: (width: Int, height: Int)? {
        switch self {
        case .h264(let parameters): parameters.sequence.map { ($0.width, $0.height) }
        case .h265(let parameters): parameters.sequence.map { ($0.width, $0.height) }
        default: nil
        }
    }

    /// Frames per second as the parameter set says; nil when it does not.
    package var frameRate: Double? {
        switch self {
        case .h264(let parameters): parameters.sequence?.frameRate
        case .h265(let parameters): parameters.sequence?.frameRate
        default: nil
        }
    }

    /// Samples of one frame and per second, where the codec fixes them (audio).
    package var samplesPerFrame: (samples: Int, rate: Int)? {
        switch self {
        case .aac(let parameters): (parameters.samplesPerFrame, parameters.sampleRate)
        case .mpegAudio(let parameters): (parameters.samplesPerFrame, parameters.sampleRate)
        case .ac3(let parameters): (1536, parameters.sampleRate)
        case .eac3(let parameters): (parameters.samplesPerFrame, parameters.sampleRate)
        case .h264, .h265, .data: nil
        }
    }

    /// Length of one audio frame, rounded down to a tick; nil for video and data.
    package var frameDuration: MediaSpan? {
        samplesPerFrame.flatMap { samples, rate in
            rate > 0 ? MediaSpan(ticks: Int64(samples) * mediaTicksPerSecond / Int64(rate)) : nil
        }
    }

    package var channelCount: Int? {
        switch self {
        case .aac(let parameters): parameters.channelCount
        case .mpegAudio(let parameters): parameters.channelCount
        case .ac3(let parameters): parameters.channelCount
        case .eac3(let parameters): parameters.channelCount
        case .h264, .h265, .data: nil
        }
    }

    /// The name of the codec alone: `H.264`, `AAC`, `MP2`, `SCTE-35` …
    package var familyName: String {
        switch self {
        case .h264: "H.264"
        case .h265: "H.265"
        case .aac: "AAC"
        case .mpegAudio(let parameters): "MP\(parameters.layer)"
        case .ac3: "AC-3"
        case .eac3: "E-AC-3"
        case .data(let parameters):
            switch parameters.purpose {
            case .scte35: "SCTE-35"
            case .teletext: "Teletext"
            case .dvbSubtitles: "DVB subtitles"
            case .other: "Data 0x" + hexByte(parameters.streamType)
            }
        }
    }

    /// One short line for people: `H.264 1280×720`, `AAC 48 kHz stereo`, `AC-3 48 kHz 5.1`.
    package var displayName: String {
        if let resolution { return "\(familyName) \(resolution.width)×\(resolution.height)" }
        guard let rate = samplesPerFrame?.rate, let channelCount else { return familyName }
        let kilohertz = rate % 1000 == 0 ? "\(rate / 1000)" : "\(rate / 1000).\(rate % 1000 / 100)"
        let layout =
            switch channelCount {
            case 1: "mono"
            case 2: "stereo"
            case 6: "5.1"
            case 8: "7.1"
            default: "\(channelCount) channels"
            }
        return "\(familyName) \(kilohertz) kHz \(layout)"
    }
}

extension H264Parameters {
    /// The first sequence parameter set, read.
    package var sequence: H264SequenceParameters? {
        sequenceParameterSets.first.flatMap { H264SequenceParameters($0) }
    }
}

extension H265Parameters {
    /// The first sequence parameter set, read.
    package var sequence: H265SequenceParameters? {
        sequenceParameterSets.first.flatMap { H265SequenceParameters($0) }
    }
}

extension H265SequenceParameters {
    /// ISO/IEC 14496-15 §E.3: profile, compatibility flags in reverse bit order, tier and level, constraint bytes without
    /// trailing zeros.
    package var rfc6381: String {
        var reversed: UInt32 = 0
        for bit in 0..<32 where compatibility >> UInt32(bit) & 1 == 1 { reversed |= 1 << UInt32(31 - bit) }
        var bytes = (0..<6).map { UInt8(truncatingIfNeeded: constraints >> UInt64(40 - 8 * $0)) }
        while bytes.last == 0 { bytes.removeLast() }
        let space = profileSpace == 0 ? "" : ["A", "B", "C"][Int(profileSpace - 1) % 3]
        let head = "hvc1.\(space)\(profile).\(String(reversed, radix: 16)).\(isHighTier ? "H" : "L")\(level)"
        return ([head] + bytes.map { String($0, radix: 16) }).joined(separator: ".")
    }
}

/// Two lower-case hexadecimal digits.
private func hexByte(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
}
