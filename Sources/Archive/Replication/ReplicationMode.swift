// Normal, emergency or recovery: in which mode a replicated stream is.
package import Media

/// The three modes of cross-replication (docs/replication.md, «Modes»).
package enum ReplicationMode: String, Hashable, Sendable {
    /// Live comes from the best input that should give it, and the archives are equal but for what is just coming.
    case normal
    /// Another server that should be there is not: this one records alone.
    case emergency
    /// All are there again, and what one of them lacks is being fetched.
    case recovery
}

/// Finds the mode of a stream on this server, and since when and why it is in it.
package struct ReplicationModeFinder: Hashable, Sendable {
    package struct Sighting: Hashable, Sendable {
        /// Something is being fetched.
        package var isCatchingUp: Bool
        /// Media that is missing.
        package var remaining: MediaSpan
        /// Other servers of the stream that cannot be asked, and why.
        package var unreachable: [(peer: String, reason: String)]
        /// Other servers from which something missing came wrong, and why.
        package var diverged: [(peer: String, reason: String)]
        /// An input from another server that is better than the one that plays, when it gives nothing.
        package var lostInput: String?

        package init(
            isCatchingUp: Bool, remaining: MediaSpan, unreachable: [(peer: String, reason: String)],
            diverged: [(peer: String, reason: String)] = [], lostInput: String?
        ) {
            self.isCatchingUp = isCatchingUp
            self.remaining = remaining
            self.unreachable = unreachable
            self.diverged = diverged
            self.lostInput = lostInput
        }

        package static func == (a: Sighting, b: Sighting) -> Bool {
            a.isCatchingUp == b.isCatchingUp && a.remaining == b.remaining && a.lostInput == b.lostInput
                && a.unreachable.elementsEqual(b.unreachable, by: ==)
                && a.diverged.elementsEqual(b.diverged, by: ==)
        }
        package func hash(into hasher: inout Hasher) { hasher.combine(remaining) }
    }

    package private(set) var mode: ReplicationMode
    package private(set) var since: MediaTime
    package private(set) var reason: String
    /// Less is an everyday delay and no recovery.
    private let worthTelling: MediaSpan

    package init(at now: MediaTime, worthTelling: MediaSpan = .seconds(5)) {
        mode = .normal
        since = now
        reason = "not compared yet"
        self.worthTelling = worthTelling
    }

    /// - Returns: whether the mode is another now.
    package mutating func observe(_ sighting: Sighting, at now: MediaTime) -> Bool {
        let (mode, reason) = judge(sighting)
        self.reason = reason
        guard mode != self.mode else { return false }
        self.mode = mode
        since = now
        return true
    }

    private func judge(_ sighting: Sighting) -> (ReplicationMode, String) {
        if let (peer, reason) = sighting.unreachable.first {
            return (.emergency, "\(peer) cannot be asked: \(reason)")
        }
        if let input = sighting.lostInput { return (.emergency, "nothing comes from \(input)") }
        if sighting.isCatchingUp, sighting.remaining >= worthTelling || mode == .recovery {
            return (.recovery, "\(sighting.remaining.milliseconds / 1000) s are missing and being fetched")
        }
        if let (peer, reason) = sighting.diverged.first {
            return (.recovery, "what is missing comes wrong from \(peer): \(reason)")
        }
        return (.normal, "the archives agree")
    }
}
