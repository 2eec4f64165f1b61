// From the words of the configuration to those of the cluster.
import Cluster
import PeerLink
import SettingsLanguage

extension PeerID {
    /// Peers are compared without case in the configuration, and by their text between servers.
    init(_ peer: PeerSettings) { self.init(peer.name.lowercased()) }
}

extension ServerSettings {
    /// Whether this server is one of a group: it then captures a `cluster_ingest` stream only when the group says so.
    var hasGroup: Bool { clusterKey != nil && peers.count > 1 }
}

extension ClusterSettings {
    /// - Parameter own: one of the settings' peers.
    init(_ settings: ServerSettings, own: PeerID) {
        let handOver: HandOver =
            switch settings.handover {
            case .breakBeforeMake: .breakBeforeMake
            case .makeBeforeBreak: .makeBeforeBreak
            }
        let failback: FailbackPolicy =
            switch settings.failback {
            case .immediate: .immediate
            case .delayed(let time): .delayed(TimeSpan(time))
            case .off: .off
            }
        self.init(
            own: own,
            peers: settings.peers.map {
                ClusterPeer(
                    id: PeerID($0), weight: $0.weight, channelLimit: $0.channelLimit,
                    fetchTimeout: TimeSpan($0.fetchTimeout), staleTimeout: TimeSpan($0.staleTimeout))
            },
            streams: settings.streams.filter { !$0.isDisabled }.compactMap { stream in
                stream.clusterIngest.map {
                    ClusterStream(
                        name: Cluster.StreamName(stream.name), captureAt: $0.captureAt.map { PeerID($0.lowercased()) },
                        handOver: handOver)
                }
            },
            failback: failback, giveUpAfter: TimeSpan(settings.giveUp),
            clockTolerance: settings.streams.map { TimeSpan($0.segmentDuration) }.min() ?? .seconds(5))
    }
}

extension GroupAddresses {
    init(_ settings: ServerSettings) {
        self.init(
            places: Dictionary(
                settings.peers.map { (PeerID($0), $0.contact.description) }, uniquingKeysWith: { first, _ in first }),
            key: settings.clusterKey?.value ?? "")
    }
}

extension TimeSpan {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }
}
