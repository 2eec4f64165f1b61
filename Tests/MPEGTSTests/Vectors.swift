// The transport streams that the tests share, made by ffmpeg once per run.

enum Vector: String, CaseIterable, Sendable {
    case plain, bFrames, interlaced, openGOP, slices, h265, latm, mp2, mp3, ac3, eac3, mono441

    var arguments: [String] {
        let h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p"]
        let reordering = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "25", "-pix_fmt", "yuv420p"]
        switch self {
        case .plain: return h264 + ["-c:a", "aac"]
        case .bFrames: return reordering + ["-c:a", "aac"]
        case .interlaced: return reordering + ["-flags", "+ilme+ildct", "-c:a", "aac"]
        case .openGOP: return reordering + ["-x264-params", "open-gop=1:keyint=12:b-adapt=0", "-c:a", "aac"]
        case .slices: return h264 + ["-x264-params", "slices=4", "-c:a", "aac"]
        case .h265:
            return [
                "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=25:bframes=3",
                "-pix_fmt",
                "yuv420p", "-c:a", "aac",
            ]
        case .latm: return h264 + ["-c:a", "aac", "-mpegts_flags", "latm"]
        case .mp2: return h264 + ["-c:a", "mp2"]
        case .mp3: return h264 + ["-c:a", "libmp3lame"]
        case .ac3: return h264 + ["-c:a", "ac3"]
        case .eac3: return h264 + ["-c:a", "eac3"]
        case .mono441: return h264 + ["-c:a", "aac", "-ar", "44100", "-ac", "1"]
        }
    }

    var isH265: Bool { self == .h265 }

    private static let made: [Vector: Result<[UInt8], any Error>] = Dictionary(
        uniqueKeysWithValues: allCases.map { vector in (vector, Result { try transportStream(vector.arguments) }) })

    func bytes() throws -> [UInt8] { try Self.made[self]?.get() ?? [] }
}
