// What is asked of a peer next within a round, and what becomes of it.
import Media

extension StreamReplication {
    /// What to do for the peer now. An order that is given is under way until `ended`.
    package mutating func next(_ name: String) -> Step {
        guard var peer = peers[name], peer.isInRound else { return .over }
        defer { peers[name] = peer }
        while true {
            if peer.listing == nil, peer.waiting.count < limits.segmentsPerOrder, let hour = peer.hours.first {
                peer.hours.removeFirst()
                peer.listing = hour
                return .list(hour)
            }
            guard peer.orders.count < limits.orders else { break }
            if let order = takeOrder(name, &peer) { return .fetch(order) }
            // All that waited is fetched from others: on to the next hour.
            if peer.listing != nil || peer.hours.isEmpty { break }
        }
        if peer.listing == nil, peer.orders.isEmpty, peer.hours.isEmpty, peer.waiting.isEmpty { return .over }
        return .wait
    }

    /// Takes segments that nobody else fetches. Those that somebody does are left out: the next round sees whether they came.
    private mutating func takeOrder(_ name: String, _ peer: inout PeerReplication) -> FetchOrder? {
        var segments: [OfferedSegment] = []
        var bytes: Int64 = 0
        while segments.count < limits.segmentsPerOrder, bytes < limits.bytesPerOrder, let segment = peer.waiting.first {
            if let last = segments.last, last.start >= segment.start { break }
            peer.wantedFrom += 1
            guard claimed[segment.named] == nil, !delivered.contains(segment.named) else { continue }
            claimed[segment.named] = name
            segments.append(segment)
            bytes += Int64(segment.length)
        }
        if peer.waiting.isEmpty {
            peer.wanted = []
            peer.wantedFrom = 0
        }
        guard !segments.isEmpty else { return nil }
        let order = FetchOrder(number: nextOrder, segments: segments)
        nextOrder += 1
        peer.orders[order.number] = order
        return order
    }

    /// - Parameters:
    ///   - theirs: the segments of the hour, within the bounds, in the order of time.
    ///   - ours: those of ours that touch any of them.
    package mutating func listed(
        _ name: String, theirs: [OfferedSegment], ours: [OfferedSegment], bounds: ReplicationBounds,
        at uptime: Duration
    ) -> [ReplicationEvent] {
        guard var peer = peers[name], let hour = peer.listing else { return [] }
        peer.listing = nil
        let wanted = bounds.wanted(of: theirs, having: ours)
        peer.postponed = peer.postponed.filter { $0.value > uptime }
        let possible = wanted.filter {
            peer.postponed[$0.named] == nil && peer.refused[$0.named].map { $0.until <= uptime } ?? true
        }
        for segment in possible { peer.refused[segment.named] = nil }
        if !peer.refused.isEmpty {
            let still = Set(wanted.map(\.named))
            for segment in theirs where !still.contains(segment.named) { peer.refused[segment.named] = nil }
        }
        if wanted.isEmpty, !theirs.contains(where: { $0.end > bounds.range.end }) {
            peer.settled[hour.number] = .init(theirs: hour.digest, ours: peer.ours[hour.number]?.digest)
        }
        peer.wanted = Array(peer.waiting) + possible
        peer.wantedFrom = 0
        peer.estimate()
        var events: [ReplicationEvent] = []
        if !possible.isEmpty {
            peer.progress.state = .catchingUp
            if !peer.isTold, peer.progress.remaining >= limits.worthTelling {
                peer.isTold = true
                peer.toldAt = (peer.progress.fetched, peer.progress.fetchedBytes)
                events.append(
                    .started(peer: name, media: peer.progress.remaining, bytes: peer.progress.remainingBytes))
            }
        }
        peers[name] = peer
        return events
    }

    /// A segment of an order came, and this became of it.
    package mutating func received(
        _ segment: OfferedSegment, of order: Int, from name: String, _ outcome: Outcome, at uptime: Duration
    ) {
        guard var peer = peers[name], peer.orders[order] != nil else { return }
        peer.orders[order]?.segments.removeAll { $0.named == segment.named }
        claimed[segment.named] = nil
        peer.meter.count(Int64(segment.length), at: uptime)
        switch outcome {
        case .kept:
            peer.progress.fetchedSegments += 1
            peer.progress.fetchedBytes += Int64(segment.length)
            peer.progress.fetched += segment.duration
            delivered.insert(segment.named)
        case .covered: delivered.insert(segment.named)
        case .declined:
            if peer.postponed.count < limits.mostWrong { peer.postponed[segment.named] = uptime + limits.retryWrong }
        case .wrong(let reason):
            peer.progress.refusedSegments += 1
            peer.progress.lastError = reason
            if peer.refused.count < limits.mostWrong {
                peer.refused[segment.named] = .init(
                    reason: reason, length: segment.length, until: uptime + limits.retryWrong)
            }
        }
        peer.progress.remainingBytes = max(0, peer.progress.remainingBytes - Int64(segment.length))
        peer.progress.remaining = max(.zero, peer.progress.remaining - segment.duration)
        peers[name] = peer
    }

    /// The answer to an order is over. What it did not bring is asked for in a later round.
    package mutating func ended(_ order: Int, from name: String) {
        guard var peer = peers[name], let gone = peer.orders.removeValue(forKey: order) else { return }
        for segment in gone.segments where claimed[segment.named] == name { claimed[segment.named] = nil }
        peer.estimate()
        peers[name] = peer
    }
}
