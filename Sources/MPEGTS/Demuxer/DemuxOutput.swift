// What the demuxer hands out: tracks, frames and clock jumps in order, and the counters of damage.
package import Media

/// The events of one or more reads, in order.
package struct DemuxOutput: Sendable {
    package enum Event: Sendable {
        /// The tracks are known or have changed; frames from here on are of these.
        case tracks(TrackSet)
        /// In the order in which they were completed; per track in decode order. Never empty.
        case frames([Frame])
        /// The clock of the source jumped: times before and after cannot be compared.
        case clockJump
    }

    private var closed: [Event] = []
    private var open: [Frame] = []

    package init() {}

    package var isEmpty: Bool { closed.isEmpty && open.isEmpty }

    /// All events so far; afterwards the output is empty and can be used for the next read.
    package mutating func take() -> [Event] {
        close()
        defer { closed.removeAll() }
        return closed
    }

    mutating func append(_ frame: Frame) { open.append(frame) }

    mutating func append(_ event: Event) {
        close()
        closed.append(event)
    }

    mutating func append(contentsOf other: inout DemuxOutput) {
        close()
        closed.append(contentsOf: other.take())
    }

    private mutating func close() {
        guard !open.isEmpty else { return }
        closed.append(.frames(open))
        open.removeAll()
    }
}

/// Counters of one transport stream since the demuxer was made.
package struct TransportStreamCounters: Hashable, Sendable {
    /// Packets, null packets included.
    package var packets: UInt64 = 0
    /// Packets missing by continuity counter (ISO/IEC 13818-1 §2.4.3.3), on the PIDs of the chosen programme. Whole turns of the
    /// counter cannot be seen: where 15 are counted it may have been 31.
    package var lost: UInt64 = 0
    /// Packets sent twice.
    package var repeated: UInt64 = 0
    /// Packets with transport_error_indicator.
    package var errors: UInt64 = 0
    package var scrambled: UInt64 = 0
    /// Times that packet synchronisation was lost.
    package var resyncs: UInt64 = 0
    /// PSI sections with a wrong CRC or an impossible length.
    package var psiErrors: UInt64 = 0
    /// Access units thrown away because a part of them was missing or wrong, or they are of a form that is not read. A track that
    /// is given up because nothing in it could be read counts once.
    package var damagedFrames: UInt64 = 0
    package var lostByPID: [UInt16: UInt64] = [:]
    /// Of `damagedFrames`.
    package var damagedByPID: [UInt16: UInt64] = [:]

    package init() {}
}
