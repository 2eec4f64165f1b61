// Segments out of run files, under the same addresses and with the same bytes as live.
import Archive
import ArchiveStorage
import CMAF
import MPEGTS
import Media
import NIOCore
import NIOHTTP1

extension ArchivePlayback {
    func segment(
        _ start: MediaTime, _ selection: TrackSelection, of stream: String, in store: ArchiveStore,
        request: MediaRequest, wantsFile: Bool
    ) throws -> ArchiveAnswer? {
        guard let (segment, lease) = try store.lease(SegmentKey(stream: stream, start: start)) else { return nil }
        let tracks = try headers.tracks(of: segment.run, in: store)
        let ids = tracks.ids(of: selection)
        guard !ids.isEmpty else { return nil }
        let type = tracks.segmentContentType(of: ids)
        let tag = "\(SegmentTag.fragments(start: start, selection, length: segment.length))"
        let isWhole = ids.count == tracks.tracks.count
        let cache = Self.cache(of: segment)
        if isWhole, wantsFile {
            // Conditions are answered as for a representation without bytes; only a full answer needs the file.
            let empty = Representation(contentType: type, pieces: [], entityTag: tag)
            var answer = MediaAnswer.representation(empty, cache: cache, request: request.headers)
            guard answer.status == .ok else { return .made(answer) }
            answer.length = segment.length
            return .file(answer, try OpenSegment(lease, offset: segment.offset, length: segment.length))
        }
        let bytes = try store.bytes(of: segment)
        var pieces = [bytes]
        if !isWhole {
            pieces = ChunkParser.scan(bytes).parts.filter { ids.contains($0.track) }.compactMap {
                bytes.getSlice(at: bytes.readerIndex + $0.offset, length: $0.length)
            }
        }
        guard !pieces.isEmpty else { return nil }
        withExtendedLifetime(lease) {}
        let made = Representation(contentType: type, pieces: pieces, entityTag: tag)
        return .made(.representation(made, cache: cache, request: request.headers))
    }

    func transportStreamSegment(
        _ start: MediaTime, of stream: String, in store: ArchiveStore, request: MediaRequest
    ) throws -> ArchiveAnswer? {
        guard let (segment, lease) = try store.lease(SegmentKey(stream: stream, start: start)) else { return nil }
        let frames = try FragmentReader.frames(in: try store.bytes(of: segment))
        withExtendedLifetime(lease) {}
        let bytes = TransportStreamMuxer.segment(tracks: try headers.tracks(of: segment.run, in: store), frames: frames)
        let made = Representation(
            contentType: "video/mp2t", pieces: [bytes],
            entityTag: "\(SegmentTag.transportStream(start: start, length: bytes.readableBytes))")
        return .made(.representation(made, cache: Self.cache(of: segment), request: request.headers))
    }

    /// The beginning of a segment, up to where another takes over: see `PlaybackSelection`.
    func cutSegment(
        _ start: MediaTime, until end: MediaTime, _ container: MediaRoute.Container, of stream: String,
        in store: ArchiveStore, request: MediaRequest
    ) throws -> ArchiveAnswer? {
        guard let (segment, lease) = try store.lease(SegmentKey(stream: stream, start: start)),
            start < end, end < segment.end
        else { return nil }
        var bytes = try SegmentCut.bytes(of: try store.bytes(of: segment), until: end)
        let tracks = try headers.tracks(of: segment.run, in: store)
        withExtendedLifetime(lease) {}
        var type = tracks.segmentContentType(of: Set(tracks.tracks.map(\.id)))
        if container == .transportStream {
            bytes = TransportStreamMuxer.segment(tracks: tracks, frames: try FragmentReader.frames(in: bytes))
            type = "video/mp2t"
        }
        let made = Representation(
            contentType: type, pieces: [bytes],
            entityTag: "\(SegmentTag.cut(start: start, end: end, length: bytes.readableBytes))")
        return .made(.representation(made, cache: Self.cache(of: segment), request: request.headers))
    }

    /// In the place of one that ended early, the whole one may come from another server.
    private static func cache(of segment: ArchivedSegment) -> CachePolicy {
        segment.isInterrupted ? .seconds(30) : .immutable
    }
}
