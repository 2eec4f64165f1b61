// Decides what an endless answer is made of from what was asked and what the stream has.
import CMAF
import LiveStream
import Media

extension LiveForm {
    /// nil: `route` is no endless stream, nothing came yet, or the stream has none of the tracks.
    /// - Parameter withData: `tracks=all` of endless MP4 means the data tracks as well: for another server, which
    ///   makes transport streams of it.
    init?(_ route: MediaRoute, _ window: LiveWindow, withData: Bool = false) {
        guard let tracks = window.segments.last?.tracks else { return nil }
        switch route {
        case .transportStream: self = .transportStream
        case .fragmentedMP4(let asked):
            let isEverything = withData && asked?.isEmpty == true
            let chosen = isEverything ? Set(tracks.tracks.map(\.id)) : tracks.ids(asked: asked)
            guard !chosen.isEmpty else { return nil }
            self = .fragmentedMP4(
                header: InitializationSegment.write(tracks, only: chosen), tracks: tracks, chosen: chosen)
        default: return nil
        }
    }
}
