// What one server of the group asks another on behalf of somebody who uses the first one's API.
package import Cluster
package import Foundation

/// A question about the other server, or an order to it. Whoever gives an order was found to have the right to it.
package struct ManagementCall: SealedCall, Hashable {
    package enum Question: Hashable, Sendable, Codable {
        /// Those after `position`, an id of the API's event stream; nil: all.
        case events(limit: Int, stream: String?, after: String?)
        /// The streams that the server captures.
        case captures
        /// The newest picture of a stream that it captures.
        case picture(stream: String)
        case setDraining(Bool)
    }

    package typealias Answer = ManagementReply

    package static let path = "/weir/cluster/manage"
    package static let longestRequest = 64 << 10
    /// 10 000 events, or 20 000 streams, as JSON in base64.
    package static let longestAnswer = 16 << 20

    package var protocolVersion: Int
    package var sender: PeerID
    /// A call that was overheard says nothing to a third server.
    package var receiver: PeerID
    package var question: Question

    package init(sender: PeerID, receiver: PeerID, question: Question) {
        protocolVersion = PeerReport.currentProtocol
        self.sender = sender
        self.receiver = receiver
        self.question = question
    }
}

/// What the other server says to it.
package struct ManagementReply: Hashable, Sendable, Codable {
    package var protocolVersion: Int
    /// Why there is no answer; nil when there is one.
    package var refusal: String?
    /// JSON, or the bytes of a picture.
    package var body: Data

    package init(_ body: Data) {
        protocolVersion = PeerReport.currentProtocol
        self.body = body
    }

    package init(refusal: String) {
        self.init(Data())
        self.refusal = refusal
    }
}
