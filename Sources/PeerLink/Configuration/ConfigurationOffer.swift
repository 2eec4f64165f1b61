// A change of the configuration on its way from one server of the group to the others.
package import Cluster

/// Asks a peer to check a text, or to write and apply it.
package struct ConfigurationOffer: SealedCall, Hashable {
    package typealias Answer = ConfigurationReply

    package static let path = "/weir/cluster/config"
    /// A text of 4 MiB as JSON, sealed.
    package static let longestRequest = 12 << 20
    package static let longestAnswer = 1 << 20

    package enum Action: String, Hashable, Sendable, Codable { case check, apply }

    package var protocolVersion: Int
    package var sender: PeerID
    package var action: Action
    /// Of the file that the text was made from; a peer with another file refuses.
    package var base: String
    /// The whole main file, with its secrets.
    package var text: String

    package init(sender: PeerID, action: Action, base: String, text: String) {
        protocolVersion = PeerReport.currentProtocol
        self.sender = sender
        self.action = action
        self.base = base
        self.text = text
    }
}

/// What the peer says to it.
package struct ConfigurationReply: Hashable, Sendable, Codable {
    package var protocolVersion: Int
    package var accepted: Bool
    /// What it did, or why it did not. Holds no secret.
    package var message: String

    package init(accepted: Bool, message: String) {
        protocolVersion = PeerReport.currentProtocol
        self.accepted = accepted
        self.message = message
    }
}
