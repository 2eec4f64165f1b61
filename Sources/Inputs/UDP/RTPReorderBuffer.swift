// Puts RTP packets back in order by sequence number, within a bound of packets and of time (RFC 3550 §5.1, A.1).

/// The order of one RTP sender's packets.
///
/// The common packet, the next in order, passes without being copied. A packet from the future is held until those
/// before it have come, until `capacity` packets are held, or until the oldest has waited for `patience`: then what is
/// missing counts as lost. A packet from the past, or one that is held already, is dropped.
struct RTPReorderBuffer {
    enum Verdict: Hashable {
        /// It is the next: use it, then take what `next()` gives.
        case deliver
        /// It is too early: give it to `hold`.
        case hold
        /// It was used, held or given up already.
        case drop
        /// Another sender, or the same one started anew: what was held is gone. Use it like `deliver`.
        case restart
    }

    /// A number this far from the expected one is not reordering but a sender that started anew (RFC 3550 A.1,
    /// MAX_DROPOUT).
    static let largestJump = 3000

    let capacity: Int
    /// Nanoseconds.
    let patience: UInt64

    private(set) var lost: UInt64 = 0
    private(set) var reordered: UInt64 = 0
    private(set) var dropped: UInt64 = 0
    private var source: UInt32?
    private var expected: UInt16 = 0
    private var held: [UInt16: Held] = [:]

    private struct Held {
        var payload: [UInt8]
        var arrived: UInt64
    }

    /// - `patience`: nanoseconds that a packet may wait for those before it.
    init(capacity: Int = 128, patience: UInt64 = 100_000_000) {
        self.capacity = capacity
        self.patience = patience
    }

    var heldCount: Int { held.count }

    /// Decides on a packet that has arrived.
    mutating func arrival(of sequence: UInt16, from sender: UInt32) -> Verdict {
        guard source == sender else {
            let isFirst = source == nil
            source = sender
            lost += UInt64(held.isEmpty ? 0 : gapBeforeFirstHeld)
            held.removeAll()
            expected = sequence &+ 1
            return isFirst ? .deliver : .restart
        }
        let distance = Int(Int16(bitPattern: sequence &- expected))
        if distance == 0 {
            expected &+= 1
            if !held.isEmpty { reordered += 1 }
            return .deliver
        }
        if distance >= Self.largestJump || distance <= -Self.largestJump {
            held.removeAll()
            expected = sequence &+ 1
            return .restart
        }
        if distance < 0 || held[sequence] != nil {
            dropped += 1
            return .drop
        }
        return .hold
    }

    /// Keeps a packet that `arrival` said to hold.
    mutating func hold(_ payload: [UInt8], sequence: UInt16, at now: UInt64) {
        held[sequence] = Held(payload: payload, arrived: now)
    }

    /// The payload that is next in order, if it is held. Call until nil after each `deliver`, and after `giveUp`.
    mutating func next() -> [UInt8]? {
        guard !held.isEmpty, let packet = held.removeValue(forKey: expected) else { return nil }
        expected &+= 1
        return packet.payload
    }

    /// Gives up what is missing before the first held packet, if more than `capacity` are held or the oldest of them has
    /// waited for `patience`. True: `next()` gives packets again.
    mutating func giveUp(at now: UInt64) -> Bool {
        guard !held.isEmpty else { return false }
        let oldest = held.values.reduce(UInt64.max) { min($0, $1.arrived) }
        guard held.count > capacity || now &- oldest >= patience, now >= oldest else { return false }
        let gap = gapBeforeFirstHeld
        lost += UInt64(gap)
        expected &+= UInt16(gap)
        return true
    }

    private var gapBeforeFirstHeld: Int {
        held.keys.reduce(Int(UInt16.max)) { min($0, Int($1 &- expected)) }
    }
}
