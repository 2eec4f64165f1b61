// `weir serve`: runs a server.
import ArgumentParser
import Glibc
import Logging
import SettingsLanguage
import WeirServer

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run a server until it is stopped (Ctrl-C).")

    @Option(help: "The configuration file.")
    var config = "/etc/weir/weir.conf"

    @Option(
        help: "Which of the configured peers this server is. Default: the directive hostname, else the machine's name.")
    var hostname: String?

    @Option(help: "HOST:PORT or PORT to listen on, instead of the file's http lines. May be given several times.")
    var listen: [String] = []

    @Option(help: "trace, debug, info, notice, warning or error.")
    var logLevel = LogLevel.info

    func validate() throws {
        for place in listen where ListenerSettings(parsing: place) == nil {
            throw ValidationError("--listen \(place) is not HOST:PORT or PORT, such as 127.0.0.1:8080")
        }
    }

    func run() async throws {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var logger = Logger(label: "weir")
        logger.logLevel = logLevel.level
        do {
            let loaded = try LoadedSettings.load(config, from: DiskSettingsSource())
            let identity = try loaded.settings.identify(hostname: hostname, machineName: Self.machineName)
            try await WeirServer(
                WeirServer.Launch(
                    path: config, settings: loaded, identity: identity,
                    listen: listen.compactMap { ListenerSettings(parsing: $0) }, logger: logger)
            ).run()
        } catch {
            print("\(error)", to: &StandardError.stream)
            throw ExitCode.failure
        }
    }

    private static var machineName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// The levels that an operator may ask for.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, notice, warning, error

    var level: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
