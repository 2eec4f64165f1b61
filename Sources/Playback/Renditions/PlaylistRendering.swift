// Makes playlists from the closed segments of a window. Pure.
import Archive
import CMAF
import HLS
import LiveStream
import Media
import NIOCore

/// The names of what playlists refer to, relative to the stream.
enum RenditionName {
    static func playlist(_ selection: TrackSelection) -> String { "track-\(selection).m3u8" }
    static let transportStreamPlaylist = "ts.m3u8"
    static func initialization(_ fingerprint: Fingerprint, _ selection: TrackSelection) -> String {
        "init-\(fingerprint)-\(selection).mp4"
    }
    static func segment(_ start: MediaTime, _ selection: TrackSelection) -> String {
        "segment-\(start.ticks)-\(selection).m4s"
    }
    static func transportStreamSegment(_ start: MediaTime) -> String { "segment-\(start.ticks).ts" }

    /// With all tracks, out of an archive.
    static func entry(_ entry: PlaybackSelection.Entry, _ container: MediaRoute.Container) -> String {
        let start = entry.segment.start
        let isTransportStream = container == .transportStream
        if entry.isCut { return "cut-\(start.ticks)-\(entry.end.ticks).\(isTransportStream ? "ts" : "m4s")" }
        return isTransportStream ? transportStreamSegment(start) : segment(start, .all)
    }
}

enum PlaylistRendering {
    /// The playlist of playlists: each video track is a variant, the audio tracks are one group beside it. nil when the
    /// newest segment has nothing that a player can take.
    ///
    /// Audio and video are apart, as HLS players expect of fragmented MP4, and a track that is added or lost touches only its own
    /// playlist.
    ///
    /// - Parameter joined: what the MPEG-TS segments measure, which have more bytes than their tracks; nil for another container.
    static func multivariant(
        _ segments: ArraySlice<LiveSegment>, container: MediaRoute.Container, joined: TrackMeasures?
    ) -> MultivariantPlaylist? {
        guard let tracks = segments.last?.tracks, !tracks.playable.isEmpty else { return nil }
        let measures = TrackMeasures.measure(segments)
        let isIndependent = segments.allSatisfy(\.isIndependent)
        let videos = tracks.playable.filter { $0.kind == .video }
        let audios = tracks.playable.filter { $0.kind == .audio }
        if container == .transportStream {
            var all = variant(
                uri: RenditionName.transportStreamPlaylist, video: videos.first,
                others: Array(videos.dropFirst()) + audios,
                measures: measures, sumsOthers: true)
            if let joined {
                all.bandwidth = max(1, joined.peakBitrate)
                all.averageBandwidth = max(1, joined.averageBitrate)
            }
            return MultivariantPlaylist(variants: [all], hasIndependentSegments: isIndependent)
        }
        guard !videos.isEmpty else {
            let variants = audios.map {
                variant(
                    uri: RenditionName.playlist(.one($0.id)), video: nil, others: [$0], measures: measures,
                    sumsOthers: true)
            }
            return MultivariantPlaylist(variants: variants, hasIndependentSegments: isIndependent)
        }
        let group = "audio"
        let renditions = audios.enumerated().map { index, track in
            MultivariantPlaylist.Audio(
                group: group, name: "\(track.language ?? "Audio") \(track.id.value)", language: track.language,
                isDefault: index == 0, uri: RenditionName.playlist(.one(track.id)), channels: track.codec.channelCount)
        }
        let variants = videos.map { video in
            var result = variant(
                uri: RenditionName.playlist(.one(video.id)), video: video, others: audios, measures: measures,
                sumsOthers: false)
            result.audioGroup = audios.isEmpty ? nil : group
            return result
        }
        return MultivariantPlaylist(audio: renditions, variants: variants, hasIndependentSegments: isIndependent)
    }

    /// - Parameter sumsOthers: all of `others` are in the same bytes; else a player takes the largest of them.
    private static func variant(
        uri: String, video: Track?, others: [Track], measures: [TrackID: TrackMeasures], sumsOthers: Bool
    ) -> MultivariantPlaylist.Variant {
        func total(_ value: (TrackMeasures) -> Int64) -> Int64 {
            let beside = others.compactMap { measures[$0.id].map(value) }
            let own = video.flatMap { measures[$0.id].map(value) } ?? 0
            return own + (sumsOthers ? beside.reduce(0, +) : beside.max() ?? 0)
        }
        let size = video?.codec.resolution
        // Each codec once: several audio tracks mostly share one.
        var codecs: [String] = []
        for codec in ([video].compactMap { $0 } + others).compactMap(\.codec.rfc6381) where !codecs.contains(codec) {
            codecs.append(codec)
        }
        return MultivariantPlaylist.Variant(
            uri: uri, bandwidth: max(1, total(\.peakBitrate)), averageBandwidth: max(1, total(\.averageBitrate)),
            codecs: codecs, width: size?.width, height: size?.height,
            frameRateThousandths: video.flatMap { measures[$0.id]?.frameRateThousandths })
    }

    /// One media playlist. `selection` nil means MPEG-TS segments.
    ///
    /// A segment without the track is listed as a gap, so that the numbers of all playlists agree.
    static func media(_ segments: ArraySlice<LiveSegment>, _ selection: TrackSelection?) -> MediaPlaylist? {
        guard let first = segments.first else { return nil }
        var maps: [TrackSet: String?] = [:]
        let list = segments.map { segment in
            var entry = MediaPlaylist.Segment(
                uri: selection.map { RenditionName.segment(segment.start, $0) }
                    ?? RenditionName.transportStreamSegment(segment.start),
                duration: segment.duration, programDateTime: segment.start, isDiscontinuous: segment.isDiscontinuous)
            guard let selection else { return entry }
            let ids = segment.tracks.ids(of: selection)
            entry.isGap = !segment.chunks.contains { $0.parts.contains { ids.contains($0.track) } }
            let map: String?
            if let known = maps[segment.tracks] {
                map = known
            } else {
                map =
                    ids.isEmpty
                    ? nil
                    : RenditionName.initialization(
                        InitializationSegment.fingerprint(InitializationSegment.write(segment.tracks, only: ids)),
                        selection)
                maps[segment.tracks] = map
            }
            entry.map = map
            return entry
        }
        guard list.contains(where: { !$0.isGap }) else { return nil }
        return MediaPlaylist(
            segments: list, mediaSequence: first.sequence,
            // The tag of the first segment stays in the list and counts itself (RFC 8216 §4.3.3.3).
            discontinuitySequence: first.discontinuitySequence - (first.isDiscontinuous ? 1 : 0),
            hasIndependentSegments: segments.allSatisfy(\.isIndependent))
    }
}
