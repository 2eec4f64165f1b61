// The newest picture of a stream, without decoding anything: bytes that players decode, as they are in the window.
import CMAF
package import LiveStream
import Media
import NIOCore
import NIOHTTP1

/// A key frame as a short MP4 (`preview.mp4`): a `video` element shows it as a picture.
package enum Preview {
    /// nil: the stream has nothing to show yet.
    static func answer(window: LiveWindow, request: MediaRequest) -> MediaAnswer? {
        guard !window.segments.isEmpty else { return nil }
        guard let made = newest(in: window) else {
            return .text(.notFound, "The stream has no picture that a player could show.")
        }
        return .representation(made, cache: .seconds(1), request: request.headers)
    }

    /// The same for another server of the group; nil: there is none.
    package static func picture(of window: LiveWindow) -> [UInt8]? {
        newest(in: window).map { $0.pieces.flatMap { Array($0.readableBytesView) } }
    }

    private static func newest(in window: LiveWindow) -> Representation? {
        // A segment begins with a key frame, and its first chunk is there before it closes.
        for segment in window.segments.reversed() {
            guard let track = segment.tracks.playable.first(where: { $0.kind == .video })?.id,
                let chunk = segment.chunks.first(where: { $0.parts.contains { $0.track == track } })
            else { continue }
            let header = InitializationSegment.write(segment.tracks, only: [track])
            return Representation(
                contentType: segment.tracks.contentType(of: [track]), pieces: [header] + chunk.pieces(of: [track]),
                entityTag: "\"\(segment.start.ticks)\"")
        }
        return nil
    }
}
