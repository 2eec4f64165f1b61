// The command `weir` and its subcommands.
import ArgumentParser
import WeirServer

@main
struct Weir: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir",
        abstract: "A streaming media server whose streams survive the loss of a server.",
        version: "weir \(WeirVersion.text)",
        subcommands: [
            Serve.self, Check.self, ArchiveCommand.self, ClusterCommand.self, StreamsCommand.self, EventsCommand.self,
        ])
}
