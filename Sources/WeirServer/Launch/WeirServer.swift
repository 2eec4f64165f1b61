// The composition root: from checked settings to one group of services that runs until shutdown.
import CLinux
import Glibc
import Hummingbird
package import Logging
import ManagementAPI
import ServiceLifecycle
package import SettingsLanguage
import UnixSignals

/// A Weir server.
package struct WeirServer: Sendable {
    /// How a server is started.
    package struct Launch: Sendable {
        package var path: String?
        package var settings: LoadedSettings
        package var identity: ServerIdentity
        /// `--listen`: in place of the file's `http` lines.
        package var listen: [ListenerSettings]
        package var logger: Logger

        package init(
            path: String?, settings: LoadedSettings, identity: ServerIdentity, listen: [ListenerSettings],
            logger: Logger
        ) {
            self.path = path
            self.settings = settings
            self.identity = identity
            self.listen = listen
            self.logger = logger
        }
    }

    /// After this long, a shutdown no longer waits for viewers.
    private static let longestShutdown = Duration.seconds(10)

    private let launch: Launch
    private let clocks = SystemClocks.machine

    package init(_ launch: Launch) {
        self.launch = launch
    }

    /// Runs until SIGTERM, SIGINT or the API's stop. Throws `LaunchError` when it cannot start.
    package func run() async throws {
        // A viewer who hangs up while we write must cost that viewer only.
        signal(SIGPIPE, SIG_IGN)
        weir_keep_freed_memory()
        DescriptorLimit.raise(launch.logger)
        let parts = try ServerParts(launch, clocks: clocks)
        let stopRequested = AsyncStream.makeStream(of: Void.self)
        // Set below: what is served knows how to reload, and a reload what is served.
        let listeners = Late<ListenerKeeper>()
        let reloads = Reloads(
            read: { try parts.configuration.readAgain() }, apply: { try await parts.apply($0, listeners.value) })
        let reload: @Sendable () async throws -> ReloadFacts = { try await reloads.reload() }
        let router = parts.router(reload: reload) { stopRequested.continuation.finish() }
        let listening = Self.listeners(
            launch, responder: router.buildResponder(), eventLoops: parts.eventLoops, playback: parts.playback,
            live: parts.live)
        listeners.set(listening)
        for notice in launch.settings.remarks(given: WeirFeatures.available) {
            launch.logger.warning("\(notice)")
        }
        let services = services(parts, listening: listening, reload: reload)
        let stopping = Task {
            for await _ in stopRequested.stream {}
            // The server goes on until its services have ended: the answer to who asked is still on its way.
            if !Task.isCancelled { await services.triggerGracefulShutdown() }
        }
        defer { stopping.cancel() }
        try await services.run()
    }

    /// Ended in the opposite order: the group gives its streams away while peers can still ask.
    private func services(
        _ parts: ServerParts, listening: ListenerKeeper, reload: @escaping @Sendable () async throws -> ReloadFacts
    ) -> ServiceGroup {
        let streams = StreamsService(
            keeper: parts.keeper, archives: parts.archives, configuration: parts.configuration,
            stopped: parts.closeClients)
        var members: [any Service] = [
            parts.sinks, streams, ReloadService(reload: reload, logger: launch.logger),
            PlaybackUpkeep(playback: parts.playback, now: clocks.monotonic), parts.replication.keeper,
        ]
        if let relay = parts.relay { members.append(relay) }
        members.append(listening)
        members += Self.archiveListeners(launch, replication: parts.replication, eventLoops: parts.eventLoops)
        if let group = parts.group { members.append(GroupService(service: group.service)) }
        var configuration = ServiceGroupConfiguration(
            services: members, gracefulShutdownSignals: [.sigterm, .sigint], logger: Self.quiet(launch.logger))
        configuration.maximumGracefulShutdownDuration = Self.longestShutdown
        return ServiceGroup(configuration: configuration)
    }

    /// The libraries' own tellings only where they matter to an operator.
    static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}
