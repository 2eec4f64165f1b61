// The network between simulated servers: delay, loss, duplication and cuts, also in one direction.
package import Cluster

package struct VirtualNetwork: Sendable {
    package struct Link: Hashable, Sendable {
        package var from: PeerID
        package var to: PeerID
        package init(from: PeerID, to: PeerID) {
            self.from = from
            self.to = to
        }
    }
    /// Chance of a message to be lost, per thousand.
    package var lossPerMille = 0
    package var duplicatePerMille = 0
    /// Microseconds that a message takes.
    package var delay: ClosedRange<Int64> = 500...3000
    package private(set) var cuts: Set<Link> = []
    /// Microseconds that messages of a link take beyond `delay`.
    package var lag: [Link: Int64] = [:]

    package init() {}

    package mutating func cut(from: PeerID, to: PeerID) { cuts.insert(Link(from: from, to: to)) }
    package mutating func heal() { cuts = [] }
    package func isOpen(from: PeerID, to: PeerID) -> Bool { !cuts.contains(Link(from: from, to: to)) }

    /// When the copies of a message arrive after it was sent; none if it is lost.
    package func arrivals(
        from: PeerID, to: PeerID, using chance: inout some RandomNumberGenerator
    ) -> [Int64] {
        guard isOpen(from: from, to: to) else { return [] }
        if lossPerMille > 0, Int.random(in: 0..<1000, using: &chance) < lossPerMille { return [] }
        let more = lag.isEmpty ? 0 : lag[Link(from: from, to: to), default: 0]
        let delay = (delay.lowerBound + more)...(delay.upperBound + more)
        var result = [Int64.random(in: delay, using: &chance)]
        if duplicatePerMille > 0, Int.random(in: 0..<1000, using: &chance) < duplicatePerMille {
            result.append(Int64.random(in: delay, using: &chance))
        }
        return result
    }
}
