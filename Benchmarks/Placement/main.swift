// Times a decision of placement by size, and shows how even it is and what moves: the rows of `bench-cluster.sh placement`.
import Cluster

/// Milliseconds, the best of five runs.
func milliseconds(_ work: () -> Void) -> Double {
    let times = (0..<5).map { _ in
        let duration = ContinuousClock().measure(work)
        return Double(duration.components.attoseconds) / 1e15 + Double(duration.components.seconds) * 1000
    }
    return times.min() ?? 0
}

/// Two digits. Without `rounded()`, which may want the C library's mathematics, that nothing else here links.
func text(_ value: Double) -> String { String(Double(Int(value * 100 + 0.5)) / 100) }

print(
    "| streams | peers | plan, once per reload (ms) | a decision, all alive (ms) | a decision, one dead (ms) | most off the mean |"
)
print("| --- | --- | --- | --- | --- | --- |")
for (streams, peers) in [(300, 3), (1000, 5), (1000, 20), (5000, 10), (10_000, 20)] {
    let group = (1...peers).map { ClusterPeer(id: PeerID("server\($0).example.com")) }
    let cams = (1...streams).map { ClusterStream(name: StreamName("cam\($0)")) }
    var plan = PlacementPlan(peers: group, streams: cams)
    let planning = milliseconds { plan = PlacementPlan(peers: group, streams: cams) }
    var decisions: [PlacementDecision] = []
    let alive = [Bool](repeating: true, count: peers)
    let deciding = milliseconds { decisions = plan.decide(usable: alive) }
    var loads = [Int](repeating: 0, count: peers)
    for decision in decisions { if let peer = decision.peer { loads[peer] += 1 } }
    let mean = Double(streams) / Double(peers)
    let off = loads.map { abs(Double($0) - mean) / mean }.max() ?? 0
    var oneDead = alive
    oneDead[0] = false
    let withoutOne = milliseconds { decisions = plan.decide(usable: oneDead) }
    print(
        "| \(streams) | \(peers) | \(text(planning)) | \(text(deciding)) | \(text(withoutOne)) | \(text(off * 100)) % |"
    )
}
