// Promise 2 on virtual time, not only in the end: of servers that reach one another no two go on with one stream.
import Cluster

extension ClusterWorld {
    /// Notes that two servers of one connected part have captured a stream for longer than `bound` microseconds after the last
    /// cause. A moment of it is what a cut that heals and `make_before_break` look like.
    ///
    /// - Parameters:
    ///   - captures: the servers that capture it now.
    ///   - parts: the connected parts, once they are known.
    mutating func checkOnce(
        _ stream: StreamName, _ captures: [PeerID], within bound: Int64, _ parts: inout [[PeerID]]?
    ) {
        if captures.count < 2 {
            if !doubledSince.isEmpty { doubledSince[stream] = nil }
            return
        }
        let known = parts ?? connectedParts()
        parts = known
        guard known.contains(where: { part in captures.count { part.contains($0) } > 1 }) else {
            doubledSince[stream] = nil
            return
        }
        let since = doubledSince[stream] ?? now
        doubledSince[stream] = since
        if now - max(since, coverage.lastCause) > bound {
            violate("\(stream) is captured by \(captures) for \(Double(now - since) / 1e6) s")
            doubledSince[stream] = now
        }
    }

    /// What a server says of a stream never gets older within one of its lives: epochs only rise.
    mutating func checkClaims(of peer: PeerID, in report: PeerReport) {
        for entry in report.records {
            if let told = state[peer]?.told[entry.stream], told.supersedes(entry.record) {
                violate(
                    "\(peer) tells of \(entry.stream) epoch \(entry.record.epoch), revision \(entry.record.revision) after "
                        + "\(told.epoch), \(told.revision)")
            }
            state[peer]?.told[entry.stream] = entry.record
        }
    }
}
