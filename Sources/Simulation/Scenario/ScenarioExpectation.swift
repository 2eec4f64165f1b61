// The expectations of a scenario: what must hold at a moment.
import Cluster

/// One expectation.
///
///     expect cam01 on b                         exactly b captures it
///     expect cam01 on b and one of a,c          b and exactly one of the others
///     expect cam01 nowhere
///     expect each stream once                   … on exactly one running server
///     expect even                               … and nobody more than 10 % off the mean
///     expect a captures 5                       number of streams
///     expect a sees b dead                      state of a peer as `cluster/peers` shows it
///     expect a finds cam01 on b                 where it redirects to; `all finds …` for every running server
///     expect everybody finds everything         … each running server, each stream
enum ScenarioExpectation: Sendable {
    case on(StreamName, [PeerID], oneOf: [PeerID])
    case eachOnce
    case even
    case count(PeerID, Int)
    case sees(PeerID, PeerID, state: String)
    case finds([PeerID], StreamName, PeerID)
    case found

    /// Why it does not hold; nil if it does.
    func failure(in world: inout ClusterWorld) -> String? {
        switch self {
        case .on(let stream, let peers, let oneOf):
            let captures = world.captures(of: stream)
            let rest = captures.filter { !peers.contains($0) }
            let holds =
                peers.allSatisfy { captures.contains($0) }
                && (oneOf.isEmpty ? rest.isEmpty : rest.count == 1 && oneOf.contains(rest[0]))
            return holds ? nil : "\(stream) is captured by \(captures)"
        case .eachOnce:
            let wrong = Self.streams(of: world).filter { world.captures(of: $0).count != 1 }
            return wrong.isEmpty
                ? nil : wrong.map { "\($0) is captured by \(world.captures(of: $0))" }.joined(separator: ", ")
        case .even:
            let running = world.servers.filter { world.isRunning($0) }
            let counts = running.map { world.streamCount(on: $0) }
            let total = Self.streams(of: world).count
            let isEven = counts.allSatisfy { abs($0 * running.count - total) * 10 <= total }
            return isEven && counts.reduce(0, +) == total ? nil : "the loads of \(running) are \(counts)"
        case .count(let peer, let count):
            let captured = world.streamCount(on: peer)
            return captured == count ? nil : "\(peer) captures \(captured)"
        case .sees(let peer, let other, let state):
            let seen = world.node(peer)?.snapshot().peers.first { $0.id == other }?.state.rawValue ?? "nothing"
            return seen == state ? nil : "\(peer) sees \(other) as \(seen)"
        case .finds(let peers, let stream, let holder):
            for peer in peers where world.isRunning(peer) {
                let place = world.node(peer)?.stream(named: stream)?.runningOn
                if place != holder { return "\(peer) finds \(stream) on \(place?.text ?? "nobody")" }
            }
            return nil
        case .found:
            let before = world.violations.count
            world.checkFound()
            return world.violations.count == before ? nil : "not everything is found"
        }
    }

    private static func streams(of world: ClusterWorld) -> [StreamName] {
        guard let first = world.servers.first(where: { world.isRunning($0) }) else { return [] }
        return world.settings(of: first)?.streams.map(\.name) ?? []
    }
}
