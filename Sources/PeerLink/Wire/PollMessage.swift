// The poll as it travels: a signed JSON request, a signed JSON answer.
package import Cluster
import Foundation

/// What a peer asks: «tell me what changed since».
package struct PollMessage: Hashable, Sendable, Codable {
    package var protocolVersion: Int
    package var sender: PeerID
    package var known: KnownVersion
    /// Milliseconds that the answer may wait for a change.
    package var hold: Int64

    package init(
        sender: PeerID, known: KnownVersion, hold: TimeSpan, protocolVersion: Int = PeerReport.currentProtocol
    ) {
        self.protocolVersion = protocolVersion
        self.sender = sender
        self.known = known
        self.hold = hold.milliseconds
    }
}

/// Why the text of a message is no message.
package enum WireFailure: Error, Hashable, Sendable {
    case otherProtocol(Int)
    case malformed(String)
}

/// Names and bounds of the poll over HTTP.
package enum PollWire {
    package static let path = "/weir/cluster/poll"
    /// 20 000 streams with long reasons take about 8 MiB.
    package static let longestAnswer = 16 << 20
    package static let longestRequest = 64 << 10
    /// No answer is held longer, whatever the asker says.
    package static let longestHold = TimeSpan.seconds(3600)

    private struct Version: Decodable {
        var protocolVersion: Int
    }

    package static func encode(_ value: some Encodable) throws(WireFailure) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(value))
        } catch {
            throw .malformed("cannot be written as JSON: \(error)")
        }
    }

    /// The version is read first: another one may have other fields.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(WireFailure) -> Value {
        let data = Data(bytes)
        let version: Version
        do { version = try JSONDecoder().decode(Version.self, from: data) } catch {
            throw .malformed("not a message of a peer")
        }
        guard version.protocolVersion == PeerReport.currentProtocol else {
            throw .otherProtocol(version.protocolVersion)
        }
        do { return try JSONDecoder().decode(type, from: data) } catch {
            throw .malformed("not a message of version \(version.protocolVersion): \(error)")
        }
    }
}
