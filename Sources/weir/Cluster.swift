// `weir cluster`: shows the group as one of its servers sees it; takes a server out of it and back.
import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import ManagementAPI
import NIOCore
import NIOHTTP1

struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Look at the group of servers; take one out of it and back.",
        subcommands: [Status.self, Drain.self, Return.self])

    /// The server that is asked.
    struct Server: ParsableArguments {
        @Option(help: "HOST:PORT or URL of the server to ask.")
        var server = "127.0.0.1:8080"

        @Option(help: "USER:PASSWORD, where the configuration has view_auth or edit_auth.")
        var user: String?

        /// The body of the answer. Throws in a sentence what the server or the connection says.
        func ask(_ path: String, method: String) async throws -> ByteBuffer {
            let base = server.contains("://") ? server : "http://\(server)"
            var request = HTTPClientRequest(url: "\(base)/streamer/api/v3/\(path)")
            request.method = .init(rawValue: method)
            if let user {
                request.headers.add(name: "Authorization", value: "Bearer \(Data(user.utf8).base64EncodedString())")
            }
            let response: HTTPClientResponse
            let body: ByteBuffer
            do {
                response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
                body = try await response.body.collect(upTo: 64 << 20)
            } catch {
                throw ValidationError("\(base) does not answer: \(error)")
            }
            guard (200..<300).contains(response.status.code) else {
                throw ValidationError("\(base) answers \(response.status.code): \(String(buffer: body))")
            }
            return body
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the servers of the group and where its streams run.")

        @OptionGroup var server: Server

        @Flag(help: "Write JSON.")
        var json = false

        private struct Peers: Codable { var peers: [PeerFacts] }
        private struct Streams: Codable { var streams: [StreamFacts] }
        private struct Group: Codable {
            var peers: [PeerFacts]
            var streams: [StreamFacts]
        }

        func run() async throws {
            let peers = try await decode(Peers.self, "cluster/peers").peers
            let streams = try await decode(Streams.self, "streams").streams.filter { $0.cluster != nil }
            if json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                return print(String(decoding: try encoder.encode(Group(peers: peers, streams: streams)), as: UTF8.self))
            }
            guard !peers.isEmpty else { return print("This server is in no group.") }
            for line in ClusterTable(peers: peers, streams: streams).lines { print(line) }
        }

        private func decode<Value: Decodable>(_ type: Value.Type, _ path: String) async throws -> Value {
            try JSONDecoder().decode(type, from: Data(try await server.ask(path, method: "GET").readableBytesView))
        }
    }

    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give all streams of the group that this server captures to the others.",
            discussion: "Before an upgrade, for example. The server goes on serving what it has until it is stopped.")

        @OptionGroup var server: Server

        func run() async throws {
            _ = try await server.ask("cluster/drain", method: "POST")
            print("\(server.server) gives its streams away; 'weir cluster status' shows how far it is.")
        }
    }

    struct Return: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a drained server back into the group.")

        @OptionGroup var server: Server

        func run() async throws {
            _ = try await server.ask("cluster/return", method: "POST")
            print("\(server.server) takes streams again.")
        }
    }
}
