// Who this server is to others, and the key by which they know it.
package import Media

/// What one end of M4F needs of its own server. A reload may bring another key.
package struct M4FIdentity: Sendable {
    package var server: PassedServer
    /// Nil: there is no `cluster_key`, so nothing can be asked for and nothing is given.
    package var signature: PeerSignature?

    package init(server: PassedServer, signature: PeerSignature?) {
        self.server = server
        self.signature = signature
    }

    package static let noKey =
        "M4F needs a cluster_key: write 'cluster_key WORD;' with the same word on both servers"
}
