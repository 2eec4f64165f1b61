// One server's part in the group: who is alive, who owns what, what this server should capture. No clock, socket or task.

/// Turns what happens into what is to be done. The same events at the same times give the same effects.
///
/// Each event is first noted, then `settle` draws all conclusions in a fixed order: who is alive, where each stream should
/// be, what follows for the streams concerned, whom to answer, whom to poll, when to wake up. `DESIGN.md` tells the rules.
package struct ClusterNode: Sendable {
    package let instance: InstanceID
    package let software: String
    let startedAt: Moment
    package internal(set) var settings: ClusterSettings
    /// When the settings came. What was asked for before says nothing of the streams that they brought.
    var adoptedAt: MonotonicTime
    var fingerprint: UInt64
    var plan: PlacementPlan
    var own = 0
    var peers: [PeerView] = []
    var peerIndex: [PeerID: Int] = [:]
    var streams: [StreamView] = []
    var streamIndex: [StreamName: Int] = [:]
    /// Streams of this server alone.
    var locals: [StreamName: LocalStream] = [:]
    /// Streams that left the configuration and whose capture is still ending.
    var leaving: Set<StreamName> = []
    /// The highest epoch among the streams that left the configuration: one that comes back is claimed above it.
    var forgottenEpoch = Epoch.none

    var now: Moment
    var effects: [NodeEffect] = []
    /// Counts the changes of what a report says; `urgentVersion` is the last that answers waiting polls at once.
    var version: UInt64 = 1
    var urgentVersion: UInt64 = 1
    var waitingPolls:
        [(asker: PeerID, ticket: PollTicket, known: KnownVersion, since: MonotonicTime, until: MonotonicTime)] =
            []
    var nextPoll: UInt64 = 0
    var load = PeerLoad()
    var isDraining = false
    var toldDrained = false
    /// Until every peer was heard or is known to be dead, this server claims nothing: it may have been gone for a second.
    var isJoining = true
    var isIsolated = false
    /// Since when this server has been in touch with the group without a break.
    var stableSince: MonotonicTime
    /// Last time that this server could not know what the others did: it was isolated, or its process stood still.
    var doubtAt: MonotonicTime?
    /// When this process last went on after it had stood still.
    var awokeAt: MonotonicTime?
    var placementIsStale = true
    var dirty: Set<Int> = []
    /// Streams to look at again at a time.
    var timers: [Int: MonotonicTime] = [:]
    /// Streams of this server that another holds and should hand over now.
    var wanted: Set<Int> = []
    var ready: [Int] = []
    /// Streams to look at again when any peer has spoken: it may be about to take them, or not any more.
    var awaitingWord: Set<Int> = []
    var chance: ChanceSource

    /// - Precondition: `settings.peers` contains `settings.own` (the settings check says so to the operator).
    package init(settings: ClusterSettings, instance: InstanceID, software: String, at now: Moment) {
        self.settings = settings
        self.instance = instance
        self.software = software
        startedAt = now
        self.now = now
        adoptedAt = now.monotonic
        stableSince = now.monotonic
        chance = ChanceSource(seed: instance.value)
        fingerprint = settings.fingerprint
        plan = PlacementPlan(peers: settings.peers, streams: settings.streams)
        adopt(settings)
    }

    /// Notes what happened and says what to do about it. Times must not go backwards.
    package mutating func handle(_ event: NodeEvent, at now: Moment) -> [NodeEffect] {
        noticePause(until: now)
        self.now = now
        switch event {
        case .wake: break
        case .pollReceived(let ticket, let asker, let known, let hold):
            pollReceived(ticket, from: asker, known: known, hold: hold)
        case .pollAbandoned(let ticket): waitingPolls.removeAll { $0.ticket == ticket }
        case .pollAnswered(let peer, let id, let report): pollAnswered(by: peer, id, report)
        case .pollFailed(let peer, let id, let kind): pollFailed(peer, id, kind)
        case .captureChanged(let stream, let health): captureChanged(stream, health)
        case .captureStopped(let stream, let reason): captureStopped(stream, reason: reason)
        case .continuationChanged(let stream, let continuation): continuationChanged(stream, continuation)
        case .settingsChanged(let settings): adopt(settings)
        case .drainRequested: setDraining(true)
        case .drainCancelled: setDraining(false)
        case .loadChanged(let load): self.load = load
        case .localStreamsChanged(let streams): localStreamsChanged(streams)
        }
        settle()
        defer { effects = [] }
        return effects
    }

    // MARK: - Conclusions

    private mutating func settle() {
        let time = now.monotonic
        updateLiveness()
        leaveJoining()
        for (stream, due) in timers where due <= time {
            timers[stream] = nil
            dirty.insert(stream)
        }
        // A decision may exclude a peer from a stream, which moves it: at most one more round per peer.
        for _ in 0...peers.count {
            if placementIsStale { place() }
            guard !dirty.isEmpty else { break }
            let concerned = dirty.sorted()
            dirty.removeAll(keepingCapacity: true)
            for stream in concerned { evaluate(stream) }
        }
        chooseReady()
        noticeDrained()
        answerWaitingPolls()
        sendPolls()
        effects.append(.wake(at: nextWake()))
    }

    private func nextWake() -> MonotonicTime {
        // Often enough that a gap between two events tells of a process that stood still.
        var next = now.monotonic + min(.seconds(60), (shortestStale ?? .seconds(60)) / 4)
        for (position, peer) in peers.enumerated() where position != own {
            if peer.isAlive, let dead = peer.deadAt { next = min(next, dead) }
            for wait in [peer.settings.fetchTimeout, peer.settings.staleTimeout] where isJoining {
                // Each peer has its own: one whose time is over must not have the others' waited for without a rest.
                for since in [startedAt.monotonic, awokeAt ?? startedAt.monotonic]
                where since + wait > now.monotonic { next = min(next, since + wait) }
            }
            switch peer.poll {
            case .due(let due): next = min(next, due)
            case .inFlight(_, _, let deadline): next = min(next, deadline)
            }
        }
        for poll in waitingPolls { next = min(next, poll.until) }
        for due in timers.values { next = min(next, due) }
        return max(next, now.monotonic)
    }

    /// A gap between two events that cannot be: this server asks to be woken far more often. The process was stopped or
    /// starved, and the silence of the others in that time proves nothing.
    private mutating func noticePause(until now: Moment) {
        let gap = now.monotonic - self.now.monotonic
        guard let shortest = shortestStale, gap > shortest / 2, gap > .milliseconds(100)
        else { return }
        self.now = now
        for peer in peers.indices {
            if let evidence = peers[peer].evidenceAt { peers[peer].evidenceAt = evidence + gap }
            peers[peer].poll = .due(now.monotonic)
        }
        doubtAt = now.monotonic
        awokeAt = now.monotonic
        stableSince = now.monotonic
        for stream in wanted { dirty.insert(stream) }
        // Nor does it prove anything that no media came.
        for stream in streams.indices {
            if let since = streams[stream].mediaMissingSince { streams[stream].mediaMissingSince = since + gap }
        }
        tell(.paused, reason: "this server stood still for \(gap)")
    }

    private var shortestStale: TimeSpan? {
        var shortest: TimeSpan?
        for peer in peers.indices where peer != own {
            shortest = min(shortest ?? peers[peer].settings.staleTimeout, peers[peer].settings.staleTimeout)
        }
        return shortest
    }

    /// It is drained, and what it let go others have claimed.
    package var hasGivenAllAway: Bool {
        toldDrained && streams.allSatisfy { $0.record.holder != settings.own || $0.record.phase != .released }
    }

    private mutating func noticeDrained() {
        guard isDraining, !toldDrained, streams.allSatisfy({ $0.capture == .none }) else { return }
        toldDrained = true
        tell(.drained, reason: "no stream of the group is captured here any more")
    }

    private mutating func setDraining(_ value: Bool) {
        guard isDraining != value else { return }
        isDraining = value
        toldDrained = false
        placementIsStale = true
        bump(urgently: true)
    }

    // MARK: - Small tools

    mutating func bump(urgently: Bool) {
        version += 1
        if urgently { urgentVersion = version }
    }

    /// The record of a stream has changed.
    mutating func touch(_ stream: Int, urgently: Bool) {
        bump(urgently: urgently)
        streams[stream].changedAt = version
        dirty.insert(stream)
    }

    mutating func tell(
        _ kind: ClusterEvent.Kind, peer: PeerID? = nil, stream: Int? = nil, epoch: Epoch? = nil, reason: String
    ) {
        effects.append(
            .event(
                ClusterEvent(
                    kind: kind, peer: peer, stream: stream.map { streams[$0].settings.name }, epoch: epoch,
                    reason: reason, at: now.wall)))
    }

    mutating func awaitWord(of stream: Int, until time: MonotonicTime) {
        awaitingWord.insert(stream)
        remind(stream, at: time)
    }

    mutating func remind(_ stream: Int, at time: MonotonicTime) {
        timers[stream] = min(timers[stream] ?? time, max(time, now.monotonic + .milliseconds(1)))
    }
}
