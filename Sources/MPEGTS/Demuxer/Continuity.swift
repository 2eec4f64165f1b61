// Whether a packet is the one that its PID's counter lets expect.

/// What the continuity_counter of a packet says (ISO/IEC 13818-1 §2.4.3.3).
enum Continuity {
    case continuous, repeated, lost
}

/// The last packet with payload of a PID, as far as the next one is judged by it.
struct PacketPlace: Sendable {
    /// Its continuity_counter; above 15: there was none yet.
    fileprivate var counter: UInt8 = 0xff
    /// It was the repeat of the one before.
    fileprivate var isRepeat = false
    /// What tells its payload from others: see `sample`.
    fileprivate var content: UInt64 = 0

    init() {}

    fileprivate init(counter: UInt8, isRepeat: Bool, content: UInt64) {
        self.counter = counter
        self.isRepeat = isRepeat
        self.content = content
    }

    /// Of the length and the first, middle and last eight bytes. All 184 would cost more than the rest of a packet; what is the
    /// same at these places 16 packets apart is stuffing.
    @inline(__always)
    fileprivate static func sample(_ payload: UnsafeRawBufferPointer) -> UInt64 {
        let factor: UInt64 = 0x9e37_79b9_7f4a_7c15
        guard payload.count >= 8 else {
            return payload.reduce(UInt64(payload.count)) { $0 << 8 | UInt64($1) }
        }
        let end = payload.count - 8
        let first = payload.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        let middle = payload.loadUnaligned(fromByteOffset: end / 2, as: UInt64.self)
        let last = payload.loadUnaligned(fromByteOffset: end, as: UInt64.self)
        return ((first &* factor &+ middle) &* factor &+ last) &* factor &+ UInt64(truncatingIfNeeded: end)
    }
}

extension FrameSink {
    /// Judges a packet with payload and counts what is wrong.
    ///
    /// A packet with the counter of the one before is its repeat when it has the same payload and is the first such (the
    /// adaptation field may have another PCR); else 15 packets, or 31 and so on, are missing, of which 15 are counted.
    ///
    /// - Parameters:
    ///   - place: the PID's packet before; this packet afterwards.
    ///   - isMarked: the packet's discontinuity_indicator.
    mutating func continuity(
        _ place: inout PacketPlace, _ counter: UInt8, _ payload: UnsafeRawBufferPointer, isMarked: Bool, of pid: UInt16
    ) -> Continuity {
        let before = place
        place = PacketPlace(counter: counter, isRepeat: false, content: PacketPlace.sample(payload))
        guard before.counter < 16, counter != (before.counter + 1) & 15 else { return .continuous }
        if isMarked { return .lost }
        if counter == before.counter, !before.isRepeat, place.content == before.content {
            place.isRepeat = true
            counters.repeated &+= 1
            return .repeated
        }
        let missing = UInt64((counter &- before.counter &- 1) & 15)
        counters.lost &+= missing
        counters.lostByPID[pid, default: 0] &+= missing
        return .lost
    }
}
