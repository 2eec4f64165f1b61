// Finds the borders of 188-byte packets in a stream of bytes, however it is split.

/// Keeps packet synchronisation. Found when three sync bytes stand 188 bytes apart, lost with the first that is missing.
struct PacketSynchronizer: Sendable {
    private var isSynchronized = false
    /// Bytes that are not a whole packet yet, or in which no packet was found yet: at most 376.
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

    /// The offset of the next whole packet at or after `from`. Nil: none; the rest is carried.
    mutating func next(_ bytes: UnsafeRawBufferPointer, _ from: Int) -> Int? {
        var at = from
        if isSynchronized {
            guard at + Self.length <= bytes.count else { return carry(bytes, at) }
            if bytes[at] == Self.sync { return at }
            isSynchronized = false
            losses &+= 1
        }
        while at + 2 * Self.length < bytes.count {
            if bytes[at] == Self.sync, bytes[at + Self.length] == Self.sync, bytes[at + 2 * Self.length] == Self.sync {
                isSynchronized = true
                return at
            }
            at += 1
        }
        return carry(bytes, at)
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
