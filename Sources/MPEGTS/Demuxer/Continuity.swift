// Whether a packet is the one that its PID's counter lets expect.

/// What the continuity_counter of a packet says (ISO/IEC 13818-1 §2.4.3.3).
enum Continuity {
    case continuous, repeated, lost
}

extension FrameSink {
    /// Judges a packet with payload and counts what is wrong.
    ///
    /// - Parameters:
    ///   - last: the counter of the PID's packet before; above 15: none yet.
    ///   - isMarked: the packet's discontinuity_indicator.
    mutating func continuity(_ last: UInt8, _ this: UInt8, _ isMarked: Bool, _ pid: UInt16) -> Continuity {
        guard last < 16, this != (last + 1) & 15 else { return .continuous }
        if isMarked { return .lost }
        if this == last {
            counters.repeated &+= 1
            return .repeated
        }
        let missing = UInt64((this &- last &- 1) & 15)
        counters.lost &+= missing
        counters.lostByPID[pid, default: 0] &+= missing
        return .lost
    }
}
