// The name of a segment, the same on every server.
package import Media

/// Names a segment in archives, playlists, URLs and between servers: its stream and its first decode time.
package struct SegmentKey: Hashable, Comparable, Sendable {
    package var stream: String
    package var start: MediaTime

    package init(stream: String, start: MediaTime) {
        self.stream = stream
        self.start = start
    }

    package static func < (a: SegmentKey, b: SegmentKey) -> Bool {
        a.stream != b.stream ? a.stream < b.stream : a.start < b.start
    }
}
