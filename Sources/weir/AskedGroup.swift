// The other servers of the group as the asked server knows them: what the subcommands ask of them through it.
import ManagementAPI

/// Servers that can be asked through one of them.
struct AskedGroup {
    private struct Peers: Decodable { var peers: [PeerFacts] }
    private struct Captures: Decodable { var streams: [CaptureFacts] }

    let server: AskedServer
    let peers: [PeerFacts]

    /// Empty for a server on its own.
    init(_ server: AskedServer) async throws {
        self.server = server
        peers = try await server.get(Peers.self, "cluster/peers").peers
    }

    /// The names of those that can be asked now, the asked one first.
    var names: [String] {
        let able = peers.filter { $0.isSelf || ["alive", "draining", "suspect"].contains($0.state) }
        return able.filter(\.isSelf).map(\.hostname) + able.filter { !$0.isSelf }.map(\.hostname)
    }

    func events(of name: String, limit: Int, after: String?) async throws -> ServerEvents {
        try await server.get(
            ServerEvents.self, "cluster/peers/\(name)/events?limit=\(limit)" + (after.map { "&after=\($0)" } ?? ""))
    }

    /// The streams with the bit rate and viewers that their own servers tell; as they are where those do not answer.
    func completed(_ streams: [StreamFacts]) async -> [StreamFacts] {
        var captures: [String: (server: String, facts: CaptureFacts)] = [:]
        let others = Set(peers.filter { !$0.isSelf }.map(\.hostname)).intersection(names)
        for name in others.intersection(streams.flatMap(\.stats.runningOn)).sorted() {
            // Its streams show no bit rate then, and `weir cluster status` says why.
            guard let list = try? await server.get(Captures.self, "cluster/peers/\(name)/streams") else { continue }
            for facts in list.streams { captures[facts.name] = (name, facts) }
        }
        return streams.map { stream in
            guard let (name, facts) = captures[stream.name], stream.stats.runningOn == [name] else { return stream }
            var stream = stream
            stream.stats.bitrate = facts.bitrate
            stream.stats.viewers += facts.viewers
            return stream
        }
    }
}
