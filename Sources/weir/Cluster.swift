// `weir cluster`: shows the group as one of its servers sees it; takes a server out of it and back.
import ArgumentParser
import ManagementAPI

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Look at the group of servers; take one out of it and back.",
        subcommands: [Status.self, Drain.self, Return.self])

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the servers of the group and where its streams run.")

        @OptionGroup var server: AskedServer

        @Flag(help: "Write JSON.")
        var json = false

        private struct Peers: Codable { var peers: [PeerFacts] }
        private struct Streams: Codable { var streams: [StreamFacts] }
        private struct Group: Codable {
            var peers: [PeerFacts]
            var streams: [StreamFacts]
        }

        func run() async throws {
            let peers = try await server.get(Peers.self, "cluster/peers").peers
            let streams = try await server.get(Streams.self, "streams").streams.filter { $0.cluster != nil }
            if json { return print(try jsonLine(Group(peers: peers, streams: streams))) }
            guard !peers.isEmpty else { return print("This server is in no group.") }
            for line in ClusterTable(peers: peers, streams: streams).lines { print(line) }
        }
    }

    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give all streams of the group that this server captures to the others.",
            discussion: "Before an upgrade, for example. The server goes on serving what it has until it is stopped.")

        @OptionGroup var server: AskedServer

        @Option(help: "Another server of the group, by its name.")
        var peer: String?

        func run() async throws {
            _ = try await server.ask(peer.map { "cluster/peers/\($0)/drain" } ?? "cluster/drain", method: "POST")
            print("\(peer ?? server.server) gives its streams away; 'weir cluster status' shows how far it is.")
        }
    }

    struct Return: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a drained server back into the group.")

        @OptionGroup var server: AskedServer

        @Option(help: "Another server of the group, by its name.")
        var peer: String?

        func run() async throws {
            _ = try await server.ask(peer.map { "cluster/peers/\($0)/return" } ?? "cluster/return", method: "POST")
            print("\(peer ?? server.server) takes streams again.")
        }
    }
}
