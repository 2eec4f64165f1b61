// The server as the API asks for it.
import Cluster
import LiveStream
import ManagementAPI
import Media
import NIOConcurrencyHelpers
import NIOCore
import PeerLink
import Playback
import SettingsLanguage

/// Answers the API from the running server. May be used from any task.
final class ServerModel: ManagedServer {
    /// What the model needs of the server's control path.
    struct Control: Sendable {
        var reload: @Sendable () async throws -> ReloadFacts
        var stop: @Sendable () async -> Void
    }

    let events: EventLog
    private let hostname: String
    private let instanceID: String
    private let keeper: StreamKeeper
    private let archives: ArchiveKeeper
    private let replication: ReplicationKeeper
    private let sessionRegistry: SessionRegistry
    private let statistics: ProcessStatistics
    private let clocks: SystemClocks
    private let configuration: RunningConfiguration
    private let output: NIOLockedValueBox<OutputMeter>
    private let control: Control
    /// Nil for a server on its own.
    private let group: ServerGroup?
    private let moreMetrics: @Sendable () -> [MetricFamily]

    init(
        hostname: String, instanceID: String, events: EventLog, keeper: StreamKeeper, archives: ArchiveKeeper,
        replication: ReplicationKeeper, sessions: SessionRegistry, statistics: ProcessStatistics, clocks: SystemClocks,
        configuration: RunningConfiguration, control: Control, group: ServerGroup?,
        moreMetrics: @escaping @Sendable () -> [MetricFamily]
    ) {
        self.hostname = hostname
        self.instanceID = instanceID
        self.events = events
        self.keeper = keeper
        self.archives = archives
        self.replication = replication
        self.sessionRegistry = sessions
        self.statistics = statistics
        self.clocks = clocks
        self.configuration = configuration
        self.control = control
        self.group = group
        self.moreMetrics = moreMetrics
        output = NIOLockedValueBox(OutputMeter(byteCount: sessions.byteCount, at: clocks.monotonic()))
    }

    var access: APIAccess {
        let settings = configuration.current.settings
        return APIAccess(
            view: settings.viewAuth.map { .init(user: $0.user, password: $0.password.value) },
            edit: settings.editAuth.map { .init(user: $0.user, password: $0.password.value) })
    }

    func streams() -> [StreamFacts] {
        let viewers = viewersByStream()
        var facts = keeper.entries.map {
            StreamFacts(
                $0, viewers: viewers[$0.settings.name] ?? 0, hostname: hostname,
                archiveSeconds: archives.seconds(of: $0.settings.name))
        }
        group?.place(&facts)
        for index in facts.indices { facts[index].add(replication.sight(of: facts[index].name)) }
        return facts
    }

    func stream(_ name: String) -> StreamFacts? {
        guard let entry = keeper.entry(name) else { return nil }
        var facts = StreamFacts(
            entry, viewers: sessionRegistry.viewerCount(of: name, at: clocks.monotonic()), hostname: hostname,
            archiveSeconds: archives.seconds(of: name), events: events.newest(limit: 50, stream: name))
        group?.place(&facts)
        facts.add(replication.sight(of: name))
        return facts
    }

    func sessions() -> [SessionFacts] {
        sessionRegistry.sessions(at: clocks.monotonic()).map { session in
            SessionFacts(
                id: String(session.id), name: session.stream, proto: session.viewerProtocol.rawValue,
                ip: session.address, userAgent: session.userAgent, openedAt: session.openedAt,
                bytes: UInt64(session.byteCount), skips: UInt64(session.skipCount))
        }
    }

    func serverFacts() -> ServerFacts {
        let now = clocks.monotonic()
        let sent = sessionRegistry.byteCount
        let streams = keeper.entries.compactMap { $0.running?.status }
        let alive = streams.filter(\.isAlive)
        return ServerFacts(
            hostname: hostname, version: WeirVersion.text, instanceID: instanceID, uptime: statistics.uptime,
            now: clocks.utc().unixMilliseconds, cpu: statistics.cpuPercent, memory: statistics.residentBytes,
            streams: keeper.entries.count, streamsAlive: alive.count,
            clients: sessionRegistry.sessions(at: now).count(where: \.isViewer),
            inputKbit: alive.reduce(0) { $0 + $1.bitrate },
            outputKbit: output.withLockedValue { $0.look(byteCount: sent, at: now) })
    }

    func peers() -> [PeerFacts] { group?.peerFacts(own: serverFacts()) ?? [] }

    func config() -> ConfigFacts {
        let current = configuration.current
        return ConfigFacts(
            path: configuration.path, text: current.settings.text(secrets: .hidden),
            notices: current.remarks(given: WeirFeatures.available).map(\.description))
    }

    func metrics() -> [MetricFamily] {
        let readers = [sessionRegistry.receiverMetric(at: clocks.monotonic()), sessionRegistry.skipMetric]
        return archives.metrics + replication.metrics + readers + keeper.queueMetrics + (group?.metrics ?? [])
            + moreMetrics()
    }

    func unreadiness() -> String? {
        group?.service.snapshot.isDraining == true ? "the server is draining: its streams go to other servers" : nil
    }

    func reload() async throws -> ReloadFacts { try await control.reload() }

    func stop() async { await control.stop() }

    func setDraining(_ draining: Bool) async throws {
        guard let group else {
            throw Problem.badRequest("this server is not in a group", hint: "a group needs cluster_key and peer lines")
        }
        await group.service.setDraining(draining)
    }

    private func viewersByStream() -> [String: Int] {
        sessionRegistry.sessions(at: clocks.monotonic()).lazy.filter(\.isViewer)
            .reduce(into: [:]) { $0[$1.stream, default: 0] += 1 }
    }
}
