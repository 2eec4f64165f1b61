// Why bytes are no message.

/// What is wrong with a session's bytes, and where.
package struct MessageError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        case unknownType(UInt8)
        case length(MessageType, Int, allowed: ClosedRange<Int>)
        case field(MessageType, String)

        var text: String {
            switch self {
            case .unknownType(let type): "a message of the unknown type \(type)"
            case .length(let type, let length, let allowed):
                "a message \(type) of \(length) bytes; it has \(allowed.lowerBound) to \(allowed.upperBound)"
            case .field(let type, let problem): "a message \(type) with \(problem)"
            }
        }
    }

    /// The byte of the session at which the message begins.
    package var offset: Int
    package var reason: Reason

    package init(at offset: Int, _ reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    package var description: String { "\(reason.text), at byte \(offset) of the session" }
}

/// The first byte of a message.
package enum MessageType: UInt8, Hashable, Sendable, CaseIterable {
    case session = 1
    case path, tracks, timeline, chunk, segmentEnd, keepAlive, end

    /// Types from here on may be passed over by those who do not know them.
    package static let firstOptional: UInt8 = 0x80

    /// Length of what follows the message's head, in bytes.
    package var lengths: ClosedRange<Int> {
        switch self {
        case .session: 53...(53 + M4FLimits.nameBytes + M4FLimits.streamBytes)
        case .path: 1...(1 + M4FLimits.servers * (9 + M4FLimits.nameBytes))
        case .tracks: 1...M4FLimits.trackBytes
        case .timeline: 17...17
        case .chunk:
            ChunkFields.length...(ChunkFields.length + M4FLimits.parts * ChunkFields.partLength + M4FLimits.chunkBytes)
        case .segmentEnd: 32...32
        case .keepAlive: 8...8
        case .end: 1...(1 + M4FLimits.reasonBytes)
        }
    }
}

/// Lengths of the parts of a message `chunk`.
enum ChunkFields {
    static let length = 28
    static let partLength = 32
    static let discontinuous: UInt8 = 1
    static let keyFrame: UInt8 = 2
}
