// The edit list of a track: a delay at its start, and the part of its media that is presented.
import NIOCore

/// An edit list of the one shape that files with media in one piece have (ISO/IEC 14496-12 §8.6.6).
struct EditList {
    /// Length of empty edits at the start, in ticks of the movie's timescale.
    var delay: UInt64 = 0
    /// Media time at which presentation begins, in ticks of the track's timescale.
    var mediaTime: Int64 = 0
    /// Length of the presented part in ticks of the movie's timescale; nil: to the end.
    var duration: UInt64?

    /// No `edts`: the whole media from its zero on.
    ///
    /// - Throws: `.unsupported` for media that is cut into several pieces or played at another speed.
    init(of trak: Box) throws(CMAFError) {
        guard let edits = try trak.body.first("edts"), let list = try edits.body.first("elst") else { return }
        var (version, _, body) = try list.full()
        let count = Int(try body.u32())
        guard count <= body.remaining / (version == 1 ? 20 : 12) else {
            throw CMAFError(.malformed, at: list.offset, "elst claims \(count) edits, more than it can hold")
        }
        var hasMedia = false
        for _ in 0..<count {
            let length = version == 1 ? try body.u64() : UInt64(try body.u32())
            let time = version == 1 ? Int64(bitPattern: try body.u64()) : Int64(Int32(bitPattern: try body.u32()))
            let rate = try body.u32()
            guard time >= 0 else {
                // An empty edit behind the media only makes the movie longer.
                if !hasMedia { delay = delay.addingReportingOverflow(length).partialValue }
                continue
            }
            guard !hasMedia, rate == 0x10000 else {
                throw CMAFError(
                    .unsupported, at: list.offset,
                    "the edit list cuts the track into pieces or changes its speed; write it anew: ffmpeg -i IN OUT.mp4"
                )
            }
            hasMedia = true
            mediaTime = time
            duration = length == 0 ? nil : length
        }
        guard delay < 1 << 56, mediaTime < 1 << 56, (duration ?? 0) < 1 << 56 else {
            throw CMAFError(.malformed, at: list.offset, "elst says times that no film has")
        }
    }
}
