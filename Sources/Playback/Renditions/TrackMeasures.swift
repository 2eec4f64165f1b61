// Bitrate and frame rate of tracks, measured on the bytes of the window.
import CMAF
import LiveStream
import Media

/// What the closed segments of a window say of one track.
struct TrackMeasures: Hashable {
    /// Highest bit/s of a segment (RFC 8216 §4.3.4.2, BANDWIDTH).
    var peakBitrate: Int64 = 0
    /// Bit/s over all segments.
    var averageBitrate: Int64 = 0
    /// Thousandths of a frame per second; nil when there are too few frames to tell.
    var frameRateThousandths: Int64?

    /// Measures the segments that have the same tracks as the last one; others were another encoding.
    static func measure(_ segments: ArraySlice<LiveSegment>) -> [TrackID: TrackMeasures] {
        guard let tracks = segments.last?.tracks else { return [:] }
        var result: [TrackID: TrackMeasures] = [:]
        for track in tracks.playable {
            var measures = TrackMeasures()
            var bytes: Int64 = 0
            var span = MediaSpan.zero
            var frames: Int64 = 0
            var framesSpan = MediaSpan.zero
            for segment in segments where segment.tracks == tracks && segment.duration > .zero {
                var segmentBytes: Int64 = 0
                for chunk in segment.chunks {
                    for part in chunk.parts where part.track == track.id {
                        segmentBytes += Int64(part.length)
                        frames += Int64(part.frameCount)
                        framesSpan += part.duration
                    }
                }
                measures.peakBitrate = max(measures.peakBitrate, bitrate(segmentBytes, segment.duration))
                bytes += segmentBytes
                span += segment.duration
            }
            if span > .zero { measures.averageBitrate = bitrate(bytes, span) }
            if frames > 1, framesSpan > .zero {
                measures.frameRateThousandths = (frames * 90_000_000 + framesSpan.ticks / 2) / framesSpan.ticks
            }
            result[track.id] = measures
        }
        return result
    }

    /// The bit rates of whole segments, of which `length` knows the bytes.
    static func measure(
        joined segments: ArraySlice<LiveSegment>, length: (LiveSegment) throws(CMAFError) -> Int
    ) throws(CMAFError) -> TrackMeasures {
        var measures = TrackMeasures()
        var bytes: Int64 = 0
        var span = MediaSpan.zero
        for segment in segments where segment.tracks == segments.last?.tracks && segment.duration > .zero {
            let own = Int64(try length(segment))
            measures.peakBitrate = max(measures.peakBitrate, bitrate(own, segment.duration))
            bytes += own
            span += segment.duration
        }
        if span > .zero { measures.averageBitrate = bitrate(bytes, span) }
        return measures
    }

    private static func bitrate(_ bytes: Int64, _ span: MediaSpan) -> Int64 {
        bytes * 8 * mediaTicksPerSecond / span.ticks
    }
}
