// What the configuration asks of replication: which streams, from whom.
import Cluster
import M4F
import Media
import PeerLink
import SettingsLanguage

/// One stream that is replicated.
struct ReplicationWish: Hashable, Sendable {
    /// Another server that has the stream.
    struct Peer: Hashable, Sendable {
        /// As the configuration names it: an input's URL without secrets, or a peer of the group.
        var name: String
        /// `http://host:port`
        var base: String
        /// Its name there.
        var stream: String
    }

    var stream: String
    var peers: [Peer]
    /// Bytes per second; nil is unlimited.
    var speed: Int64?
    var identity: ArchiveIdentity
    /// Clocks that differ by more are told: the length of a segment.
    var tolerance: MediaSpan
    /// URLs of the inputs that come from other Weir servers.
    var inputs: Set<String>

    /// All streams with `replicate`, and where their archives may be had: from each `m4f://` input, and for a stream of the
    /// group from all other servers of it, since whoever owned the stream before has recorded it.
    static func all(in settings: ServerSettings, own: PeerSettings?, name: String) -> [ReplicationWish] {
        settings.streams.compactMap { stream in
            guard !stream.isDisabled, let archive = stream.archive, archive.replicates else { return nil }
            var peers: [Peer] = []
            for input in stream.inputs where input.url.scheme.isPeerProtocol {
                guard let host = input.url.address else { continue }
                let isSecure = input.url.scheme == .m4fs
                let address = M4FAddress(
                    isSecure: isSecure, host: host.host,
                    port: (archive.replicationPort ?? host.port).map { UInt16(clamping: $0) },
                    // A name with a broken escape is refused where the input is opened.
                    stream: PercentEncoding.decoded(input.url.path[...]) ?? input.url.path)
                peers.append(
                    Peer(name: input.url.description, base: address.base, stream: address.stream))
            }
            if stream.clusterIngest != nil, settings.hasGroup {
                for peer in settings.peers where peer.name != own?.name {
                    var place = peer.contact
                    if let port = archive.replicationPort { place.port = port }
                    peers.append(Peer(name: peer.name, base: "http://\(place)", stream: stream.name))
                }
            }
            var bases: Set<String> = []
            peers = peers.filter { bases.insert($0.base + "/" + $0.stream).inserted }
            guard !peers.isEmpty else { return nil }
            return ReplicationWish(
                stream: stream.name, peers: peers, speed: archive.replicationSpeed,
                identity: ArchiveIdentity(name: name, key: settings.clusterKey?.value ?? ""),
                tolerance: .milliseconds(
                    max(1000, Int64(stream.segmentDuration / .milliseconds(1)))),
                inputs: Set(stream.inputs.map(\.url).filter(\.scheme.isPeerProtocol).map(\.text)))
        }
    }

    /// Ports that archives are given at beside those of HTTP.
    static func ports(in settings: ServerSettings) -> [Int] {
        let taken = Set(settings.effectiveListeners.map(\.port))
        return Set(settings.streams.filter { !$0.isDisabled }.compactMap(\.archive?.replicationPort))
            .subtracting(taken).sorted()
    }
}
