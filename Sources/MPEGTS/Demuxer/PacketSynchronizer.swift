// Finds the borders of packets in a stream of bytes, however it is split.

/// Keeps packet synchronisation: 188 bytes that begin with a sync byte (ISO/IEC 13818-1 §2.4.3.2), alone, with a time stamp
/// of 4 bytes before each (192, as cameras and Blu-ray discs write them) or with 16 bytes of error correction after each
/// (204, EN 300 429 §4.3).
///
/// Found when three sync bytes stand at one of these distances, lost with the first that is missing.
struct PacketSynchronizer: Sendable {
    /// Bytes from one packet's begin to the next one's; 0 while not synchronised.
    private(set) var distance = 0
    /// Of what stands between two packets, bytes that have not passed by yet.
    private var gap = 0
    /// Bytes that are not a whole packet yet, or in which no packet was found yet: at most 408.
    private var carry: [UInt8] = []
    /// Times that synchronisation was lost.
    private(set) var losses: UInt64 = 0

    private static let length = 188
    private static let sync: UInt8 = 0x47

    /// Carried bytes and the new ones together; nil when nothing was carried.
    mutating func join(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        guard !carry.isEmpty else { return nil }
        var joined = carry
        joined.append(contentsOf: bytes)
        carry.removeAll(keepingCapacity: true)
        return joined
    }

    /// The offset of the next whole packet at or after `from`, which is where the bytes begin or the last packet ended.
    /// Nil: none; the rest is carried.
    mutating func next(_ bytes: UnsafeRawBufferPointer, _ from: Int) -> Int? {
        var at = from
        if distance != 0 {
            if gap != 0 {
                guard at + gap <= bytes.count else {
                    gap -= bytes.count - at
                    return nil
                }
                at += gap
                gap = 0
            }
            guard at + Self.length <= bytes.count else { return carry(bytes, at) }
            if bytes[at] == Self.sync {
                gap = distance - Self.length
                return at
            }
            distance = 0
            losses &+= 1
        }
        while at + 2 * Self.length < bytes.count {
            if bytes[at] == Self.sync {
                if isSync(bytes, at, 188) {
                    distance = 188
                    return at
                }
                // Whether the packets are of the longest kind is not known yet.
                guard at + 2 * 204 < bytes.count else { break }
                if let found = [192, 204].first(where: { isSync(bytes, at, $0) }) {
                    distance = found
                    gap = found - Self.length
                    return at
                }
            }
            at += 1
        }
        return carry(bytes, at)
    }

    private func isSync(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ distance: Int) -> Bool {
        bytes[at + distance] == Self.sync && bytes[at + 2 * distance] == Self.sync
    }

    private mutating func carry(_ bytes: UnsafeRawBufferPointer, _ from: Int) -> Int? {
        if from < bytes.count { carry.append(contentsOf: bytes[from...]) }
        return nil
    }

    /// What is left when the stream ends, from the first sync byte on.
    mutating func finish() -> [UInt8] {
        defer { carry.removeAll() }
        return Array(carry.drop { $0 != Self.sync })
    }
}
