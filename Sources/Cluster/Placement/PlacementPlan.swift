// Which peer should capture which stream: a pure function of the configuration and of who is usable.

/// Where a stream should be, and why.
package struct PlacementDecision: Hashable, Sendable {
    package enum Rule: Hashable, Sendable {
        /// Its `capture_at` names this peer.
        case captureAt
        /// Its home by hash.
        case home
        /// The peers before this one in the stream's own order are away, full or gave it up.
        case next(instead: PeerID)
        /// Nobody may take it.
        case unplaced(reason: String)
    }
    /// Position in the plan's `peers`; nil when unplaced.
    package var peer: Int?
    package var rule: Rule
}

/// The part of placement that depends on the configuration alone, computed once per reload.
///
/// Each stream has a fixed *order of peers*: its `capture_at`, then its home, then who takes it when that peer is away, and
/// so on; it is captured by the first usable peer of its order. Therefore a death moves only the dead peer's streams and a
/// return only brings back its own, whatever happened before. The orders are not drawn stream by stream but in groups: all
/// streams whose first peers are the same choose the next one together by `boundedChoice`, so each level is spread evenly.
/// `DESIGN.md` of this room compares the alternatives.
package struct PlacementPlan: Sendable {
    /// Sorted by id.
    package let peers: [ClusterPeer]
    /// Sorted by name.
    package let streams: [ClusterStream]
    let peerHashes: [UInt64]
    let streamHashes: [UInt64]
    /// First of each stream's order; nil if every weight is 0 or every limit is reached.
    let homes: [Int?]
    let isPinned: [Bool]

    package init(peers: [ClusterPeer], streams: [ClusterStream]) {
        let peers = peers.sorted { $0.id < $1.id }
        let streams = streams.sorted { $0.name < $1.name }
        self.peers = peers
        self.streams = streams
        peerHashes = peers.map { StableHash.of($0.id.text) }
        streamHashes = streams.map { StableHash.of($0.name.text) }
        var positions: [PeerID: Int] = [:]
        for (position, peer) in peers.enumerated() { positions[peer.id] = position }
        var homes = streams.map { $0.captureAt.flatMap { positions[$0] } }
        var taken = [Int](repeating: 0, count: peers.count)
        isPinned = homes.map { $0 != nil }
        for home in homes { if let home { taken[home] += 1 } }
        let free = streams.indices.filter { homes[$0] == nil }
        let bound = bounds(
            for: free.count, weights: peers.map(\.weight), taken: taken, limits: peers.map(\.channelLimit))
        let hashes = peerHashes
        let choice = boundedChoice(
            streams: free.map { [streamHashes] in streamHashes[$0] },
            peers: peers.indices.map { (hashes[$0], peers[$0].weight, bound[$0]) })
        for (position, stream) in free.enumerated() { homes[stream] = choice[position] }
        self.homes = homes
    }

    /// Decides for all streams.
    ///
    /// - Parameters:
    ///   - usable: for each peer, whether it is alive and not drained. If none is, all streams are unplaced.
    ///   - excluded: for each stream (by position) that needs it, the peers that may not take it: they gave it up, or do
    ///     not know it. If every usable peer is excluded only by having given up, pass none.
    package func decide(usable: [Bool], excluded: [Int: [Int]] = [:]) -> [PlacementDecision] {
        var result = streams.indices.map { stream in
            PlacementDecision(peer: homes[stream], rule: isPinned[stream] ? .captureAt : .home)
        }
        guard usable.contains(true) else {
            for stream in streams.indices {
                result[stream] = PlacementDecision(peer: nil, rule: .unplaced(reason: "no peer is usable"))
            }
            return result
        }
        var groups = [[Int]](repeating: [], count: peers.count)
        var homeless: [Int] = []
        for stream in streams.indices {
            guard let home = homes[stream] else {
                homeless.append(stream)
                continue
            }
            if !usable[home] { groups[home].append(stream) }
        }
        for peer in peers.indices where !groups[peer].isEmpty {
            place(
                groups[peer], among: peers.indices.filter { $0 != peer }, instead: peer, usable: usable, into: &result)
        }
        for stream in homeless { placeAlone(stream, usable: usable, excluded: [], load: nil, into: &result) }
        for stream in excluded.keys.sorted() {
            if let home = homes[stream], usable[home], !(excluded[stream] ?? []).contains(home) { continue }
            placeAlone(stream, usable: usable, excluded: excluded[stream] ?? [], load: nil, into: &result)
        }
        enforceLimits(usable: usable, excluded: excluded, in: &result)
        return result
    }

    /// The next level of the order of `group`, whose earlier peers are away.
    private func place(
        _ group: [Int], among candidates: [Int], instead: Int, usable: [Bool], into result: inout [PlacementDecision]
    ) {
        let weighted = candidates.filter { peers[$0].weight > 0 }
        guard weighted.contains(where: { usable[$0] }) else {
            for stream in group { placeAlone(stream, usable: usable, excluded: [], load: nil, into: &result) }
            return
        }
        let none = [Int](repeating: 0, count: weighted.count)
        let bound = bounds(
            for: group.count, weights: weighted.map { peers[$0].weight }, taken: none, limits: none.map { _ in nil })
        let choice = boundedChoice(
            streams: group.map { streamHashes[$0] },
            peers: weighted.indices.map { (peerHashes[weighted[$0]], peers[weighted[$0]].weight, bound[$0]) })
        var next = [[Int]](repeating: [], count: weighted.count)
        for (position, stream) in group.enumerated() {
            guard let chosen = choice[position] else { continue }
            if usable[weighted[chosen]] {
                result[stream] = PlacementDecision(peer: weighted[chosen], rule: .next(instead: peers[instead].id))
            } else {
                next[chosen].append(stream)
            }
        }
        for (chosen, rest) in next.enumerated() where !rest.isEmpty {
            place(
                rest, among: weighted.filter { $0 != weighted[chosen] }, instead: instead, usable: usable, into: &result
            )
        }
    }

    /// Decides for one stream by itself: the nearest of `usable` that is not `excluded`.
    package func decide(stream: Int, usable: [Bool], excluded: [Int]) -> PlacementDecision {
        var result = [PlacementDecision](
            repeating: PlacementDecision(peer: nil, rule: .unplaced(reason: "")), count: streams.count)
        placeAlone(stream, usable: usable, excluded: excluded, load: nil, into: &result)
        return result[stream]
    }

    /// The usable peer nearest to one stream, regardless of groups; peers of weight 0 come last.
    private func placeAlone(
        _ stream: Int, usable: [Bool], excluded: [Int], load: [Int]?, into result: inout [PlacementDecision]
    ) {
        var best: (peer: Int, distance: Double, weightless: Bool)?
        var sawFull = false
        for peer in peers.indices where usable[peer] && !excluded.contains(peer) {
            if let load, let limit = peers[peer].channelLimit, load[peer] >= limit {
                sawFull = true
                continue
            }
            let weightless = peers[peer].weight == 0
            let distance = rendezvousDistance(
                stream: streamHashes[stream], peer: peerHashes[peer], weight: max(1, peers[peer].weight))
            if let old = best, (old.weightless ? 1 : 0, old.distance) <= (weightless ? 1 : 0, distance) { continue }
            best = (peer, distance, weightless)
        }
        if let best {
            let instead = homes[stream] ?? best.peer
            result[stream] = PlacementDecision(
                peer: best.peer, rule: instead == best.peer ? .home : .next(instead: peers[instead].id))
        } else {
            let reason =
                sawFull
                ? "every usable peer is at its channel_limit"
                : "no usable peer can capture it"
            result[stream] = PlacementDecision(peer: nil, rule: .unplaced(reason: reason))
        }
    }

    /// Peers over their hard limit pass streams on: those that are there as a stand-in first, those bound to it last.
    private func enforceLimits(usable: [Bool], excluded: [Int: [Int]], in result: inout [PlacementDecision]) {
        guard peers.contains(where: { $0.channelLimit != nil }) else { return }
        var load = [Int](repeating: 0, count: peers.count)
        var members = [[Int]](repeating: [], count: peers.count)
        for stream in streams.indices {
            if let peer = result[stream].peer {
                load[peer] += 1
                members[peer].append(stream)
            }
        }
        var shed: [Int] = []
        for peer in peers.indices {
            guard let limit = peers[peer].channelLimit, load[peer] > limit else { continue }
            let ranked = members[peer].map { stream -> (stream: Int, rank: Int, distance: Double) in
                let rank = homes[stream] != peer ? 2 : isPinned[stream] ? 0 : 1
                let distance = rendezvousDistance(
                    stream: streamHashes[stream], peer: peerHashes[peer], weight: max(1, peers[peer].weight))
                return (stream, rank, distance)
            }.sorted { ($0.rank, $0.distance, $0.stream) < ($1.rank, $1.distance, $1.stream) }
            shed += ranked[max(0, limit)...].map(\.stream)
            load[peer] = max(0, limit)
        }
        for stream in shed.sorted() {
            placeAlone(stream, usable: usable, excluded: excluded[stream] ?? [], load: load, into: &result)
            if let peer = result[stream].peer { load[peer] += 1 }
        }
    }
}
