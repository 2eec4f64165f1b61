// Which server of the group this is.

/// This server and the others of its group.
package struct ServerIdentity: Equatable, Sendable {
    package var name: String
    /// The entry of this server in the list of peers; nil without a group.
    package var peer: PeerSettings?
    /// The other servers of the group.
    package var others: [PeerSettings]
}

/// The list of peers does not have this server.
package struct UnknownIdentity: Error, Hashable, Sendable, CustomStringConvertible {
    package var hostname: String
    package var peers: [String]
    package var nearest: String?

    package var description: String {
        let hint = nearest.map { "; did you mean '\($0)'?" } ?? "."
        return "this server is '\(hostname)', but the peers are \(peers.joined(separator: ", "))\(hint) "
            + "Give its name in the list with --hostname NAME or 'hostname NAME;', or add 'peer \(hostname):PORT;'."
    }
}

extension ServerSettings {
    /// Finds this server among the peers, by name without regard to case. Without peers any name will do.
    ///
    /// - Parameters:
    ///   - flag: `--hostname`; goes before the directive.
    ///   - machineName: what counts when neither is given.
    /// - Throws: `UnknownIdentity` when there are peers and none has the name: such a server would capture streams that
    ///   the others capture too.
    package func identify(
        hostname flag: String?, machineName: String
    ) throws(UnknownIdentity) -> ServerIdentity {
        let name = flag ?? hostname ?? machineName
        guard !peers.isEmpty else { return ServerIdentity(name: name, peer: nil, others: []) }
        let wanted = name.lowercased()
        guard let index = peers.firstIndex(where: { $0.name.lowercased() == wanted }) else {
            let names = peers.map(\.name)
            throw UnknownIdentity(hostname: name, peers: names, nearest: nearestMatch(to: name, among: names))
        }
        var others = peers
        let peer = others.remove(at: index)
        return ServerIdentity(name: peer.name, peer: peer, others: others)
    }
}
