// Says what a stream is made of, as JSON for players and scripts.
import LiveStream
import Media
import NIOCore

enum MediaInformation {
    /// `{"name": …, "title": …, "alive": true, "tracks": [{"track_id": 1, "content": "video", "codec": "avc1.…", …}]}`;
    /// bit rates in bit/s over the window, `fps` measured.
    static func write(name: String, title: String, window: LiveWindow) -> ByteBuffer {
        let segments = window.segments[...]
        let measures = TrackMeasures.measure(window.closed.isEmpty ? segments : window.closed)
        let tracks = (segments.last?.tracks.tracks ?? []).map { track(of: $0, measures[$0.id]) }
        let text = object([
            ("name", quoted(name)), ("title", quoted(title)), ("alive", segments.isEmpty ? "false" : "true"),
            ("tracks", "[" + tracks.joined(separator: ",") + "]"),
        ])
        return ByteBuffer(string: text + "\n")
    }

    private static func track(of track: Track, _ measures: TrackMeasures?) -> String {
        let content =
            switch track.kind {
            case .video: "video"
            case .audio: "audio"
            case .data: "data"
            }
        var fields = [
            ("track_id", String(track.id.value)), ("content", quoted(content)),
            ("title", quoted(track.codec.displayName)),
        ]
        if let codec = track.codec.rfc6381 { fields.append(("codec", quoted(codec))) }
        if let language = track.language { fields.append(("language", quoted(language))) }
        if let size = track.codec.resolution {
            fields += [("width", String(size.width)), ("height", String(size.height))]
        }
        if let rate = measures?.frameRateThousandths, track.kind == .video {
            let fraction = String(rate % 1000)
            fields.append(("fps", "\(rate / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"))
        }
        if let channels = track.codec.channelCount { fields.append(("channels", String(channels))) }
        if let rate = track.codec.samplesPerFrame?.rate { fields.append(("sample_rate", String(rate))) }
        if let measures { fields.append(("bitrate", String(measures.averageBitrate))) }
        return object(fields)
    }

    private static func object(_ fields: [(String, String)]) -> String {
        "{" + fields.map { "\(quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    /// A JSON string (RFC 8259 §7).
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
