// The parts of a running server, in the order in which they need one another.
import AsyncHTTPClient
import Ingest
import Inputs
import LiveStream
import Logging
import M4F
import ManagementAPI
import Media
import NIOCore
import NIOPosix
import Playback
import SettingsLanguage

/// What `WeirServer` runs. Nothing happens yet once it is made, beside threads that wait.
struct ServerParts: Sendable {
    let launch: WeirServer.Launch
    let clocks: SystemClocks
    let eventLoops: MultiThreadedEventLoopGroup
    /// For the inputs; a client of its own asks other servers.
    let client: HTTPClient
    let peerClient: HTTPClient
    let configuration: RunningConfiguration
    let events: EventLog
    let roots: FileRoots
    let archives: ArchiveKeeper
    let keeper: StreamKeeper
    let sessions: SessionRegistry
    let relay: RelayService?
    let playback: PlaybackService
    let live: M4FService
    let sinks: EventSinkService
    let statistics: ProcessStatistics
    let group: ServerGroup?
    let loopWatch: LoopWatch
    let replication: WeirServer.Replication

    /// - Throws: `LaunchError` when the kernel gives no threads.
    init(_ launch: WeirServer.Launch, clocks: SystemClocks) throws {
        self.launch = launch
        self.clocks = clocks
        let settings = launch.settings.settings
        eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        client = HTTPClient(eventLoopGroup: eventLoops, configuration: HTTPTransportStreamInput.configuration)
        peerClient = HTTPClient(eventLoopGroup: eventLoops, configuration: M4FInput.configuration)
        configuration = RunningConfiguration(path: launch.path, loaded: launch.settings)
        let identity = WeirServer.identity(launch.identity.name, configuration)
        events = EventLog(server: launch.identity.name) { clocks.utc().unixMilliseconds }
        roots = FileRoots(settings.fileDirectories)
        let inputs = try Self.inputs(
            roots, eventLoops, client, M4FInput(client: peerClient, identity: identity, clocks: M4FClocks(clocks)),
            clocks)
        archives = Self.archives(launch, events)
        keeper = Self.streams(inputs, archives: archives, events: events, eventLoops, launch.logger, clocks)
        sessions = SessionRegistry { clocks.utc().unixMilliseconds }
        relay = WeirServer.relay(settings, configuration, keeper, eventLoops)
        let archiveThreads = NIOThreadPool(numberOfThreads: 4)
        archiveThreads.start()
        playback = PlaybackService(
            directory: keeper, sessions: sessions,
            archive: ArchivePlayback(directory: archives, threads: archiveThreads, now: clocks.utc),
            relay: relay?.relay, secureBase: { [configuration] in configuration.secureViewerURL(ofPeer: $0) })
        live = M4FService(
            directory: keeper, sessions: sessions, identity: identity,
            contact: { [configuration] in configuration.contact(ofPeer: $0) }, utc: clocks.utc)
        sinks = EventSinkService(log: events, eventLoops: eventLoops)
        sinks.apply(settings.eventSinks)
        statistics = ProcessStatistics(now: clocks.monotonic)
        group = WeirServer.group(
            launch, keeper: keeper, sessions: sessions, statistics: statistics, clocks: clocks, events: events)
        loopWatch = LoopWatch(media: eventLoops, peers: group?.eventLoop, now: clocks.monotonic)
        replication = WeirServer.replication(
            launch, archives: archives, streams: keeper, clocks: clocks, events: events, eventLoops: eventLoops)
    }

    /// Nothing asks over HTTP any more.
    @Sendable func closeClients() async { await Self.close([client, peerClient], launch.logger) }

    /// Shuts down each of the clients, also when another one fails to end.
    static func close(_ clients: [HTTPClient], _ logger: Logger) async {
        for client in clients {
            do {
                try await client.shutdown()
            } catch {
                logger.warning("the HTTP client did not end well", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: Making

    private static func inputs(
        _ roots: FileRoots, _ eventLoops: any EventLoopGroup, _ client: HTTPClient, _ peers: M4FInput,
        _ clocks: SystemClocks
    ) throws -> StandardInputs {
        let parser: MediaParserFactory = { request throws(InputFailure) in try TransportStreamParser(request) }
        let files = NIOThreadPool(numberOfThreads: 2)
        files.start()
        let receivers: ReceiveLoopGroup
        do {
            receivers = try ReceiveLoopGroup(threadCount: System.coreCount)
        } catch {
            throw LaunchError("cannot start the receiving threads: \(error)")
        }
        return StandardInputs([
            FakeInput(eventLoops: eventLoops, now: clocks.utc),
            FileInput(roots: roots, eventLoops: eventLoops, threads: files, makeParser: parser, now: clocks.utc),
            UDPInput(loops: receivers, makeParser: parser),
            HTTPTransportStreamInput(client: client, makeParser: parser), peers,
        ])
    }

    private static func archives(_ launch: WeirServer.Launch, _ events: EventLog) -> ArchiveKeeper {
        ArchiveKeeper(origin: launch.identity.name) { [logger = launch.logger] telling in
            events.record(telling.kind, stream: telling.stream, reason: telling.reason)
            logger.log(
                level: telling.isTrouble ? .warning : .info, "\(telling.kind)",
                metadata: ["stream": "\(telling.stream ?? "")", "reason": "\(telling.reason)"])
        }
    }

    private static func streams(
        _ inputs: StandardInputs, archives: ArchiveKeeper, events: EventLog, _ eventLoops: any EventLoopGroup,
        _ logger: Logger, _ clocks: SystemClocks
    ) -> StreamKeeper {
        StreamKeeper(eventLoops: eventLoops) { settings in
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
    }
}
