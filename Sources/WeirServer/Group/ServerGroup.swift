// The group that this server is in: its machine, its answers to peers, and where a viewer is sent.
import Cluster
import LiveStream
import NIOConcurrencyHelpers
import NIOCore
import PeerLink
import ServiceLifecycle
import SettingsLanguage

/// This server's place in its group. May be used from any thread.
final class ServerGroup: Sendable {
    let service: ClusterService
    let responder: PollResponder
    let own: PeerID
    /// Of its polls and timers; no media uses it.
    let eventLoop: any EventLoop
    private let settingsByPeer: NIOLockedValueBox<[PeerID: PeerSettings]>

    /// - Parameter settings: with a group of which `own` is a peer.
    init(
        _ settings: ServerSettings, own: PeerID, service: ClusterService, eventLoop: any EventLoop,
        utc: @escaping @Sendable () -> WallTime
    ) {
        self.own = own
        self.eventLoop = eventLoop
        self.service = service
        settingsByPeer = NIOLockedValueBox(Self.byPeer(settings))
        responder = PollResponder(key: settings.clusterKey?.value ?? "", utc: utc, tally: service.tally) { message in
            await service.report(for: message)
        }
    }

    /// Why these settings cannot be used by a reload; nil when they can.
    func objection(to settings: ServerSettings) -> String? {
        guard settings.hasGroup else {
            return "a server leaves its group (no cluster_key, or no other peer) only by a restart"
        }
        guard settings.peers.contains(where: { PeerID($0) == own }) else {
            return "this server runs as '\(own)', which is no peer any more"
        }
        return nil
    }

    /// - Precondition: there is no objection to `settings`.
    func apply(_ settings: ServerSettings) async {
        settingsByPeer.withLockedValue { $0 = Self.byPeer(settings) }
        responder.replaceKey(settings.clusterKey?.value ?? "")
        await service.apply(ClusterSettings(settings, own: own), GroupAddresses(settings))
    }

    func settings(of peer: PeerID) -> PeerSettings? { settingsByPeer.withLockedValue { $0[peer] } }

    /// Where a stream is that this server does not run: one of the group's, or one that only others have.
    func locate(_ name: String) -> StreamLocation {
        switch service.place(of: Cluster.StreamName(name)) {
        case .here(let reason): return .starting(reason: "it is starting on this server (\(reason))", retryAfter: 1)
        case .moving(let reason): return .starting(reason: reason, retryAfter: 1)
        case .unknown: return .unknown
        case .at(let holder):
            guard let settings = settings(of: holder) else {
                return .starting(reason: "it is on \(holder), which is leaving the group", retryAfter: 1)
            }
            return .elsewhere(baseURL: settings.viewerURL, peer: settings.name)
        }
    }

    private static func byPeer(_ settings: ServerSettings) -> [PeerID: PeerSettings] {
        Dictionary(settings.peers.map { (PeerID($0), $0) }, uniquingKeysWith: { first, _ in first })
    }
}

/// The group's machine as a service.
struct GroupService: Service {
    let service: ClusterService

    func run() async throws { await service.run() }
}
