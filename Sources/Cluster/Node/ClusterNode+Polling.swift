// The poll: asking, being asked, and taking in what the others say.

extension ClusterNode {
    // MARK: - Being asked

    mutating func pollReceived(_ ticket: PollTicket, from asker: PeerID, known: KnownVersion, hold: TimeSpan) {
        if let peer = peerIndex[asker], peer != own {
            peers[peer].asksUsAt = now.monotonic
            peers[peer].noteAsked(known, at: now.monotonic)
            // It lives and reaches us: the pause after our own failures has lost its reason.
            if case .due = peers[peer].poll, peers[peer].failure != nil { peers[peer].poll = .due(now.monotonic) }
        }
        for old in waitingPolls where old.asker == asker { answer(old.ticket, known: old.known, since: old.since) }
        waitingPolls.removeAll { $0.asker == asker }
        waitingPolls.append((asker, ticket, known, now.monotonic, now.monotonic + hold))
    }

    /// A change answers at once; else the poll is held until its time is over (long poll).
    mutating func answerWaitingPolls() {
        var waiting = waitingPolls
        waitingPolls = []
        waiting.removeAll { poll in
            let isDue =
                poll.until <= now.monotonic || poll.known.instance != instance || poll.known.version < urgentVersion
            if isDue { answer(poll.ticket, known: poll.known, since: poll.since) }
            return isDue
        }
        waitingPolls = waiting
    }

    private mutating func answer(_ ticket: PollTicket, known: KnownVersion, since: MonotonicTime) {
        effects.append(.answer(ticket, report(since: known, held: now.monotonic - since)))
    }

    /// The report for an asker that knows `known`; everything if that is of another life or of the future.
    package func report(since known: KnownVersion, held: TimeSpan) -> PeerReport {
        let base = known.instance == instance && known.version <= version ? known.version : 0
        var records: [PeerReport.Entry] = []
        if base < version {
            for stream in streams where stream.changedAt > base || base == 0 {
                records.append(.init(stream: stream.settings.name, record: stream.record))
            }
        }
        var heard: [PeerReport.Heard] = []
        for (position, peer) in peers.enumerated() where position != own && peer.isAlive {
            guard let evidence = peer.evidenceAt, let instance = peer.instance else { continue }
            heard.append(
                .init(
                    peer: peer.settings.id, instance: instance, age: (now.monotonic - evidence).milliseconds,
                    isDraining: peer.isDraining ? true : nil, through: peer.witness(at: now.monotonic)))
        }
        return PeerReport(
            protocolVersion: PeerReport.currentProtocol, sender: settings.own, instance: instance, software: software,
            fingerprint: fingerprint, wall: now.wall.milliseconds, held: held.milliseconds, version: version,
            since: base,
            isDraining: isDraining, isJoining: isJoining, load: load, heard: heard,
            ready: ready.map { .init(stream: streams[$0].settings.name, epoch: streams[$0].record.epoch) },
            records: records, locals: localReport(since: base))
    }

    // MARK: - Asking

    /// Polls follow one another without a pause, each held by the peer for up to `fetch_timeout`; after a failure or a
    /// standstill the next one wants its answer at once.
    ///
    /// While one does not answer, the others are asked four times as often: what they know of it is all that there is, and through
    /// two long polls it would be nearly as old as `stale_timeout` allows.
    mutating func sendPolls() {
        let isWordNeeded = others.contains { peers[$0].isAlive && peers[$0].failure != nil }
        for peer in peers.indices where peer != own {
            if case .inFlight(let id, _, let deadline) = peers[peer].poll, deadline <= now.monotonic {
                failed(peer, id, .timeout)
            }
            guard case .due(let due) = peers[peer].poll, due <= now.monotonic else { continue }
            let period = peers[peer].settings.fetchTimeout
            let longest = isWordNeeded ? period / 4 : period
            let isWellKnown =
                peers[peer].failure == nil && peers[peer].heardAt != nil && !isUnheardSinceStandstill(peer)
            let hold = isWellKnown ? longest : .zero
            let way = peers[peer].way
            let patience = hold == .zero ? max(period / 2, way) : hold + max(period / 4, way)
            // The answer counts even if it comes after the next poll has been sent.
            let timeout = max(patience, peers[peer].pollLife)
            nextPoll += 1
            peers[peer].poll = .inFlight(PollID(nextPoll), sent: now.monotonic, deadline: now.monotonic + patience)
            effects.append(
                .poll(
                    PollRequest(
                        peer: peers[peer].settings.id, id: PollID(nextPoll), known: peers[peer].known, hold: hold,
                        timeout: timeout)))
        }
    }

    mutating func pollFailed(_ id: PeerID, _ poll: PollID, _ kind: PollFailure) {
        guard let peer = peerIndex[id], peer != own else { return }
        failed(peer, poll, kind)
    }

    private mutating func failed(_ peer: Int, _ id: PollID, _ kind: PollFailure) {
        peers[peer].late.removeAll { $0.id == id }
        guard case .inFlight(id, let sent, _) = peers[peer].poll else { return }
        if kind == .timeout { peers[peer].isLate(id, sent: sent) }
        let times = (peers[peer].failure?.times ?? 0) + 1
        let isNewMismatch = peers[peer].failure?.kind != kind
        peers[peer].failure = PeerView.Failure(kind: kind, times: times)
        let period = peers[peer].settings.fetchTimeout
        let pause = times == 1 ? period / 10 : times < 8 ? period / 2 : period
        peers[peer].poll = .due(max(now.monotonic, sent + pause))
        switch kind {
        case .otherKey, .otherProtocol:
            if isNewMismatch { tell(.peerMismatch, peer: peers[peer].settings.id, reason: kind.text) }
            placementIsStale = true
        case .timeout, .refused, .connection, .badAnswer: break
        }
    }

    mutating func pollAnswered(by id: PeerID, _ poll: PollID, _ report: PeerReport) {
        guard let peer = peerIndex[id], peer != own else { return }
        guard report.protocolVersion == PeerReport.currentProtocol else {
            return failed(peer, poll, .otherProtocol(report.protocolVersion))
        }
        guard report.sender == id else {
            return failed(peer, poll, .badAnswer("answers as peer \(report.sender)"))
        }
        guard let (sent, isNewest) = peers[peer].settle(poll, at: now.monotonic) else { return }
        let time = now.monotonic
        let before = peers[peer].report
        let wasDraining = peers[peer].isDraining
        let period = peers[peer].settings.fetchTimeout
        peers[peer].failure = nil
        peers[peer].heardAt = time
        dirty.formUnion(awaitingWord)
        awaitingWord = []
        // What waited for its word since this server stood still.
        if isUnheardSinceStandstill(peer) { dirty.formUnion(streams.indices) }
        peers[peer].answerAskedAt = max(sent, peers[peer].answerAskedAt ?? sent)
        if isNewest { peers[peer].poll = .due(max(time, sent + min(period / 20, .milliseconds(100)))) }
        if peers[peer].instance != report.instance { placementIsStale = true }
        peers[peer].instance = report.instance
        peers[peer].noteEvidence(at: time, from: nil, instance: report.instance, isDraining: report.isDraining)
        let held = TimeSpan.milliseconds(max(0, report.held))
        let roundTrip = max(.zero, time - sent - held)
        // Else it would be the time for which this server stood still.
        if sent >= awokeAt ?? sent { peers[peer].roundTrip = roundTrip }
        peers[peer].clockDifference = report.wall - (now.wall.milliseconds - roundTrip.milliseconds / 2)
        // The streams that it knows may be others since it was asked.
        let isAboutNow = sent >= max(adoptedAt, peers[peer].asksForAllAt ?? sent)
        noteSettings(of: peer, report, before: before, isAboutNow: isAboutNow)
        for word in report.heard { take(word, from: id, writtenAfter: sent + held) }
        noteReady(of: peer, report)
        for entry in report.records { merge(entry) }
        noteForeign(of: peer, report)
        if report.since == 0 || peers[peer].knownVersion.instance == report.instance {
            peers[peer].knownVersion = KnownVersion(instance: report.instance, version: report.version)
            if report.since == 0, peers[peer].wantsAll, isAboutNow {
                peers[peer].wantsAll = false
                for stream in streams.indices where streams[stream].newUntil != nil { dirty.insert(stream) }
            }
        } else {
            peers[peer].wantsAll = true
        }
        peers[peer].report = report
        peers[peer].report?.records = []
        peers[peer].report?.locals = nil
        noteClock(of: peer)
        if wasDraining != report.isDraining { placementIsStale = true }
    }

    /// A peer with other settings takes part with the streams that it knows; its next full report names them.
    private mutating func noteSettings(of peer: Int, _ report: PeerReport, before: PeerReport?, isAboutNow: Bool) {
        if report.fingerprint == fingerprint {
            if peers[peer].offers != nil { placementIsStale = true }
            peers[peer].offers = nil
            return
        }
        if before?.fingerprint != report.fingerprint {
            tell(
                .peerMismatch, peer: peers[peer].settings.id,
                reason: "peer \(peers[peer].settings.id) has another set of streams or peers in its configuration")
            if report.since != 0 { peers[peer].wantsAll = true }
        }
        if report.since == 0, isAboutNow {
            peers[peer].offers = Set(report.records.map(\.stream))
            placementIsStale = true
        } else if peers[peer].offers == nil {
            peers[peer].wantsAll = true
        }
    }

    /// Another peer's word about a third. `writtenAfter` is the earliest time at which it can have been written, so that
    /// a word that goes in circles never makes a dead peer look younger.
    private mutating func take(_ word: PeerReport.Heard, from peer: PeerID, writtenAfter: MonotonicTime) {
        guard let about = peerIndex[word.peer], about != own, word.age >= 0 else { return }
        let evidence = writtenAfter - .milliseconds(min(word.age, 86_400_000))
        let (known, wasDraining) = (peers[about].instance, peers[about].isDraining)
        peers[about].noteEvidence(
            at: evidence, from: peer, instance: word.instance, isDraining: word.isDraining ?? false)
        if peers[about].instance != known || peers[about].isDraining != wasDraining { placementIsStale = true }
    }

    private mutating func noteReady(of peer: Int, _ report: PeerReport) {
        var ready: [StreamName: Epoch] = [:]
        for entry in report.ready {
            ready[entry.stream] = entry.epoch
            if let stream = streamIndex[entry.stream] { dirty.insert(stream) }
        }
        for name in peers[peer].ready.keys where ready[name] == nil {
            if let stream = streamIndex[name] { dirty.insert(stream) }
        }
        peers[peer].ready = ready
    }

    private mutating func merge(_ entry: PeerReport.Entry) {
        guard let stream = streamIndex[entry.stream], entry.record.supersedes(streams[stream].record) else { return }
        let old = streams[stream].record
        streams[stream].record = entry.record
        streams[stream].recordHeardAt = now.monotonic
        streams[stream].note(entry.record.continuation)
        if old.holder != entry.record.holder || (old.epoch != entry.record.epoch && entry.record.phase.holds) {
            streams[stream].note(
                StreamMove(
                    at: now.wall, from: old.holder, to: entry.record.holder, epoch: entry.record.epoch,
                    reason: entry.record.reason))
        }
        if old.givenUp != entry.record.givenUp { placementIsStale = true }
        if let holder = entry.record.holder.flatMap({ peerIndex[$0] }), lacks(holder, stream) {
            // By then it was heard itself, or it is known only through others.
            remind(stream, at: now.monotonic + peers[holder].settings.staleTimeout)
        }
        touch(stream, urgently: false)
    }
}
