// What a stream is made of: tracks, each with a codec and its parameters, and the set of them.

/// The number of a track within its stream: 1, 2, 3 … in the order in which the source lists its tracks.
///
/// It is the `track_ID` of CMAF bytes, so it depends on the source alone and is the same on every server.
package struct TrackID: Hashable, Comparable, Sendable {
    package var value: UInt32
    @inlinable package init(_ value: UInt32) { self.value = value }
    @inlinable package static func < (a: TrackID, b: TrackID) -> Bool { a.value < b.value }
}

/// One elementary stream.
package struct Track: Hashable, Sendable {
    package enum Kind: Hashable, Sendable { case video, audio, data }

    package var id: TrackID
    package var codec: Codec
    /// ISO 639-2 code of three letters, where the source says one.
    package var language: String?

    package init(id: TrackID, codec: Codec, language: String? = nil) {
        self.id = id
        self.codec = codec
        self.language = language
    }

    @inlinable package var kind: Kind { codec.kind }
}

/// The codec of a track with all that a decoder must know before the first frame.
package enum Codec: Hashable, Sendable {
    case h264(H264Parameters)
    case h265(H265Parameters)
    case aac(AACParameters)
    case mpegAudio(MPEGAudioParameters)
    case ac3(AC3Parameters)
    case eac3(EAC3Parameters)
    /// Carried through but not decoded by players: SCTE-35, teletext, DVB subtitles, private data.
    case data(DataParameters)

    @inlinable package var kind: Track.Kind {
        switch self {
        case .h264, .h265: .video
        case .aac, .mpegAudio, .ac3, .eac3: .audio
        case .data: .data
        }
    }
}

/// The tracks of a stream from one change of them to the next. A different set means a new initialisation segment.
package struct TrackSet: Hashable, Sendable {
    /// In the order of their ids.
    package let tracks: [Track]

    package init(_ tracks: [Track]) {
        self.tracks = tracks.sorted { $0.id < $1.id }
    }

    package subscript(id: TrackID) -> Track? { tracks.first { $0.id == id } }

    /// The track that decides where segments are cut: the first video track, else the first audio track.
    package var leading: Track? {
        tracks.first { $0.kind == .video } ?? tracks.first { $0.kind == .audio }
    }
}
