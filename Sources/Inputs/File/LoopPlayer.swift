// Plays a file over and over, its position locked to UTC, so that every server plays the same frame at the same instant.
internal import Ingest
internal import Media

/// The player of one file. Pure but for the reads of its media: the instant is handed in.
///
/// **Position.** Loop k begins at UTC k × duration, k counted from the epoch. A frame at position p has the time
/// k × duration + p, which depends on the file and on UTC alone. The duration is the leading track's; since all
/// positions lie in [0, duration), times rise over the seam. Other tracks lose what they have beyond it, and where they
/// are shorter a gap stays, so video and sound never drift apart however often the file is played.
///
/// **Entry.** Playback starts with the last key frame at or before now, and what lies between it and now is delivered at
/// once: its times are true, so the first segment is the same on every server and a viewer can start at once. That
/// burst is bounded (`longestCatchUp`, `largestCatchUp`); where the key frame lies further back, playback waits for the
/// next one. A stream that goes on from another input or server drops what lies before its end, as with any UTC source.
struct LoopPlayer {
    /// The oldest key frame to start with.
    static let longestCatchUp = MediaSpan.seconds(20)
    /// Bytes of the burst, by the file's average bit rate.
    static let largestCatchUp: Int64 = 32 << 20
    /// A clock that steps back by more than this is followed; less is waited for.
    static let backwardStep = MediaSpan.seconds(5)

    private var media: any LoopedMedia
    private var loop: Int64 = 0
    /// Up to where frames were read in the whole of UTC; nil before the first entry.
    private var playedUntil: MediaTime?
    private var tracks: TrackSet?

    init(_ media: any LoopedMedia) { self.media = media }

    var damagedFrames: UInt64 { media.damagedFrames }

    /// The events due at `now`: everything with an earlier decode time that was not delivered yet.
    ///
    /// - Throws: what reading the file throws.
    mutating func advance(to now: MediaTime) throws(InputFailure) -> [InputEvent] {
        var events: [InputEvent] = []
        if let playedUntil, now < playedUntil - Self.backwardStep || now - playedUntil > Self.longestCatchUp {
            // The machine slept or its clock was set: frames missed are not sent in a burst.
            events.append(.clockJump)
            try enter(at: now)
        } else if playedUntil == nil {
            try enter(at: now)
        }
        while true {
            let begin = MediaTime(ticks: loop * media.duration.ticks)
            let due = now - begin
            guard due > .zero else { break }
            for event in try media.read(until: min(due, media.duration)) { place(event, begin: begin, into: &events) }
            guard due >= media.duration else { break }
            loop += 1
            try media.seek(to: .zero)
        }
        if playedUntil.map({ now > $0 }) ?? true { playedUntil = now }
        return events
    }

    private mutating func enter(at now: MediaTime) throws(InputFailure) {
        loop = now.index(of: media.duration)
        playedUntil = now
        let position = MediaSpan(ticks: now.ticks - loop * media.duration.ticks)
        let bytesPerSecond = max(1, Double(media.byteCount) / media.duration.seconds)
        let affordable = MediaSpan(ticks: Int64(Double(Self.largestCatchUp) / bytesPerSecond * 90_000))
        let past = media.entries.last { $0 <= position } ?? .zero
        if position - past <= min(Self.longestCatchUp, affordable) {
            try media.seek(to: past)
        } else if let next = media.entries.first(where: { $0 > position }) {
            try media.seek(to: next)
        } else {
            loop += 1
            try media.seek(to: .zero)
        }
    }

    /// Gives a stretch of the loop its place in UTC.
    private mutating func place(_ event: InputEvent, begin: MediaTime, into events: inout [InputEvent]) {
        switch event {
        case .tracks(let set, _):
            guard set != tracks else { return }
            tracks = set
            events.append(.tracks(set, clock: .utc))
        case .frames(let frames):
            let placed = frames.compactMap { frame -> Frame? in
                // Half a frame of sound beyond the seam would be heard over the next loop's first: it is cut.
                if let length = frame.duration, frame.decodeTime.ticks + length.ticks / 2 > media.duration.ticks {
                    return nil
                }
                var frame = frame
                frame.decodeTime.ticks += begin.ticks
                frame.presentationTime.ticks += begin.ticks
                return frame
            }
            if !placed.isEmpty { events.append(.frames(placed)) }
        case .clockJump, .chunk, .timeline, .notice, .ended: break
        }
    }
}
