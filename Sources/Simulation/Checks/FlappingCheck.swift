// No flapping on virtual time: moves are bounded by their causes.
import Cluster

extension ClusterWorld {
    /// Each cause (a server that dies, comes, stands still, is cut off, reloaded …; a peer that is lost or returns for
    /// somebody) may move a stream out and back again on each side of a cut, and no more.
    package mutating func checkMoves(causes: Int) {
        let seen = events.count { [.peerLost, .peerReturned, .paused, .streamGivenUp].contains($0.event.kind) }
        let bound = servers.count + 3 * (causes + seen)
        for (stream, count) in startsOfStream.sorted(by: { $0.key < $1.key }) where count > bound {
            violate("\(stream) was started \(count) times for \(causes) causes and \(seen) changes of who is alive")
        }
    }

    /// Without `capture_at` and limits nobody captures more than its share and the slack of placement.
    package mutating func checkEvenSpread() {
        for part in connectedParts() {
            guard let settings = settings(of: part[0]), part.count == settings.peers.count,
                settings.streams.allSatisfy({ $0.captureAt == nil }),
                settings.peers.allSatisfy({ $0.channelLimit == nil && $0.weight == settings.peers[0].weight })
            else { continue }
            let share = (settings.streams.count + part.count - 1) / part.count
            for peer in part where streamCount(on: peer) > max(share, settings.streams.count * 103 / (part.count * 100))
            {
                violate(
                    "\(peer) captures \(streamCount(on: peer)) of \(settings.streams.count) streams on \(part.count) peers"
                )
            }
        }
    }

    /// In quiet an answer says nothing of any stream, however many there are.
    package mutating func runQuietly(for span: Int64, coveredWithin bound: Int64) {
        let (starts, records, answers) = (starts, recordsSent, answers)
        run(until: now + span, coveredWithin: bound)
        if self.starts != starts { violate("\(self.starts - starts) moves after everything was quiet") }
        if recordsSent != records {
            violate("\(recordsSent - records) records in \(self.answers - answers) answers after everything was quiet")
        }
    }
}
