// The words the group speaks: peers, streams, lives of a server, epochs.

/// A text that names something, kept apart from other texts by its type. In JSON it is the text alone.
package protocol NamingText: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    var text: String { get }
    init(_ text: String)
}

extension NamingText {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
    package var description: String { text }
    package static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// A server of the group, as the `peer` lines name it. Two servers are the same peer exactly when the texts are equal.
package struct PeerID: NamingText {
    package var text: String
    package init(_ text: String) { self.text = text }
}

/// The name of a stream; may have several path parts.
package struct StreamName: NamingText {
    package var text: String
    package init(_ text: String) { self.text = text }
}

/// One life of a server process: a restart is another instance of the same peer.
package struct InstanceID: Hashable, Sendable, Codable, CustomStringConvertible {
    /// Drawn at random when the process starts. Zero stands for "no instance".
    package var value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package init(from decoder: any Decoder) throws { value = try decoder.singleValueContainer().decode(UInt64.self) }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
    package var description: String { String(value, radix: 16) }
}

/// The number of a claim on a stream. Of two claims the one with the higher epoch is right.
///
/// Nothing is kept on disk. The high bits are the claimant's start in milliseconds of UTC, the low 11 bits count: an epoch
/// therefore rises over restarts of the whole group, also over two within a second of which nobody else heard, and stays
/// below 2⁵³ until 2109, so that JSON readers keep it exactly.
/// A clock that was set back is harmless: the next epoch is in any case above every epoch that was seen.
package struct Epoch: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package var value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package init(from decoder: any Decoder) throws { value = try decoder.singleValueContainer().decode(UInt64.self) }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
    /// No claim was ever seen.
    package static let none = Epoch(0)

    /// The epoch for a new claim of a server that started at `start`, above `seen`.
    package static func following(_ seen: Epoch, startedAt start: WallTime) -> Epoch {
        let milliseconds = UInt64(clamping: max(0, start.milliseconds)) & ((1 << 42) - 1)
        return Epoch(max(seen.value &+ 1, milliseconds << 11))
    }
    package var description: String { String(value) }
    package static func < (a: Epoch, b: Epoch) -> Bool { a.value < b.value }
}
