// Which tracks of a stream players get, and how their codecs are spelled.
import Media

extension TrackSet {
    /// Tracks that a CMAF player can take: audio and video whose codec has a name (RFC 6381).
    var playable: [Track] { tracks.filter { $0.kind != .data && $0.codec.rfc6381 != nil } }

    /// The ids that a selection means; empty when there is no such track.
    func ids(of selection: TrackSelection) -> Set<TrackID> {
        switch selection {
        case .all: Set(playable.map(\.id))
        case .one(let id): Set(playable.filter { $0.id == id }.map(\.id))
        }
    }

    /// For the endless MP4: the tracks asked for (none named: all), else the first video and the first audio track.
    func ids(asked: [TrackID]?) -> Set<TrackID> {
        if asked?.isEmpty == true { return Set(playable.map(\.id)) }
        if let asked { return Set(playable.map(\.id)).intersection(asked) }
        let first = [playable.first { $0.kind == .video }, playable.first { $0.kind == .audio }]
        return Set(first.compactMap { $0?.id })
    }

    /// `video/mp4` or `audio/mp4`: a segment of some of the tracks, whose codecs are in its header.
    func segmentContentType(of ids: Set<TrackID>) -> String {
        tracks.contains { ids.contains($0.id) && $0.kind == .video } ? "video/mp4" : "audio/mp4"
    }

    /// `video/mp4; codecs="avc1.42c01e,mp4a.40.2"` for some of the tracks.
    func contentType(of ids: Set<TrackID>) -> String {
        let codecs = tracks.filter { ids.contains($0.id) }.compactMap(\.codec.rfc6381)
        return "\(segmentContentType(of: ids)); codecs=\"\(codecs.joined(separator: ","))\""
    }

    /// `1=avc1.42c01e, 2=mp4a.40.2`: all that the endless MP4 can be asked for.
    var listing: String {
        playable.map { "\($0.id.value)=\($0.codec.rfc6381 ?? "")" }.joined(separator: ", ")
    }
}
