// Makes playlists from segments of an archive. Pure.
import Archive
import HLS
import Media

enum ArchivePlaylists {
    /// A playlist of segments with all their tracks. One of fragmented MP4 is a part of a file and is sent as it lies there.
    ///
    /// - Parameters:
    ///   - map: the name of the initialisation segment of a run; nil when its tracks cannot be played.
    ///   - mayLoseItsBegin: what the list begins with may be deleted or passed while somebody follows it.
    ///   - numbers: of the first segment.
    static func media(
        _ selection: PlaybackSelection, _ container: MediaRoute.Container, isEnded: Bool, startsAtBegin: Bool,
        mayLoseItsBegin: Bool,
        numbers: (sequence: Int64, discontinuities: Int64), map: (ArchivedRun) throws -> String?
    ) rethrows -> MediaPlaylist {
        var maps: [UInt64: String?] = [:]
        let segments = try selection.entries.map { entry in
            let run = entry.segment.run
            let name: String?
            if let known = maps[run.tracksFingerprint] {
                name = known
            } else {
                name = try map(run)
                maps[run.tracksFingerprint] = name
            }
            return MediaPlaylist.Segment(
                uri: RenditionName.entry(entry, container), duration: entry.duration,
                programDateTime: entry.segment.start, isDiscontinuous: entry.isDiscontinuous, isGap: name == nil,
                map: container == .transportStream ? nil : name)
        }
        return MediaPlaylist(
            segments: segments, mediaSequence: numbers.sequence, discontinuitySequence: numbers.discontinuities,
            kind: isEnded ? .vod : mayLoseItsBegin ? nil : .event, isEnded: isEnded,
            // A segment that had to be cut without a key frame is not told from others by the index.
            hasIndependentSegments: false, start: startsAtBegin ? .zero : nil)
    }
}
