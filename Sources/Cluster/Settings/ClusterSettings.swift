// What the machines of the group need to know from the configuration.

/// One `peer` line.
package struct ClusterPeer: Hashable, Sendable {
    package var id: PeerID
    /// Share of the streams in proportion to the other peers' weights. 0: takes only streams bound to it by `capture_at`
    /// and those that nobody else can take.
    package var weight: Int
    /// Most streams of the group that this peer captures at once; nil: no limit. A hard limit.
    package var channelLimit: Int?
    /// The longest time between two answers of a peer that is well (reference: «fetch streams from peer once per …»).
    package var fetchTimeout: TimeSpan
    /// Silence after which the peer is dead for us (reference: «consider streams from that peer as dead after …»).
    package var staleTimeout: TimeSpan

    /// Defaults: 5 s and 20 s, those of the configuration; `docs/cluster.md` says why.
    package init(
        id: PeerID, weight: Int = 1, channelLimit: Int? = nil, fetchTimeout: TimeSpan = .seconds(5),
        staleTimeout: TimeSpan = .seconds(20)
    ) {
        self.id = id
        self.weight = max(0, weight)
        self.channelLimit = channelLimit
        self.fetchTimeout = max(.milliseconds(10), fetchTimeout)
        self.staleTimeout = max(.milliseconds(20), staleTimeout)
    }
}

/// Which of two servers moves first when a running stream changes hands.
package enum HandOver: String, Hashable, Sendable {
    /// The old one stops before the new one starts: safe for sources that allow one reader.
    case breakBeforeMake
    /// The new one runs before the old one stops.
    case makeBeforeBreak
}

/// One stream with `cluster_ingest`.
package struct ClusterStream: Hashable, Sendable {
    package var name: StreamName
    /// `capture_at`: a wish, not a bond.
    package var captureAt: PeerID?
    package var handOver: HandOver
    package init(name: StreamName, captureAt: PeerID? = nil, handOver: HandOver = .breakBeforeMake) {
        self.name = name
        self.captureAt = captureAt
        self.handOver = handOver
    }
}

/// When a stream goes back to the peer where placement wants it.
package enum FailbackPolicy: Hashable, Sendable {
    case immediate
    /// After that peer has been up and in touch with the group for so long.
    case delayed(TimeSpan)
    /// Never while the stand-in lives and is not drained.
    case off
}

/// The group as one server's configuration has it. The peers include the server itself; checked by the room that reads files.
package struct ClusterSettings: Hashable, Sendable {
    /// The peer that this server is; one of `peers`.
    package var own: PeerID
    package var peers: [ClusterPeer]
    package var streams: [ClusterStream]
    package var failback: FailbackPolicy
    /// An owner without media for so long lets another try.
    package var giveUpAfter: TimeSpan
    /// A peer that gave a stream up is not asked again for so long; doubled at each further time, at most 16-fold.
    package var giveUpRetry: TimeSpan
    /// Streams that come home at the same time.
    package var failbackBatch: Int
    /// How far the clocks of two servers may differ before it is told: a segment, as cuts follow UTC.
    package var clockTolerance: TimeSpan

    package init(
        own: PeerID, peers: [ClusterPeer], streams: [ClusterStream], failback: FailbackPolicy = .delayed(.seconds(10)),
        giveUpAfter: TimeSpan = .seconds(30), giveUpRetry: TimeSpan = .seconds(300), failbackBatch: Int = 20,
        clockTolerance: TimeSpan = .seconds(5)
    ) {
        self.own = own
        self.peers = peers
        self.streams = streams
        self.failback = failback
        self.giveUpAfter = giveUpAfter
        self.giveUpRetry = giveUpRetry
        self.failbackBatch = max(1, failbackBatch)
        self.clockTolerance = clockTolerance
    }

    /// A digest of what all servers must agree on: peers with weights and limits, streams with `capture_at`.
    /// Independent of the order of the lines.
    package var fingerprint: UInt64 {
        var hash = StableHash()
        for peer in peers.sorted(by: { $0.id < $1.id }) {
            hash.combine(peer.id.text)
            hash.combine(UInt64(peer.weight))
            hash.combine(UInt64(bitPattern: Int64(peer.channelLimit ?? -1)))
        }
        for stream in streams.sorted(by: { $0.name < $1.name }) {
            hash.combine(stream.name.text)
            hash.combine(stream.captureAt?.text ?? "")
        }
        return hash.value
    }
}
