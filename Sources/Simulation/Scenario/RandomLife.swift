// A random life of a small group, drawn from one seed: trouble, a still cut, healing, quiet.
import Cluster

/// What a seed draws, and the checks of each phase.
package struct RandomLife {
    package var world: ClusterWorld
    let fetch: Int64 = 1_000_000
    let stale: Int64 = 3_000_000
    private var chance: ChanceSource

    /// - Parameters:
    ///   - peers: number of servers; nil draws 2 to 5.
    ///   - streams: number of streams; nil draws 1 to 8.
    package init(seed: UInt64, peers: Int? = nil, streams: Int? = nil) {
        var chance = ChanceSource(seed: seed ^ 0x51ed)
        let count = peers ?? Int.random(in: 2...5, using: &chance)
        let streamCount = streams ?? Int.random(in: 1...8, using: &chance)
        let ids = (0..<count).map { PeerID("s\($0 < 10 ? "0" : "")\($0)") }
        let group = ids.map {
            ClusterPeer(id: $0, fetchTimeout: .seconds(1), staleTimeout: .seconds(3))
        }
        let order: HandOver = Int.random(in: 0..<4, using: &chance) == 0 ? .makeBeforeBreak : .breakBeforeMake
        let names = (0..<streamCount).map { index in
            ClusterStream(
                name: StreamName("cam\(index)"),
                captureAt: Int.random(in: 0..<4, using: &chance) == 0 ? ids.randomElement(using: &chance) : nil,
                handOver: order)
        }
        let failback: FailbackPolicy = Bool.random(using: &chance) ? .immediate : .delayed(.seconds(2))
        world = ClusterWorld(
            seed: seed,
            settings: ids.map {
                ClusterSettings(
                    own: $0, peers: group.shuffled(using: &chance), streams: names.shuffled(using: &chance),
                    failback: failback, giveUpAfter: .seconds(5), failbackBatch: max(20, streamCount / 4))
            })
        self.chance = chance
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
        // A still network that may be cut: each part by itself.
        for peer in ids { world.resume(peer) }
        world.network.lossPerMille = 0
        settle(bound)
        world.checkOnceInEachPart()
        // Everything whole again.
        world.heal()
        for peer in ids { world.boot(peer) }
        settle(bound)
        world.checkOnceInEachPart()
        world.checkFound()
        world.checkHome()
        let starts = world.starts
        world.run(until: world.now + 4 * fetch, coveredWithin: bound)
        if world.starts != starts { world.violate("\(world.starts - starts) moves after everything was quiet") }
    }

    private mutating func settle(_ bound: Int64) {
        world.run(until: world.now + 3 * stale + 3 * fetch, coveredWithin: bound)
    }

    private mutating func disturb(_ ids: [PeerID]) {
        guard let one = ids.randomElement(using: &chance), let other = ids.randomElement(using: &chance) else { return }
        switch Int.random(in: 0..<10, using: &chance) {
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
        default: world.setClock(one, ahead: Int64.random(in: -100_000...100_000, using: &chance))
        }
    }
}
