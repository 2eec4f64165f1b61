// Puts the parts of replication together.
import Hummingbird
import LiveStream
import Logging
import ManagementAPI
import Media
import NIOCore
import NIOPosix
import PeerLink
import Playback
import ServiceLifecycle
import SettingsLanguage

extension WeirServer {
    /// What fetches, and what answers others that fetch.
    struct Replication {
        var keeper: ReplicationKeeper
        var responder: ArchiveResponder

        func apply(_ settings: ServerSettings) {
            keeper.apply(settings)
            responder.replaceKey(settings.clusterKey?.value)
        }

        /// Answers nothing but requests for archives: for the ports of `replication_port`.
        var archiveOnly: RouterResponder<BasicRequestContext> {
            let router = Router(context: BasicRequestContext.self)
            router.add(middleware: UnknownAddresses())
            ArchiveRoute.add(to: router, responder: responder)
            return router.buildResponder()
        }
    }

    static func replication(
        _ launch: Launch, archives: ArchiveKeeper, streams: StreamKeeper, clocks: SystemClocks, events: EventLog,
        eventLoops: any EventLoopGroup
    ) -> Replication {
        let settings = launch.settings.settings
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        let logger = launch.logger
        let report: @Sendable (String, String, String?, String) -> Void = { kind, stream, peer, reason in
            events.record(kind, stream: stream, peer: peer, reason: reason)
            var metadata: Logger.Metadata = ["stream": "\(stream)", "reason": "\(reason)"]
            if let peer { metadata["peer"] = "\(peer)" }
            logger.log(
                level: ["replication_failed", "clock_differs"].contains(kind) ? .warning : .info, "\(kind)",
                metadata: metadata)
        }
        let keeper = ReplicationKeeper(
            own: launch.identity.peer, name: launch.identity.name,
            tools: ReplicationTools(
                archives: archives,
                client: ArchiveClient(
                    eventLoops: eventLoops, utcMilliseconds: { clocks.utc().unixMilliseconds }),
                threads: threads, slots: FetchSlots(), utc: clocks.utc,
                uptime: { .nanoseconds(Int64(clamping: clocks.monotonic().uptimeNanoseconds)) },
                happened: { stream, event in
                    let (kind, peer, reason) = event.telling
                    report(kind, stream, peer, reason)
                },
                notice: { report("input_notice", $0, $1, $2) }),
            liveStatus: { streams.entry($0)?.running?.status }, report: report)
        keeper.apply(settings)
        return Replication(
            keeper: keeper,
            responder: ArchiveResponder(
                key: settings.clusterKey?.value,
                source: StoredArchives(
                    keeper: archives, threads: threads, isStream: { streams.entry($0) != nil }),
                utc: clocks.utc))
    }

    /// The ports of `replication_port`, where archives are given and nothing else.
    static func archiveListeners(
        _ launch: Launch, replication: Replication, eventLoops: any EventLoopGroup
    ) -> [any Service] {
        ReplicationWish.ports(in: launch.settings.settings.listening(at: launch.listen)).map { port in
            ListenerService(
                listener: ListenerSettings(port: port), responder: replication.archiveOnly,
                certificates: ServerCertificates(), eventLoops: eventLoops, logger: Self.quiet(launch.logger),
                makeConnectionHandlers: { _ in ConnectionHandlers(behindCodec: [ConnectionDeadlineHandler()]) },
                opened: { _, port in launch.logger.info("giving archives", metadata: ["port": "\(port)"]) })
        }
    }
}
