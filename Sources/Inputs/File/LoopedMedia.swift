// A media file as its player sees it: positions in a loop, places to enter, frames up to a position.
internal import Ingest
internal import Media

/// A file opened for looping. Positions count from the first key frame of the leading track.
protocol LoopedMedia {
    /// The length of the loop: that of the leading track. What other tracks have beyond it is cut.
    var duration: MediaSpan { get }
    var byteCount: Int64 { get }
    /// Frames left out so far because their bytes are damaged.
    var damagedFrames: UInt64 { get }
    /// The positions of the leading track's key frames, rising; the first is zero.
    var entries: [MediaSpan] { get }

    /// The next `read` begins with the key frame at `entry`, one of `entries`.
    mutating func seek(to entry: MediaSpan) throws(InputFailure)
    /// The frames whose position is below `limit` and that were not read yet, per track in decode order, as `.tracks` and
    /// `.frames`; their times are positions. Frames at negative positions are left out.
    mutating func read(until limit: MediaSpan) throws(InputFailure) -> [InputEvent]
}

extension LoopedMedia {
    /// For media whose parser counts damage itself.
    var damagedFrames: UInt64 { 0 }
}
