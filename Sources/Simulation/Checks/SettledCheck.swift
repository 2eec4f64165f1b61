// Promise 2 on virtual time: after quiet, each connected part captures each stream once, where placement wants it.
package import Cluster

extension ClusterWorld {
    /// The parts of the group within which running servers can reach one another in both directions, step by step.
    package func connectedParts() -> [[PeerID]] {
        var rest = servers.filter { isRunning($0) }
        var parts: [[PeerID]] = []
        while let first = rest.first {
            var part = [first]
            var position = 0
            while position < part.count {
                let peer = part[position]
                for other in rest where !part.contains(other) && isLinked(peer, other) { part.append(other) }
                position += 1
            }
            parts.append(part.sorted())
            rest.removeAll { part.contains($0) }
        }
        return parts
    }

    private func isLinked(_ a: PeerID, _ b: PeerID) -> Bool {
        network.isOpen(from: a, to: b) && network.isOpen(from: b, to: a) && state[a]?.key == state[b]?.key
            && state[a]?.protocolVersion == state[b]?.protocolVersion
    }

    /// In each connected part exactly one server captures each stream that the part's servers all know.
    package mutating func checkOnceInEachPart() {
        for part in connectedParts() {
            guard let streams = settings(of: part[0])?.streams else { continue }
            for stream in streams.map(\.name) {
                let captures = part.filter { state[$0]?.captures[stream] != nil }
                if captures.count != 1 { violate("\(stream) is captured by \(captures) in the part \(part)") }
            }
        }
    }

    /// Every server knows where each stream runs and that is the server that captures it: so it can redirect there.
    package mutating func checkFound() {
        for peer in servers where isRunning(peer) {
            for stream in node(peer)?.snapshot().streams ?? [] {
                let captures = captures(of: stream.name)
                if captures.count == 1, stream.runningOn != captures[0] {
                    violate(
                        "\(peer) believes \(stream.name) on \(stream.runningOn?.text ?? "nobody"), it is on \(captures[0])"
                    )
                }
            }
        }
    }

    /// Each stream is where placement wants it.
    package mutating func checkHome() {
        for peer in servers where isRunning(peer) {
            for stream in node(peer)?.snapshot().streams ?? [] where stream.owner != stream.runningOn {
                violate(
                    "\(peer): \(stream.name) should be on \(stream.owner?.text ?? "nobody"), is on \(stream.runningOn?.text ?? "nobody")"
                )
            }
        }
    }
}
