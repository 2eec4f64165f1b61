// A cut that heals ends with one capture within one poll: counted on virtual time, wherever in a poll the cut heals.
import Cluster
import Simulation
import Testing

@Suite struct HealedCutTests {
    static let fetch: Int64 = 1_000_000
    /// What a capture takes to end.
    static let ending: Int64 = 30_000
    static let cam = StreamName("cam")

    /// A group whose first server was cut off for eight seconds and now is not; each side captures. The same each time.
    private func healedWorld(_ count: Int, isBothWays: Bool, place: Int) -> ClusterWorld {
        let ids = (0..<count).map { PeerID("s\($0)") }
        let peers = ids.map { ClusterPeer(id: $0, fetchTimeout: .seconds(1), staleTimeout: .seconds(3)) }
        let stream = ClusterStream(name: Self.cam, captureAt: ids[0])
        var world = ClusterWorld(
            seed: UInt64(place),
            settings: ids.map { ClusterSettings(own: $0, peers: peers, streams: [stream], failback: .immediate) })
        world.network.delay = 100...1000
        for id in ids { world.boot(id) }
        world.run(for: 5_000_000)
        #expect(world.captures(of: Self.cam) == [ids[0]])
        for other in ids.dropFirst() {
            world.cut(from: ids[0], to: other)
            if isBothWays { world.cut(from: other, to: ids[0]) }
        }
        // Polls that fail follow one another in one fetch_timeout; the cut heals at ten places of it.
        world.run(for: 8 * Self.fetch + Int64(place) * Self.fetch / 10)
        #expect(world.captures(of: Self.cam).count == 2, "each side captures")
        world.heal()
        return world
    }

    @Test(arguments: [2, 3, 5], [true, false])
    func `each side has captured; the first answer from the other side ends one of the captures`(
        count: Int, isBothWays: Bool
    ) throws {
        for place in 0..<10 {
            var world = healedWorld(count, isBothWays: isBothWays, place: place)
            let (healed, before, events) = (world.now, world.heard, world.events.count)
            func firstToYield() -> PeerID? {
                world.events.dropFirst(events).first { $0.event.kind == .streamYielded }?.server
            }
            // To the millisecond in which a server yields, and in a second life to the very answer.
            while firstToYield() == nil, world.now - healed <= 2 * Self.fetch { world.run(for: 1000) }
            let yielded = world.now
            world = healedWorld(count, isBothWays: isBothWays, place: place)
            world.run(until: yielded - 1000)
            while firstToYield() == nil, world.now < yielded { world.run(for: 1) }
            let loser = try #require(firstToYield(), "healed at \(place)/10 of a poll: nobody yields")
            let isAlone = loser == world.servers[0]
            let answers = world.servers.enumerated().filter { ($0.offset == 0) != isAlone }.reduce(0) {
                $0 + (world.heard[loser]?[$1.element] ?? 0) - (before[loser]?[$1.element] ?? 0)
            }
            #expect(answers == 1, "\(loser) heard \(answers) answers of the other side")
            world.run(for: Self.ending)
            #expect(world.captures(of: Self.cam).count == 1)
            #expect(world.now - healed <= Self.fetch + 2 * Self.ending, "healed at \(place)/10 of a poll")
            // Then it goes home, and never are there two again.
            while world.now - healed < 5 * Self.fetch {
                world.run(for: 10_000)
                #expect(world.captures(of: Self.cam).count <= 1)
            }
            #expect(world.captures(of: Self.cam) == [world.servers[0]])
            #expect(world.violations.isEmpty, "\(world.violations)")
        }
    }
}
