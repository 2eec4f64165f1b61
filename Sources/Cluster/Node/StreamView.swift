// What this server knows and does about one stream.

/// A change of hands, as this server saw it.
package struct StreamMove: Hashable, Sendable {
    package var at: WallTime
    package var from: PeerID?
    package var to: PeerID?
    package var epoch: Epoch
    package var reason: String
}

struct StreamView: Sendable {
    enum Stop: Hashable, Sendable {
        case handOver(to: PeerID)
        case yield(to: PeerID?)
        case giveUp(String)
    }
    /// The capture on this server.
    ///
    ///     none ─claim─► active ─ends by itself─► waiting ─retry─► active
    ///       ▲             └────────┬───────────────┘
    ///       └──stopped── stopping ◄┘ hand-over, yield, give up
    enum Capture: Hashable, Sendable {
        case none
        case active
        /// Ended by itself; tried again at the given time.
        case waiting(until: MonotonicTime)
        /// Nothing is started before the old capture has ended: never two on one server.
        case stopping(Stop)
    }
    struct Grant: Hashable, Sendable {
        var peer: PeerID
        var at: MonotonicTime
    }
    static let historyLimit = 8

    var settings: ClusterStream
    var record = StreamRecord.free
    /// Version of this server at which the record last changed.
    var changedAt: UInt64 = 0
    /// When the record came from another server, or this one let the stream go for another; nil if it was else written here.
    var recordHeardAt: MonotonicTime?
    /// A reload has brought it: until when the word of those who may know it already is waited for.
    var newUntil: MonotonicTime?
    /// Since when nobody has it although another should.
    var orphanSince: MonotonicTime?
    var decision = PlacementDecision(peer: nil, rule: .unplaced(reason: "not decided yet"))
    var capture = Capture.none
    /// Since when no media came (or the capture has been starting), while this server holds the stream.
    var mediaMissingSince: MonotonicTime?
    var mediaMissingReason = ""
    var claimedAt: MonotonicTime?
    var attempts = 0
    /// Who may start while this server still captures (make before break).
    var grant: Grant?
    var continuationSentAt: MonotonicTime?
    /// The newest that anybody told, of whichever claim: a claim made by a server that knew nothing does not lose it.
    var known: Continuation?
    var readySince: MonotonicTime?
    /// How often its holder did not answer to "ready": such streams queue behind the others.
    var readyPenalty = 0
    var toldUnplaced = false
    var history: [StreamMove] = []

    init(settings: ClusterStream) { self.settings = settings }

    mutating func note(_ told: Continuation?) {
        guard let told else { return }
        guard let old = known else {
            known = told
            return
        }
        var newest = told.sequenceTicks >= old.sequenceTicks ? told : old
        newest.discontinuitySequence = max(told.discontinuitySequence, old.discontinuitySequence)
        known = newest
    }

    mutating func note(_ move: StreamMove) {
        history.append(move)
        if history.count > Self.historyLimit { history.removeFirst() }
    }
}
