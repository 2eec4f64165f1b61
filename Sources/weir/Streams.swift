// `weir streams`: all streams of a server, where they run and how they do.
import ArgumentParser
import ManagementAPI

struct StreamsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "streams", abstract: "Show the streams of a server: where each runs and how it does.")

    @OptionGroup var server: AskedServer

    @Flag(help: "Write JSON.")
    var json = false

    private struct Streams: Codable { var streams: [StreamFacts] }

    private static let widths = [30, 9, 18, 9, 8, 6]

    func run() async throws {
        let streams = try await server.get(Streams.self, "streams")
        if json { return print(try jsonLine(streams)) }
        for line in Self.table(try await AskedGroup(server).completed(streams.streams)) { print(line) }
    }

    static func table(_ streams: [StreamFacts]) -> [String] {
        guard !streams.isEmpty else { return ["This server has no streams."] }
        var lines = [TextTable.row(["STREAM", "STATUS", "RUNS ON", "KBIT/S", "VIEWERS", "TRACKS"], widths)]
        for stream in streams {
            let stats = stream.stats
            lines.append(
                TextTable.row(
                    [
                        stream.name, stats.status.rawValue, stats.runningOn.first ?? "nowhere",
                        stats.bitrate > 0 ? String(stats.bitrate) : "", String(stats.viewers),
                        stats.tracks.isEmpty ? "" : String(stats.tracks.count),
                    ], widths))
            if stats.status != .running { lines += TextTable.wrapped(stats.reason) }
        }
        return lines
    }
}
