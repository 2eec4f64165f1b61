// Decides what one stream fetches, from whom and in which order: peers, rounds, and how they end. The planner of replication.
package import Media

/// The replication of one stream from all of its other servers. No socket, clock or disk in here; the shell asks `next` what to
/// do for each peer, does it, and tells what came of it.
///
/// Rules: hours that expire at the source soon first, the oldest of them first; then the newest hour; within an hour in
/// the order of time, so that few files come of it. What one peer was asked for is not asked of another. What an
/// archive has deleted is not asked for. A segment whose bytes were wrong is asked for again after a while.
package struct StreamReplication: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Orders that may be on their way from one peer.
        package var orders = 2
        package var segmentsPerOrder = 64
        package var bytesPerOrder: Int64 = 32 << 20
        /// An hour that expires at the source within this time is fetched before newer ones.
        package var expiresSoon = MediaSpan.seconds(3600)
        /// Less than this is fetched without an event.
        package var worthTelling = MediaSpan.seconds(5)
        /// A segment that came wrong is not asked for before.
        package var retryWrong = Duration.seconds(30)
        /// Segments that came wrong are remembered up to this number.
        package var mostWrong = 4096
        package init() {}
    }

    /// What is to be done for a peer now.
    package enum Step: Hashable, Sendable {
        /// Ask for the segments of these hours.
        case list(HourSummary)
        case fetch(FetchOrder)
        /// What is under way must end first.
        case wait
        /// All is done, or the peer failed: begin anew after a pause.
        case over
    }

    /// What became of a fetched segment.
    package enum Outcome: Hashable, Sendable {
        case kept
        /// Another server was quicker, or it was recorded in the meantime.
        case covered
        /// Deleted or recorded in the meantime; no fault.
        case declined
        /// The bytes were not those of the digest, or could not be written.
        case wrong(String)
    }

    let limits: Limits
    var peers: [String: PeerReplication] = [:]
    /// Segments that are on their way from some peer.
    var claimed: [SegmentDigest: String] = [:]
    /// Segments that came while some peer was in its round: its list of what is wanted does not know.
    var delivered: Set<SegmentDigest> = []
    var nextOrder = 1

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// - Parameter names: any that tell peers apart; those that are gone are forgotten.
    package mutating func setPeers(_ names: [String]) {
        for name in peers.keys where !names.contains(name) { remove(name) }
        for name in names where peers[name] == nil { peers[name] = PeerReplication() }
    }

    private mutating func remove(_ name: String) {
        claimed = claimed.filter { $0.value != name }
        peers[name] = nil
    }

    /// In the order of their names.
    package func progress(at now: Duration) -> [(peer: String, progress: ReplicationProgress)] {
        peers.sorted { $0.key < $1.key }.map { name, peer in
            var progress = peer.progress
            progress.rate = peer.meter.rate(at: now)
            return (name, progress)
        }
    }

    package var isRunning: Bool { peers.values.contains { $0.progress.state == .catchingUp } }

    // MARK: A round

    /// A peer has answered with its digests: a round begins with the hours in which it may have what we lack.
    ///
    /// - Parameters:
    ///   - theirs: what the peer has in `bounds.range`; days that it has as we do may come without their hours.
    ///   - ours: what we have there.
    ///   - keeps: the peer's retention by age; nil when it has none.
    package mutating func compared(
        _ name: String, theirs: ArchiveSummary, ours: ArchiveSummary, keeps: MediaSpan?, bounds: ReplicationBounds,
        at now: (utc: MediaTime, uptime: Duration)
    ) {
        guard var peer = peers[name] else { return }
        if !peers.values.contains(where: \.isInRound) { delivered.removeAll() }
        peer.forgetRound()
        claimed = claimed.filter { $0.value != name }
        peer.isInRound = true
        peer.ours = ours.hours
        let differing = theirs.differences(from: ours)
        let numbers = Set(differing.map(\.number))
        peer.refused = peer.refused.filter {
            $0.value.until > now.uptime && numbers.contains($0.key.start.index(of: DigestPeriod.hour))
        }
        let different = differing.filter { hour in
            guard hour.range.overlaps(bounds.range) else { return false }
            return peer.settled[hour.number] != .init(theirs: hour.digest, ours: peer.ours[hour.number]?.digest)
        }
        peer.settled = peer.settled.filter { number, _ in
            (number + 1) * DigestPeriod.hour.ticks > bounds.range.start.ticks
        }
        let expiresAt = keeps.map { now.utc - $0 + limits.expiresSoon }
        let expiring = different.filter { hour in expiresAt.map { hour.range.start < $0 } ?? false }
        peer.hours = expiring + different.dropFirst(expiring.count).reversed()
        peer.estimate()
        peers[name] = peer
    }

    /// The other's clock was looked at.
    ///
    /// Cuts of two servers that read one source lie by that much apart, and one keeps what the other deletes; no segment is
    /// misplaced by it: each has the times that its origin gave it.
    /// - Parameters:
    ///   - ahead: of ours; negative: behind.
    ///   - uncertainty: half of the time that the answer took.
    ///   - tolerance: told beyond it; the length of a segment.
    package mutating func clockSeen(
        _ name: String, ahead: MediaSpan, uncertainty: MediaSpan, tolerance: MediaSpan
    ) -> [ReplicationEvent] {
        guard var peer = peers[name] else { return [] }
        defer { peers[name] = peer }
        peer.progress.clockDifference = ahead
        guard ahead.magnitude > tolerance + uncertainty else {
            if ahead.magnitude < tolerance { peer.isClockTold = false }
            return []
        }
        guard !peer.isClockTold else { return [] }
        peer.isClockTold = true
        return [.clockDiffers(peer: name, ahead: ahead)]
    }

    /// After `Step.over`: the round is complete.
    package mutating func completed(_ name: String, at now: MediaTime) -> [ReplicationEvent] {
        guard var peer = peers[name], peer.isInRound else { return [] }
        peer.forgetRound()
        peer.estimate()
        var events: [ReplicationEvent] = []
        if let refusal = peer.refused.min(by: { $0.key.start < $1.key.start })?.value {
            // A failed connection in between may have left another error.
            peer.progress.state = .diverged
            peer.progress.lastError = refusal.reason
            events += tell(failure: refusal.reason, of: name, &peer)
        } else {
            peer.progress.state = .inSync
            peer.progress.inSyncAt = now
            peer.progress.lastError = nil
            peer.toldFailure = nil
        }
        if peer.isTold {
            peer.isTold = false
            if peer.refused.isEmpty {
                events.append(
                    .finished(
                        peer: name, media: peer.progress.fetched - peer.toldAt.media,
                        bytes: peer.progress.fetchedBytes - peer.toldAt.bytes))
            }
        }
        peers[name] = peer
        return events
    }

    /// The peer could not be asked, or its answer was none.
    package mutating func failed(_ name: String, _ reason: String) -> [ReplicationEvent] {
        guard var peer = peers[name] else { return [] }
        peer.forgetRound()
        claimed = claimed.filter { $0.value != name }
        peer.progress.state = .unreachable
        peer.progress.failures += 1
        peer.progress.lastError = reason
        let events = tell(failure: reason, of: name, &peer)
        peers[name] = peer
        return events
    }

    private func tell(failure reason: String, of name: String, _ peer: inout PeerReplication) -> [ReplicationEvent] {
        guard peer.toldFailure != reason else { return [] }
        peer.toldFailure = reason
        return [.failed(peer: name, reason: reason)]
    }
}
