// A media playlist as a value, and its text.
package import Media

/// A media playlist (RFC 8216 §4.3.3) of fragmented MP4 or MPEG-TS segments.
package struct MediaPlaylist: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case event = "EVENT"
        case vod = "VOD"
    }

    package struct Segment: Hashable, Sendable {
        package var uri: String
        /// Written in seconds with six decimals. Not negative.
        package var duration: MediaSpan
        /// UTC of its first frame; written for the first segment and after each discontinuity, to the millisecond.
        package var programDateTime: MediaTime?
        package var isDiscontinuous: Bool
        /// There is no media for this segment (EXT-X-GAP).
        package var isGap: Bool
        /// URI of the initialisation segment; written where it differs from that of the segment before.
        package var map: String?

        package init(
            uri: String, duration: MediaSpan, programDateTime: MediaTime? = nil, isDiscontinuous: Bool = false,
            isGap: Bool = false, map: String? = nil
        ) {
            self.uri = uri
            self.duration = duration
            self.programDateTime = programDateTime
            self.isDiscontinuous = isDiscontinuous
            self.isGap = isGap
            self.map = map
        }
    }

    package var segments: [Segment]
    package var mediaSequence: Int64
    package var discontinuitySequence: Int64
    /// At least this many seconds: a live playlist's target duration must not change (RFC 8216 §6.2.1).
    package var targetDurationMinimum: Int64
    package var kind: Kind?
    package var isEnded: Bool
    package var hasIndependentSegments: Bool
    /// Where to begin (EXT-X-START), from the start, or from the end when negative.
    package var start: MediaSpan?

    package init(
        segments: [Segment], mediaSequence: Int64 = 0, discontinuitySequence: Int64 = 0,
        targetDurationMinimum: Int64 = 1, kind: Kind? = nil, isEnded: Bool = false,
        hasIndependentSegments: Bool = true, start: MediaSpan? = nil
    ) {
        self.segments = segments
        self.mediaSequence = mediaSequence
        self.discontinuitySequence = discontinuitySequence
        self.targetDurationMinimum = targetDurationMinimum
        self.kind = kind
        self.isEnded = isEnded
        self.hasIndependentSegments = hasIndependentSegments
        self.start = start
    }

    /// Each segment's duration, rounded to the nearest second, is at most this (RFC 8216 §4.3.3.1).
    package var targetDuration: Int64 {
        var longest: Int64 = 0
        for segment in segments { longest = max(longest, segment.duration.ticks) }
        return max(targetDurationMinimum, (longest + 45_000) / 90_000)
    }

    /// The lowest version that allows what is used (RFC 8216 §7; EXT-X-GAP: rfc8216bis §8).
    package var version: Int {
        if segments.contains(where: \.isGap) { return 8 }
        return segments.contains { $0.map != nil } ? 6 : 3
    }

    /// The playlist as UTF-8 with LF line ends.
    package func write() -> [UInt8] {
        var text = PlaylistText(capacity: 256 + segments.count * (40 + (segments.first?.uri.utf8.count ?? 0)))
        text.put("#EXTM3U\n#EXT-X-VERSION:")
        text.put(Int64(version))
        text.put("\n#EXT-X-TARGETDURATION:")
        text.put(targetDuration)
        text.put("\n#EXT-X-MEDIA-SEQUENCE:")
        text.put(mediaSequence)
        if discontinuitySequence != 0 {
            text.put("\n#EXT-X-DISCONTINUITY-SEQUENCE:")
            text.put(discontinuitySequence)
        }
        if let kind {
            text.put("\n#EXT-X-PLAYLIST-TYPE:")
            text.put(text: kind.rawValue)
        }
        if hasIndependentSegments { text.put("\n#EXT-X-INDEPENDENT-SEGMENTS") }
        if let start {
            text.put("\n#EXT-X-START:TIME-OFFSET=")
            text.put(seconds: start.ticks)
        }
        text.newLine()
        var map: String?
        for (index, segment) in segments.enumerated() {
            write(segment, isFirst: index == 0, map: &map, to: &text)
        }
        if isEnded { text.put("#EXT-X-ENDLIST\n") }
        return text.bytes
    }

    private func write(_ segment: Segment, isFirst: Bool, map: inout String?, to text: inout PlaylistText) {
        if segment.isDiscontinuous { text.put("#EXT-X-DISCONTINUITY\n") }
        if let uri = segment.map, uri != map {
            text.put("#EXT-X-MAP:URI=")
            text.put(quoted: uri)
            text.newLine()
            map = uri
        }
        if let time = segment.programDateTime, isFirst || segment.isDiscontinuous {
            text.put("#EXT-X-PROGRAM-DATE-TIME:")
            ProgramDateTime.write(time, to: &text)
            text.newLine()
        }
        if segment.isGap { text.put("#EXT-X-GAP\n") }
        text.put("#EXTINF:")
        text.put(seconds: segment.duration.ticks)
        text.put(",\n")
        text.put(text: segment.uri)
        text.newLine()
    }
}
