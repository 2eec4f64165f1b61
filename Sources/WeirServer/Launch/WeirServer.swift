// The composition root: from checked settings to one group of services that runs until shutdown.
import AsyncHTTPClient
import CLinux
import Cluster
import Hummingbird
import Ingest
import Inputs
import LiveStream
package import Logging
import M4F
import ManagementAPI
import Media
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import PeerLink
import Playback
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
        let logger = launch.logger
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let files = NIOThreadPool(numberOfThreads: 2)
        files.start()
        let client = HTTPClient(
            eventLoopGroup: eventLoops, configuration: HTTPTransportStreamInput.configuration)
        let peerClient = HTTPClient(eventLoopGroup: eventLoops, configuration: M4FInput.configuration)
        let configuration = RunningConfiguration(path: launch.path, loaded: launch.settings)
        let identity = Self.identity(launch.identity.name, configuration)
        let events = EventLog(server: launch.identity.name) { [clocks] in clocks.utc().unixMilliseconds }
        let roots = FileRoots(Self.fileRoots(launch.settings.settings))
        let inputs: StandardInputs
        do {
            inputs = try Self.inputs(
                roots: roots, eventLoops: eventLoops, files: files, client: client,
                peers: M4FInput(client: peerClient, identity: identity, clocks: M4FClocks(clocks)), clocks: clocks)
        } catch {
            throw LaunchError("cannot start the receiving threads: \(error)")
        }
        let archives = ArchiveKeeper(origin: launch.identity.name) { telling in
            events.record(telling.kind, stream: telling.stream, reason: telling.reason)
            logger.log(
                level: telling.isTrouble ? .warning : .info, "\(telling.kind)",
                metadata: ["stream": "\(telling.stream ?? "")", "reason": "\(telling.reason)"])
        }
        let keeper = StreamKeeper(eventLoops: eventLoops) { [clocks] settings in
            let tap = archives.tap(for: settings.name)
            return LiveStream.Environment(
                opener: inputs,
                monotonic: { .nanoseconds(Int64(clamping: clocks.monotonic().uptimeNanoseconds)) },
                utc: clocks.utc,
                report: { event in
                    if event.kind == .mediaLost { tap.mediaLost() }
                    events.record(event.kind.rawValue, stream: event.stream, reason: event.reason)
                    logger.info(
                        "\(event.kind.rawValue)", metadata: ["stream": "\(event.stream)", "reason": "\(event.reason)"])
                }, chunkMade: { tap.append($0, isFiller: $1) })
        }
        let sessions = SessionRegistry { [clocks] in clocks.utc().unixMilliseconds }
        let archiveThreads = NIOThreadPool(numberOfThreads: 4)
        archiveThreads.start()
        let relay = Self.relay(launch.settings.settings, configuration, keeper, eventLoops)
        let playback = PlaybackService(
            directory: keeper, sessions: sessions,
            archive: ArchivePlayback(directory: archives, threads: archiveThreads, now: clocks.utc),
            relay: relay?.relay)
        let sinks = EventSinkService(log: events, eventLoops: eventLoops)
        sinks.apply(launch.settings.settings.eventSinks)
        let live = M4FService(
            directory: keeper, identity: identity, contact: { configuration.contact(ofPeer: $0) }, utc: clocks.utc)
        let stopRequested = AsyncStream.makeStream(of: Void.self)
        let statistics = ProcessStatistics(now: clocks.monotonic)
        let group = Self.group(
            launch, keeper: keeper, sessions: sessions, statistics: statistics, clocks: clocks, events: events)
        let replication = Self.replication(
            launch, archives: archives, streams: keeper, clocks: clocks, events: events, eventLoops: eventLoops)
        // Set below: what is served knows how to reload, and a reload what is served.
        let listeners = Late<ListenerKeeper>()
        let reload: @Sendable () async throws -> [String] = {
            let new = try configuration.readAgain()
            if let objection = group?.objection(to: new.settings) { throw LaunchError(objection) }
            if group == nil, new.settings.hasGroup { throw LaunchError("a server joins a group only by a restart") }
            let ports = try await listeners.value?.apply(new.settings.listening(at: launch.listen).effectiveListeners)
            configuration.replace(with: new)
            roots.replace(with: Self.fileRoots(new.settings))
            archives.apply(new.settings)
            sinks.apply(new.settings.eventSinks)
            relay?.relay.isEnabled = new.settings.clusterServe == .proxy
            let changes = keeper.apply(new.settings) + (ports ?? [])
            await group?.apply(new.settings)
            replication.apply(new.settings)
            events.record("configuration_reloaded", reason: "\(changes.count) changes")
            return changes
        }
        let model = ServerModel(
            hostname: launch.identity.name, instanceID: Self.instanceID(clocks), events: events, keeper: keeper,
            archives: archives, replication: replication.keeper, sessions: sessions, statistics: statistics,
            clocks: clocks,
            configuration: configuration,
            control: ServerModel.Control(
                reload: {
                    do {
                        return try await reload()
                    } catch {
                        throw Problem.badRequest("\(error)", hint: "the settings that were in force stay")
                    }
                }, stop: { stopRequested.continuation.finish() }),
            group: group, moreMetrics: { sinks.metrics + (relay?.relay.metrics ?? []) })
        let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: UnknownAddresses())
        let editor = Self.configurationEditor(
            launch, configuration: configuration, group: group, clocks: clocks, events: events, client: client,
            reload: reload)
        APIRoutes.add(
            to: router, server: model, archives: ArchiveModel(keeper: archives, now: clocks.utc), configuration: editor)
        ConsoleRoutes.add(to: router)
        if let group {
            PollRoute.add(to: router, responder: group.responder)
            ConfigurationRoute.add(
                to: router,
                responder: Self.configurationResponder(editor, configuration: configuration, clocks: clocks))
        }
        ArchiveRoute.add(to: router, responder: replication.responder)
        let listening = Self.listeners(
            launch, responder: router.buildResponder(), eventLoops: eventLoops, playback: playback, live: live)
        listeners.set(listening)

        for notice in launch.settings.warnings + launch.settings.unavailable(given: WeirFeatures.available) {
            logger.warning("\(notice)")
        }
        let streams = StreamsService(keeper: keeper, archives: archives, configuration: configuration) {
            do {
                try await client.shutdown()
                try await peerClient.shutdown()
            } catch {
                logger.warning("the HTTP client did not end well", metadata: ["error": "\(error)"])
            }
        }
        // Ended in the opposite order: the group gives its streams away while peers can still ask.
        var parts: [any Service] = [
            sinks, streams, ReloadService(reload: reload, logger: logger),
            PlaybackUpkeep(playback: playback, now: clocks.monotonic), replication.keeper,
        ]
        if let relay { parts.append(relay) }
        parts.append(listening)
        parts += Self.archiveListeners(launch, replication: replication, eventLoops: eventLoops)
        if let group { parts.append(GroupService(service: group.service)) }
        var running = ServiceGroupConfiguration(
            services: parts,
            gracefulShutdownSignals: [.sigterm, .sigint], logger: Self.quiet(logger))
        running.maximumGracefulShutdownDuration = Self.longestShutdown
        let services = ServiceGroup(configuration: running)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await services.run() }
            tasks.addTask {
                for await _ in stopRequested.stream {}
                await services.triggerGracefulShutdown()
            }
            try await tasks.next()
            tasks.cancelAll()
        }
    }

    // MARK: Parts

    private static func inputs(
        roots: FileRoots, eventLoops: any EventLoopGroup, files: NIOThreadPool, client: HTTPClient, peers: M4FInput,
        clocks: SystemClocks
    ) throws -> StandardInputs {
        let parser: MediaParserFactory = { request throws(InputFailure) in try TransportStreamParser(request) }
        return StandardInputs([
            FakeInput(eventLoops: eventLoops, now: clocks.utc),
            FileInput(roots: roots, eventLoops: eventLoops, threads: files, makeParser: parser, now: clocks.utc),
            UDPInput(loops: try ReceiveLoopGroup(threadCount: System.coreCount), makeParser: parser),
            HTTPTransportStreamInput(client: client, makeParser: parser), peers,
        ])
    }

    private static func fileRoots(_ settings: ServerSettings) -> [String: String] {
        var roots = [ServerSettings.standardFileRoot: ServerSettings.standardFileRoot]
        for root in settings.fileRoots { roots[root.name] = root.path }
        return roots
    }

    /// Names this run of the server: rises from run to run, so that a restart shows.
    private static func instanceID(_ clocks: SystemClocks) -> String {
        String(clocks.utc().unixMilliseconds, radix: 36)
    }

    /// The libraries' own tellings only where they matter to an operator.
    static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}
