// Streams that only some servers have: told to the others, so that a viewer is sent there from anywhere.

/// A stream of this server that is no stream of the group.
struct LocalStream: Sendable {
    var hasMedia: Bool
    /// Kept, so that those who heard of it hear of its end.
    var isGone = false
    /// Version of this server at which it last changed.
    var changedAt: UInt64
}

/// Where a viewer of a stream should go.
package enum StreamPlace: Hashable, Sendable {
    /// This server captures it, or is about to.
    case here(reason: String)
    case at(PeerID)
    /// Known, but nobody can be asked for it at this moment.
    case moving(reason: String)
    case unknown
}

extension ClusterNode {
    // MARK: - Telling

    /// A stream that comes or goes is told at once, media that comes or goes with the next answer.
    mutating func localStreamsChanged(_ streams: [StreamName: Bool]) {
        for (name, stream) in locals where !stream.isGone && streams[name] == nil {
            bump(urgently: true)
            locals[name] = LocalStream(hasMedia: false, isGone: true, changedAt: version)
        }
        for (name, hasMedia) in streams {
            let known = locals[name].flatMap { $0.isGone ? nil : $0 }
            guard known?.hasMedia != hasMedia else { continue }
            bump(urgently: known == nil)
            locals[name] = LocalStream(hasMedia: hasMedia, changedAt: version)
        }
    }

    /// What changed after version `base`; everything that is there for 0.
    func localReport(since base: UInt64) -> [PeerReport.Local]? {
        let changed = locals.filter { base == 0 ? !$0.value.isGone : $0.value.changedAt > base }
        guard !changed.isEmpty else { return nil }
        return changed.sorted { $0.key < $1.key }.map {
            PeerReport.Local(stream: $0.key, hasMedia: $0.value.hasMedia, isGone: $0.value.isGone)
        }
    }

    // MARK: - Hearing

    /// Its own streams, and those of the group that this server's configuration lacks.
    mutating func noteForeign(of peer: Int, _ report: PeerReport) {
        if report.since == 0 { peers[peer].foreign = [:] }
        for local in report.locals ?? [] { peers[peer].foreign[local.stream] = local.isGone ? nil : local.hasMedia }
        for entry in report.records where streamIndex[entry.stream] == nil {
            let record = entry.record
            let isIts = record.holder == report.sender && record.instance == report.instance && record.phase.holds
            peers[peer].foreign[entry.stream] = isIts ? record.phase == .running : nil
        }
    }

    // MARK: - Finding

    /// Where a viewer of a stream should go; fast enough for a player's request.
    package func place(of name: StreamName) -> StreamPlace {
        guard let stream = streamIndex[name] else { return placeOfForeign(name) }
        guard let holder = effectiveHolder(of: stream) else {
            if streams[stream].capture == .active { return .here(reason: "captured here until another has claimed it") }
            return .moving(reason: "no server of the group captures it now (\(placementText(stream)))")
        }
        if holder == own { return .here(reason: streams[stream].record.reason) }
        return asked(holder)
    }

    /// One that has media before one that has none, one that stays before one that drains.
    private func placeOfForeign(_ name: StreamName) -> StreamPlace {
        var best: (peer: Int, rank: Int)?
        var silent: Int?
        for peer in others {
            guard let hasMedia = peers[peer].foreign[name] else { continue }
            guard peers[peer].isAlive else {
                silent = peer
                continue
            }
            let rank = (hasMedia ? 0 : 2) + (peers[peer].isDraining ? 1 : 0)
            if best.map({ rank < $0.rank }) ?? true { best = (peer, rank) }
        }
        if let best { return asked(best.peer) }
        if let silent { return .moving(reason: "only \(peers[silent].settings.id) has it: \(silence(of: silent))") }
        let unheard = others.filter { peers[$0].heardAt == nil && !peers[$0].isLost }
        guard unheard.isEmpty else {
            let names = unheard.map { peers[$0].settings.id.text }.joined(separator: ", ")
            return .moving(reason: "this server has just started and has not heard \(names) yet")
        }
        return .unknown
    }

    /// To a server that refuses connections nobody is sent: either it is back at once or its streams move.
    private func asked(_ peer: Int) -> StreamPlace {
        let id = peers[peer].settings.id
        guard peers[peer].failure?.kind == .refused else { return .at(id) }
        return .moving(reason: "peer \(id) has it and refuses connections: \(silence(of: peer))")
    }

    // MARK: - Clocks

    /// Tells once when the clocks differ by more than a segment, and again only after they agreed.
    mutating func noteClock(of peer: Int) {
        guard let difference = peers[peer].clockDifference else { return }
        let trip = peers[peer].roundTrip?.milliseconds ?? 0
        let tolerance = settings.clockTolerance.milliseconds
        // Half the round trip is what the measurement can be wrong by.
        let least = abs(difference) - trip / 2
        if least > tolerance, !peers[peer].isClockOff {
            peers[peer].isClockOff = true
            tell(.clockDiffers, peer: peers[peer].settings.id, reason: clockText(of: peer))
        } else if abs(difference) <= tolerance * 3 / 4 {
            peers[peer].isClockOff = false
        }
    }

    func clockText(of peer: Int) -> String {
        let difference = peers[peer].clockDifference ?? 0
        let span = TimeSpan.milliseconds(abs(difference))
        return "the clock of peer \(peers[peer].settings.id) is \(span) \(difference > 0 ? "ahead of" : "behind") this "
            + "server's, more than a segment: synchronise the clocks (NTP)"
    }
}
