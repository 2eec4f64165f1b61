// All finite forms of one stream (playlists, segments, headers), each made once and kept while it is of use.
import CMAF
import HLS
import LiveStream
import MPEGTS
import Media
import NIOCore
import Synchronization

/// What a stream's window looks like to HLS players.
///
/// A playlist is rendered once per closed segment, an MPEG-TS segment is muxed once; every viewer gets the same buffers.
/// Segments that a playlist has named stay available for `spareSegments` more segments after they have left the window, since a
/// player may ask for them that much later (RFC 8216 §6.2.2). They share the window's bytes.
final class StreamRenditions: Sendable {
    /// Kept beyond the window, and never more bytes than the window may have.
    static let spareSegments: Int64 = 3

    private struct State {
        /// The newest closed segment, as number and end: what the renditions were made from.
        var newest: (sequence: Int64, end: MediaTime)?
        var oldestSequence: Int64 = 0
        /// By sequence number, oldest first: window and spare ones.
        var kept: [LiveSegment] = []
        var windowCount = 0
        var playlists: [MediaRoute: Representation] = [:]
        var headers: [MediaRoute: Representation] = [:]
        var transportStreamSegments: [MediaTime: Representation] = [:]
        /// Bytes of the MPEG-TS segments, also of those that nobody has asked for.
        var transportStreamLengths: [MediaTime: Int] = [:]
        var lastUse: NIODeadline = .uptimeNanoseconds(0)
        /// Highest target duration ever said: it must not change, so at least it never falls (RFC 8216 §6.2.1).
        var targetDuration: Int64 = 1
    }

    private let state = Mutex(State())

    /// The representation that `route` names, with its cache policy; nil when there is no such thing (any more).
    func representation(
        of route: MediaRoute, in window: LiveWindow, at now: NIODeadline
    ) throws(CMAFError) -> (Representation, CachePolicy)? {
        let result = state.withLock { state -> Result<(Representation, CachePolicy)?, CMAFError> in
            state.lastUse = now
            update(&state, window)
            do throws(CMAFError) {
                return .success(try find(route, &state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Lets go of everything unless there was a request within `idleAfter`.
    func releaseIdle(at now: NIODeadline, after idleAfter: TimeAmount) {
        state.withLock { state in
            guard state.lastUse + idleAfter <= now else { return }
            let targetDuration = state.targetDuration
            state = State()
            state.targetDuration = targetDuration
        }
    }

    private func update(_ state: inout State, _ window: LiveWindow) {
        let closed = window.closed
        guard let first = closed.first, let last = closed.last else { return }
        let isSame = state.newest.map { $0.sequence == last.sequence && $0.end == last.end } ?? false
        guard !isSame || state.oldestSequence != first.sequence else { return }
        let spare = state.kept.filter {
            $0.sequence < first.sequence && $0.sequence >= first.sequence - Self.spareSegments
        }
        var kept = spare + closed
        var bytes = kept.reduce(0) { $0 + $1.byteCount }
        while kept.count > closed.count, bytes > window.limits.bytes {
            bytes -= kept.removeFirst().byteCount
        }
        state.kept = kept
        state.windowCount = closed.count
        state.newest = (last.sequence, last.end)
        state.oldestSequence = first.sequence
        state.playlists = [:]
        state.headers = [:]
        let starts = Set(kept.map(\.start))
        state.transportStreamSegments = state.transportStreamSegments.filter { starts.contains($0.key) }
        state.transportStreamLengths = state.transportStreamLengths.filter { starts.contains($0.key) }
    }

    private func find(
        _ route: MediaRoute, _ state: inout State
    ) throws(CMAFError) -> (Representation, CachePolicy)? {
        switch route {
        case .multivariantPlaylist(let container):
            let isKnown = state.playlists[route] != nil
            let joined = container == .transportStream && !isKnown ? try transportStreamMeasures(&state) : nil
            return playlist(route, &state) { segments, _ in
                PlaylistRendering.multivariant(segments, container: container ?? .fragmentedMP4, joined: joined)?
                    .write()
            }
        case .mediaPlaylist(let selection):
            return playlist(route, &state) { Self.media($0, selection, &$1) }
        case .transportStreamPlaylist:
            return playlist(route, &state) { Self.media($0, nil, &$1) }
        case .initialization(let fingerprint, let selection):
            if let known = state.headers[route] { return (known, .immutable) }
            for tracks in Set(state.kept.map(\.tracks)) {
                let ids = tracks.ids(of: selection)
                guard !ids.isEmpty else { continue }
                let bytes = InitializationSegment.write(tracks, only: ids)
                guard InitializationSegment.fingerprint(bytes).description == fingerprint else { continue }
                let made = Representation(
                    contentType: tracks.contentType(of: ids), pieces: [bytes], entityTag: "\"\(fingerprint)\"")
                state.headers[route] = made
                return (made, .immutable)
            }
            return nil
        case .segment(let start, let selection):
            guard let segment = state.kept.last(where: { $0.start == start }) else { return nil }
            let ids = segment.tracks.ids(of: selection)
            let pieces = segment.chunks.flatMap { $0.pieces(of: ids) }
            guard !ids.isEmpty, !pieces.isEmpty else { return nil }
            let made = Representation(
                contentType: segment.tracks.segmentContentType(of: ids), pieces: pieces,
                entityTag: "\(SegmentTag.fragments(start: start, selection, length: segment.byteCount))")
            return (made, .immutable)
        case .transportStreamSegment(let start):
            if let known = state.transportStreamSegments[start] { return (known, .immutable) }
            guard let segment = state.kept.last(where: { $0.start == start }) else { return nil }
            let bytes = TransportStreamMuxer.segment(tracks: segment.tracks, frames: try Self.frames(of: segment))
            let made = Representation(
                contentType: "video/mp2t", pieces: [bytes],
                entityTag: "\(SegmentTag.transportStream(start: start, length: bytes.readableBytes))")
            state.transportStreamSegments[start] = made
            return (made, .immutable)
        case .transportStream, .fragmentedMP4, .embedPage, .mediaInformation, .preview, .archive, .cutSegment:
            return nil
        }
    }

    private static func frames(of segment: LiveSegment) throws(CMAFError) -> [TimedFrame] {
        var frames: [TimedFrame] = []
        for chunk in segment.chunks { frames += try FragmentReader.frames(in: chunk.bytes) }
        return frames
    }

    /// Of the window's segments; the length of each is counted once.
    private func transportStreamMeasures(_ state: inout State) throws(CMAFError) -> TrackMeasures {
        var lengths = state.transportStreamLengths
        defer { state.transportStreamLengths = lengths }
        return try TrackMeasures.measure(joined: state.kept.suffix(state.windowCount)) {
            segment throws(CMAFError) in
            if let known = lengths[segment.start] { return known }
            let length = TransportStreamMuxer.segmentLength(
                tracks: segment.tracks, frames: try Self.frames(of: segment))
            lengths[segment.start] = length
            return length
        }
    }

    private static func media(
        _ segments: ArraySlice<LiveSegment>, _ selection: TrackSelection?, _ targetDuration: inout Int64
    ) -> [UInt8]? {
        guard var playlist = PlaylistRendering.media(segments, selection) else { return nil }
        playlist.targetDurationMinimum = targetDuration
        targetDuration = playlist.targetDuration
        return playlist.write()
    }

    private func playlist(
        _ route: MediaRoute, _ state: inout State,
        _ render: (ArraySlice<LiveSegment>, inout Int64) -> [UInt8]?
    ) -> (Representation, CachePolicy)? {
        if let known = state.playlists[route] { return (known, .seconds(1)) }
        let segments = state.kept.suffix(state.windowCount)
        guard let text = render(segments, &state.targetDuration) else { return nil }
        let bytes = ByteBuffer(bytes: text)
        let made = Representation(
            contentType: "application/vnd.apple.mpegurl", pieces: [bytes],
            entityTag: "\"\(Fingerprint(of: bytes))\"", gzip: Gzip.compress(text))
        state.playlists[route] = made
        return (made, .seconds(1))
    }
}
