// The open sessions of a stream's inputs, each with a number so that late events of a closed one are told apart.
import Ingest
import Media

/// Bookkeeping of the input sessions of one stream.
struct InputSessions {
    struct Source {
        var tracks: TrackSet
        var clock: SourceClock
        /// The track whose key frames a switch waits for.
        var leading: TrackID?
    }

    private struct Slot {
        var number: UInt64 = 0
        var isOpen = false
        var session: (any InputSession)?
        var source: Source?
        /// Counters of sessions that are closed; the present session's are added to them.
        var past = InputCounters()
        var isPlaying = false
        /// Of an input of ready chunks.
        var timeline: TimelineAnchor?
        var joining = ChunkJoining()
        /// Of an input that is kept hot and does not play.
        var buffer: HotBuffer?
        /// Bytes for which the buffers of all sessions had no room.
        var hotDroppedBytes: UInt64 = 0
    }

    private var slots: [Slot]
    private var nextNumber: UInt64 = 1
    private let closing: ClosingInputs

    init(count: Int, closing: ClosingInputs) {
        slots = Array(repeating: Slot(), count: count)
        self.closing = closing
    }

    /// After a change of the inputs.
    ///
    /// - Parameter past: the sessions before; events of theirs may still be on their way.
    init(count: Int, after past: InputSessions) {
        self.init(count: count, closing: past.closing)
        nextNumber = past.nextNumber
    }

    /// A session of the input is about to open; its events carry the returned number.
    mutating func reserve(_ index: Int) -> UInt64 {
        close(index)
        slots[index].number = nextNumber
        slots[index].isOpen = true
        nextNumber += 1
        return slots[index].number
    }

    mutating func set(_ session: any InputSession, for index: Int, number: UInt64) {
        if isCurrent(index, number: number) { slots[index].session = session } else { closing.end(session) }
    }

    func isCurrent(_ index: Int, number: UInt64) -> Bool {
        slots.indices.contains(index) && slots[index].isOpen && slots[index].number == number
    }

    /// What the events of the input's session carry.
    func number(of index: Int) -> UInt64 { slots[index].number }

    mutating func setTracks(_ tracks: TrackSet, clock: SourceClock, for index: Int) {
        slots[index].source = Source(tracks: tracks, clock: clock, leading: (tracks.leading ?? tracks.tracks.first)?.id)
        // What was kept is of other tracks.
        slots[index].buffer = nil
    }

    func source(of index: Int) -> Source? { slots[index].source }

    /// Its tracks are known.
    func hasTracks(_ index: Int) -> Bool { slots[index].source != nil }

    mutating func setTimeline(_ anchor: TimelineAnchor?, for index: Int) { slots[index].timeline = anchor }

    func timeline(of index: Int) -> TimelineAnchor? { slots[index].timeline }

    /// Whether the stream can pass over to the ready chunks of an input with this one.
    mutating func joins(_ chunk: Chunk, of index: Int, after newest: LiveSegment?) -> Bool {
        slots[index].joining.judge(chunk, after: newest)
    }

    mutating func keep(_ frames: [Frame], of index: Int, at now: MediaTime, span: MediaSpan) {
        slots[index].buffer = slots[index].buffer ?? HotBuffer(span: span)
        let dropped = slots[index].buffer?.append(frames, at: now) ?? 0
        slots[index].hotDroppedBytes += UInt64(dropped)
    }

    mutating func keep(_ chunk: Chunk, of index: Int, span: MediaSpan) {
        slots[index].buffer = slots[index].buffer ?? HotBuffer(span: span)
        let dropped = slots[index].buffer?.append(chunk) ?? 0
        slots[index].hotDroppedBytes += UInt64(dropped)
    }

    func hotDroppedBytes(of index: Int) -> UInt64 { slots[index].hotDroppedBytes }

    /// What was kept of an input; it is not kept any longer.
    mutating func takeBuffer(of index: Int) -> HotBuffer? {
        defer { slots[index].buffer = nil }
        return slots[index].buffer
    }

    func leadingTrack(of index: Int) -> TrackID? { slots[index].source?.leading }

    /// The stream takes its frames from this input now.
    mutating func setPlaying(_ index: Int) {
        for other in slots.indices { slots[other].isPlaying = other == index }
    }

    func isPlaying(_ index: Int) -> Bool { slots[index].isPlaying }

    func counters(of index: Int) -> InputCounters {
        guard let session = slots[index].session else { return slots[index].past }
        return slots[index].past.adding(session.counters)
    }

    mutating func close(_ index: Int) {
        let session = slots[index].session
        forget(index)
        if let session { closing.end(session) }
    }

    /// The session ended by itself.
    mutating func forget(_ index: Int) {
        slots[index].past = counters(of: index)
        slots[index].session = nil
        slots[index].isOpen = false
        slots[index].source = nil
        slots[index].isPlaying = false
        slots[index].timeline = nil
        slots[index].joining = ChunkJoining()
        slots[index].buffer = nil
    }

    mutating func closeAll() {
        for index in slots.indices { close(index) }
    }

    /// Calls `action` when no session that was closed reads its source any more; at once, if that is so now.
    func whenClosed(_ action: @escaping () -> Void) { closing.whenNone(action) }
}

extension InputCounters {
    fileprivate func adding(_ other: InputCounters) -> InputCounters {
        var sum = self
        sum.bytes += other.bytes
        sum.packets += other.packets
        sum.kernelDrops += other.kernelDrops
        sum.rtpLost += other.rtpLost
        sum.rtpReordered += other.rtpReordered
        sum.tsLost += other.tsLost
        sum.tsRepeated += other.tsRepeated
        sum.tsErrors += other.tsErrors
        sum.tsScrambled += other.tsScrambled
        sum.resyncs += other.resyncs
        sum.psiErrors += other.psiErrors
        sum.damagedFrames += other.damagedFrames
        sum.lostByPID.merge(other.lostByPID, uniquingKeysWith: +)
        sum.damagedByPID.merge(other.damagedByPID, uniquingKeysWith: +)
        return sum
    }
}
