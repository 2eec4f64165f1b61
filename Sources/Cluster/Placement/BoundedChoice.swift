// Streams choose peers and no peer takes more than its bound: the stable matching of rendezvous distances.

/// Gives each stream a peer so that no stream and peer would both rather have each other (Gale and Shapley 1962).
///
/// Streams propose to the nearest peer, a peer that is over its bound keeps the nearest streams and turns the others away,
/// who go on to the next. With distances that both sides share the result is unique: the order of proposals does not matter.
///
/// - Parameters:
///   - streams: hashes of the streams; the position decides between equal distances.
///   - peers: hash, weight and bound of each candidate.
/// - Returns: for each stream the position of its peer, or nil when all bounds are full.
func boundedChoice(streams: [UInt64], peers: [(hash: UInt64, weight: Int, bound: Int)]) -> [Int?] {
    let width = peers.count
    var choice = [Int?](repeating: nil, count: streams.count)
    guard width > 0 else { return choice }
    var distances = [Double](repeating: .infinity, count: streams.count * width)
    for stream in 0..<streams.count {
        for peer in 0..<width where peers[peer].bound > 0 {
            distances[stream * width + peer] = rendezvousDistance(
                stream: streams[stream], peer: peers[peer].hash, weight: peers[peer].weight)
        }
    }
    var held = [[Int]](repeating: [], count: width)
    var proposing = Array(0..<streams.count)
    while !proposing.isEmpty {
        for stream in proposing {
            var best: Int?
            var bestDistance = Double.infinity
            for peer in 0..<width where distances[stream * width + peer] < bestDistance {
                best = peer
                bestDistance = distances[stream * width + peer]
            }
            choice[stream] = best
            if let best { held[best].append(stream) }
        }
        proposing.removeAll(keepingCapacity: true)
        for peer in 0..<width where held[peer].count > peers[peer].bound {
            held[peer].sort { a, b in
                let (x, y) = (distances[a * width + peer], distances[b * width + peer])
                return x == y ? a < b : x < y
            }
            for stream in held[peer][peers[peer].bound...] {
                distances[stream * width + peer] = .infinity
                proposing.append(stream)
            }
            held[peer].removeLast(held[peer].count - peers[peer].bound)
        }
    }
    return choice
}

/// The bound of each peer for `count` streams: its share by weight, rounded up, plus a slack of 3 %.
///
/// `taken` streams are bound to a peer already (by `capture_at`) and count towards its share; a peer that has more than its
/// share, or whose hard `limit` is below it, leaves the rest to the others.
func bounds(for count: Int, weights: [Int], taken: [Int], limits: [Int?]) -> [Int] {
    var result = [Int](repeating: 0, count: weights.count)
    var open = weights.indices.filter { weights[$0] > 0 }
    var total = count + open.reduce(0) { $0 + taken[$1] }
    while !open.isEmpty {
        let weight = open.reduce(0) { $0 + weights[$1] }
        let full = open.filter { peer in
            let share = total * weights[peer] / weight
            return taken[peer] > share || limits[peer].map { $0 <= share } ?? false
        }
        if full.isEmpty {
            for peer in open {
                let (whole, rest) = (total * weights[peer]).quotientAndRemainder(dividingBy: weight)
                let share = max(whole + (rest > 0 ? 1 : 0), whole * 103 / 100)
                result[peer] = max(0, min(share, limits[peer] ?? share) - taken[peer])
            }
            break
        }
        for peer in full {
            let most = limits[peer].map { min($0, max(taken[peer], total)) } ?? taken[peer]
            let bound = taken[peer] > total * weights[peer] / weight ? 0 : max(0, most - taken[peer])
            result[peer] = bound
        }
        for peer in full { total -= taken[peer] + result[peer] }
        open.removeAll { full.contains($0) }
        total = max(0, total)
    }
    return result
}
