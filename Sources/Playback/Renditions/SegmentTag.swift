// Entity tags of segments: the same for the same bytes, live and out of an archive.
import Media

/// What a segment is known by. Its bytes are a function of these, so its tag needs no hash of them (DESIGN.md).
enum SegmentTag: CustomStringConvertible {
    /// Fragments of the tracks of a selection; `length` in bytes of the segment with all of its tracks.
    case fragments(start: MediaTime, TrackSelection, length: Int)
    case transportStream(start: MediaTime, length: Int)
    /// The beginning of a segment, up to where another takes over; `length` in bytes of what is left.
    case cut(start: MediaTime, end: MediaTime, length: Int)

    /// With its quotation marks, as in `ETag`.
    var description: String {
        switch self {
        case .fragments(let start, let selection, let length): "\"\(start.ticks)-\(selection)-\(length)\""
        case .transportStream(let start, let length): "\"\(start.ticks)-\(length)\""
        case .cut(let start, let end, let length): "\"\(start.ticks)-\(end.ticks)-\(length)\""
        }
    }
}
