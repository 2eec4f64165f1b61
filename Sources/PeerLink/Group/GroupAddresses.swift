// Where the peers of a group are reached and with which key: what the shell needs and the machine does not.
package import Cluster

/// Changes with a reload, together with the machine's settings.
package struct GroupAddresses: Hashable, Sendable {
    /// `host:port` of each peer.
    package var places: [PeerID: String]
    package var key: String
    package init(places: [PeerID: String], key: String) {
        self.places = places
        self.key = key
    }
}
