// A random life of a group, drawn from one seed: trouble, a still cut, healing, quiet.
import Cluster

/// What a seed draws, and the checks of each phase.
package struct RandomLife {
    package var world: ClusterWorld
    /// The longest of all peers.
    let fetch: Int64
    let stale: Int64
    private var chance: ChanceSource
    /// The newest configuration; servers get it one by one.
    private var newest: ClusterSettings
    private var addedStreams = 0
    private let hasUnreachableSources: Bool

    /// - Parameters:
    ///   - peers: number of servers; nil draws 2 to 20, small numbers most often.
    ///   - streams: number of streams; nil draws 1 to 200, small numbers most often.
    package init(seed: UInt64, peers: Int? = nil, streams: Int? = nil) {
        var chance = ChanceSource(seed: seed ^ 0x51ed)
        let size = Int.random(in: 0..<100, using: &chance)
        let mostPeers = size == 0 ? 20 : size < 6 ? 10 : 5
        let mostStreams = size == 1 ? 200 : size < 10 ? 40 : 8
        let count = peers ?? Int.random(in: 2...mostPeers, using: &chance)
        let streamCount = streams ?? Int.random(in: 1...mostStreams, using: &chance)
        let staleSeconds = [3, 3, 3, 4, 5].randomElement(using: &chance) ?? 3
        let ids = (0..<count).map { PeerID("s\($0 < 10 ? "0" : "")\($0)") }
        var group = ids.map {
            ClusterPeer(id: $0, fetchTimeout: .seconds(1), staleTimeout: .seconds(Int64(staleSeconds)))
        }
        if seed % 4 == 2 { Self.makeUnequal(&group, seed: seed) }
        fetch = group.map(\.fetchTimeout.microseconds).max() ?? 0
        stale = group.map(\.staleTimeout.microseconds).max() ?? 0
        let order: HandOver = Int.random(in: 0..<4, using: &chance) == 0 ? .makeBeforeBreak : .breakBeforeMake
        let isPinned = Int.random(in: 0..<3, using: &chance) > 0
        let names = (0..<streamCount).map { index in
            ClusterStream(
                name: StreamName("cam\(index)"),
                captureAt: isPinned && Int.random(in: 0..<4, using: &chance) == 0
                    ? ids.randomElement(using: &chance) : nil,
                handOver: order)
        }
        let failback: FailbackPolicy = Bool.random(using: &chance) ? .immediate : .delayed(.seconds(2))
        hasUnreachableSources = Int.random(in: 0..<4, using: &chance) == 0
        let settings = ids.map {
            ClusterSettings(
                own: $0, peers: group.shuffled(using: &chance), streams: names.shuffled(using: &chance),
                failback: failback, giveUpAfter: .seconds(5), failbackBatch: max(20, streamCount / 4))
        }
        world = ClusterWorld(seed: seed, settings: settings)
        newest = settings[0]
        self.chance = chance
    }

    /// In every fourth life each peer has timeouts and a weight of its own. With numbers of their own, so that all other lives are as
    /// they were when their seeds were kept.
    private static func makeUnequal(_ group: inout [ClusterPeer], seed: UInt64) {
        var chance = ChanceSource(seed: seed ^ 0x77e1)
        for index in group.indices {
            let fetch = Int64.random(in: 3...15, using: &chance) * 100
            group[index].fetchTimeout = .milliseconds(fetch)
            group[index].staleTimeout = .milliseconds(fetch * Int64.random(in: 3...5, using: &chance) + 1000)
            group[index].weight = Int.random(in: 1...3, using: &chance)
        }
    }

    /// Lives it through; the world's `violations` tell what was wrong.
    package mutating func live() {
        let ids = world.servers
        for peer in ids { if Int.random(in: 0..<8, using: &chance) > 0 { world.boot(peer) } }
        world.network.lossPerMille = [0, 0, 20, 100].randomElement(using: &chance) ?? 0
        world.network.duplicatePerMille = [0, 30].randomElement(using: &chance) ?? 0
        world.network.delay = [500...3000, 1000...40_000, 1000...250_000].randomElement(using: &chance) ?? 500...3000
        let delay = world.network.delay.upperBound
        // Death is seen, one poll, the start; and what loss and delay add to them.
        let bound =
            stale + fetch + world.startDelay + 4 * delay + 300_000 + (world.network.lossPerMille > 0 ? 3 * fetch : 0)
        for _ in 0..<Int.random(in: 2...6, using: &chance) {
            world.run(until: world.now + Int64.random(in: 100_000...4_000_000, using: &chance), coveredWithin: bound)
            disturb(ids)
        }
        // A still network that may be cut: each part by itself, all with the newest configuration.
        for peer in ids { world.resume(peer) }
        for peer in ids { reload(peer) }
        world.network.lossPerMille = 0
        settle(bound)
        world.checkOnceInEachPart()
        // Everything whole again.
        world.heal()
        for peer in ids {
            world.boot(peer)
            world.takeBack(peer)
        }
        for (stream, peers) in world.unreachable {
            for peer in peers { world.setReachable(stream, from: peer, true) }
        }
        settle(bound)
        world.checkOnceInEachPart()
        world.checkFound()
        world.checkHome()
        if !hasUnreachableSources { world.checkEvenSpread() }
        world.runQuietly(for: 4 * fetch, coveredWithin: bound)
        world.checkMoves(causes: world.causes)
    }

    private mutating func settle(_ bound: Int64) {
        world.run(until: world.now + 3 * stale + 3 * fetch, coveredWithin: bound)
    }

    private mutating func disturb(_ ids: [PeerID]) {
        guard let one = ids.randomElement(using: &chance), let other = ids.randomElement(using: &chance) else { return }
        switch Int.random(in: 0..<15, using: &chance) {
        case 0, 1: world.crash(one)
        case 2, 3: world.boot(one)
        case 4: world.pause(one)
        case 5: for peer in ids { world.resume(peer) }
        case 6:
            for peer in ids where peer != one {
                world.cut(from: one, to: peer)
                world.cut(from: peer, to: one)
            }
        case 7: if one != other { world.cut(from: one, to: other) }
        case 8: world.heal()
        case 9:
            // Restarted at once, with a new instance id.
            world.crash(one)
            world.boot(one)
        case 10: world.drain(one)
        case 11: world.takeBack(one)
        case 12:
            changeConfiguration(ids)
            for peer in ids where Bool.random(using: &chance) { reload(peer) }
        case 13:
            guard hasUnreachableSources, let stream = newest.streams.randomElement(using: &chance) else { return }
            world.setReachable(stream.name, from: one, world.unreachable[stream.name]?.contains(one) == true)
        default: world.setClock(one, ahead: Int64.random(in: -100_000...100_000, using: &chance))
        }
    }

    private mutating func changeConfiguration(_ ids: [PeerID]) {
        let index = Int.random(in: 0..<newest.streams.count, using: &chance)
        switch Int.random(in: 0..<3, using: &chance) {
        case 0:
            addedStreams += 1
            newest.streams.append(ClusterStream(name: StreamName("new\(addedStreams)")))
        case 1: if newest.streams.count > 1 { newest.streams.remove(at: index) }
        default: newest.streams[index].captureAt = ids.randomElement(using: &chance)
        }
    }

    private mutating func reload(_ peer: PeerID) {
        guard var settings = world.settings(of: peer), settings.streams != newest.streams else { return }
        settings.streams = newest.streams
        world.reload(peer, settings)
    }
}
