// Puts the group's parts together, if the configuration has a group.
import Cluster
import LiveStream
import ManagementAPI
import Media
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import PeerLink
import Playback
import SettingsLanguage

extension WeirServer {
    /// Nil for a server on its own. The group's polls and timers have a thread that no media uses.
    static func group(
        _ launch: Launch, keeper: StreamKeeper, sessions: SessionRegistry, statistics: ProcessStatistics,
        clocks: SystemClocks, events: EventLog
    ) -> ServerGroup? {
        let settings = launch.settings.settings
        guard settings.hasGroup, let peer = launch.identity.peer else { return nil }
        let own = PeerID(peer)
        let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
        let utc: @Sendable () -> WallTime = { WallTime(milliseconds: clocks.utc().unixMilliseconds) }
        let output = NIOLockedValueBox(OutputMeter(byteCount: sessions.byteCount, at: clocks.monotonic()))
        let control = ClusterKeeper(
            keeper: keeper, clocks: clocks, events: events, logger: launch.logger,
            currentLoad: {
                let streams = keeper.entries
                let alive = streams.compactMap { $0.running?.status }.filter(\.isAlive)
                return PeerLoad(
                    cpuPercent: Int(statistics.cpuPercent), memoryBytes: Int64(clamping: statistics.residentBytes),
                    clients: sessions.sessions(at: clocks.monotonic()).count(where: \.isViewer),
                    inputKbps: alive.reduce(0) { $0 + $1.bitrate },
                    outputKbps: output.withLockedValue {
                        $0.look(byteCount: sessions.byteCount, at: clocks.monotonic())
                    }, streams: streams.count,
                    streamsAlive: alive.count, uptimeSeconds: Int(statistics.uptime))
            })
        let service = ClusterService(
            settings: ClusterSettings(settings, own: own), addresses: GroupAddresses(settings),
            instance: InstanceID(.random(in: 1 ... .max)), software: WeirVersion.text, control: control,
            client: PeerClient(eventLoop: eventLoop, utc: { utc().milliseconds }), eventLoop: eventLoop,
            now: {
                Moment(
                    monotonic: MonotonicTime(
                        microseconds: Int64(clamping: clocks.monotonic().uptimeNanoseconds / 1000)),
                    wall: utc())
            }, logger: launch.logger)
        let group = ServerGroup(settings, own: own, service: service, eventLoop: eventLoop, utc: utc)
        keeper.setGroup { [weak group] in
            group?.locate($0) ?? .starting(reason: "the server is shutting down", retryAfter: 1)
        }
        return group
    }
}
