// The kinds of input URL that the language knows, whether or not this version can open them.

/// The scheme of an input URL. Which of them work is said by the server's features, not by this list.
package enum InputScheme: String, Hashable, Sendable, CaseIterable, Comparable {
    case udp, tshttp, tshttps, hls, hlss, rtsp, rtsps, rtmp, srt
    case m4f, m4fs, m4s
    case file, fake, copy, publish, playlist, timeshift

    /// What must follow `://`.
    enum Shape { case listeningAddress, hostAndPort, host, path, word, streamName, streamNameAndSeconds, anything }

    var shape: Shape {
        switch self {
        case .udp: .listeningAddress
        case .srt: .hostAndPort
        case .tshttp, .tshttps, .hls, .hlss, .rtsp, .rtsps, .rtmp, .m4f, .m4fs, .m4s: .host
        case .file, .playlist: .path
        case .fake: .word
        case .copy: .streamName
        case .timeshift: .streamNameAndSeconds
        case .publish: .anything
        }
    }

    /// An example for messages and documents.
    package var example: String {
        switch self {
        case .udp: "udp://239.0.0.1:1234"
        case .srt: "srt://camera.example:9000"
        case .m4f, .m4fs, .m4s: "\(rawValue)://peer.example:8080/cam"
        case .file: "file://vod/movie.mp4"
        case .playlist: "playlist://vod/list.txt"
        case .fake: "fake://fake"
        case .copy: "copy://cam"
        case .timeshift: "timeshift://cam/3600"
        case .publish: "publish://"
        default: "\(rawValue)://server.example/path"
        }
    }

    /// Another Weir server delivers it: its archive can be fetched for `replicate`.
    package var isPeerProtocol: Bool { self == .m4f || self == .m4fs || self == .m4s }

    package static func < (a: InputScheme, b: InputScheme) -> Bool { a.rawValue < b.rawValue }
}
