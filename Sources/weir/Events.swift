// `weir events`: what happened on a server, and what happens now.
import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import Glibc
import ManagementAPI
import NIOCore
import NIOHTTP1

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what happened on a server, oldest first.",
        discussion: """
            With --follow it goes on until it is ended; a server that restarts is waited for. With --group it is what \
            happened on all servers of the group, which are asked through this one.
            """)

    @OptionGroup var server: AskedServer

    @Flag(help: "Go on with each event as it happens.")
    var follow = false

    @Option(help: "At most so many past events.")
    var limit = 20

    @Option(help: "Only those of one stream.")
    var stream: String?

    @Flag(help: "Write JSON, one event per line.")
    var json = false

    @Flag(help: "Of all servers of the group.")
    var group = false

    private struct Events: Decodable { var events: [ServerEvent] }

    private static let widths = [26, 22, 32]

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is 1 to 10000") }
    }

    func run() async throws {
        if group { return try await runGroup() }
        let newest = try await server.get(Events.self, "events?limit=10000").events
        let shown = newest.filter { isWanted($0) }.prefix(limit)
        if !json { print(TextTable.row(["TIME (UTC)", "EVENT", "STREAM OR PEER"], Self.widths)) }
        for event in shown.reversed() { try show(event) }
        guard follow else { return }
        var position = String(newest.first?.id ?? 0)
        while true {
            do {
                try await follow(from: &position)
            } catch let error as ExitCode {
                throw error
            } catch {
                print("\(server.server) is not heard: \(error)", to: &StandardError.stream)
            }
            try await Task.sleep(for: .seconds(2))
        }
    }

    /// A server that does not answer is said so once, and asked again.
    private func runGroup() async throws {
        var positions: [String: String] = [:]
        var silent: Set<String> = []
        if !json { print(TextTable.row(["TIME (UTC)", "EVENT", "STREAM OR PEER"], Self.widths)) }
        while true {
            let isFirst = positions.isEmpty
            var found: [ServerEvent] = []
            do {
                let servers = try await AskedGroup(server)
                guard !servers.peers.isEmpty else { throw ValidationError("\(server.server) is in no group") }
                for name in servers.names {
                    do {
                        let answer = try await servers.events(of: name, limit: 10_000, after: positions[name])
                        positions[name] = answer.last
                        found += answer.events
                        silent.remove(name)
                    } catch {
                        if silent.insert(name).inserted {
                            print("\(name) is not heard: \(error)", to: &StandardError.stream)
                        }
                    }
                }
            } catch {
                if isFirst { throw error }
                print("\(server.server) is not heard: \(error)", to: &StandardError.stream)
            }
            let ordered = found.filter { isWanted($0) }.sorted {
                ($0.time, $0.server, $0.id) < ($1.time, $1.server, $1.id)
            }
            for event in isFirst ? ordered.suffix(limit) : ordered[...] { try show(event) }
            guard follow else { return }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func isWanted(_ event: ServerEvent) -> Bool { stream == nil || event.stream == stream }

    /// Until the connection ends. `position` is the id of the last message.
    private func follow(from position: inout String) async throws {
        var request = server.request("events/follow")
        request.headers.add(name: "Last-Event-ID", value: position)
        let response = try await HTTPClient.shared.execute(request, timeout: .hours(24 * 365))
        guard response.status == .ok else {
            let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
            print("\(server.server) answers \(response.status.code): \(text)", to: &StandardError.stream)
            throw ExitCode.failure
        }
        var rest: [UInt8] = []
        var data = ""
        for try await part in response.body {
            rest += part.readableBytesView
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                // Fields of server-sent events (WHATWG HTML §9.2.6); an empty line ends a message.
                if line.hasPrefix("id: ") {
                    position = String(line.dropFirst(4))
                } else if line.hasPrefix("data: ") {
                    data = String(line.dropFirst(6))
                } else if line.isEmpty, !data.isEmpty {
                    let event = try JSONDecoder().decode(ServerEvent.self, from: Data(data.utf8))
                    if isWanted(event) { try show(event) }
                    data = ""
                }
                rest.removeSubrange(...end)
            }
        }
    }

    private func show(_ event: ServerEvent) throws {
        if json {
            print(try jsonLine(event))
        } else {
            for line in Self.lines(event, server: group ? event.server : nil) { print(line) }
        }
        // Whoever reads this through a pipe wants each event when it happens.
        fflush(nil)
    }

    /// - Parameter server: to be told with the reason.
    static func lines(_ event: ServerEvent, server: String? = nil) -> [String] {
        let time = Date(timeIntervalSince1970: Double(event.time) / 1000)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let subject = [event.stream, event.peer].compactMap { $0 }.joined(separator: " ")
        let mark = event.level == .info ? "" : " (\(event.level.rawValue))"
        return [TextTable.row([time.replacing("T", with: " "), event.event, subject + mark], widths)]
            + TextTable.wrapped((server.map { "\($0): " } ?? "") + event.reason)
    }
}
