// A call from one server of the group to another, other than a poll: signed as polls are, its body sealed.
package import Cluster

/// What is asked, and what is answered.
package protocol SealedCall: Sendable, Codable {
    associatedtype Answer: Sendable, Codable
    /// Where the other server is asked.
    static var path: String { get }
    /// Bytes of the sealed body, and of the answer.
    static var longestRequest: Int { get }
    static var longestAnswer: Int { get }

    var sender: PeerID { get }
}
