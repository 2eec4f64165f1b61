// What this server knows about one other server.

struct PeerView: Sendable {
    enum Poll: Hashable, Sendable {
        case due(MonotonicTime)
        case inFlight(PollID, sent: MonotonicTime, deadline: MonotonicTime)
    }
    struct Failure: Hashable, Sendable {
        var kind: PollFailure
        var times: Int
    }

    var settings: ClusterPeer
    var instance: InstanceID?
    /// Last answer.
    var heardAt: MonotonicTime?
    /// When that was asked for.
    var answerAskedAt: MonotonicTime?
    /// Last proof of life, an answer or another peer's word.
    var evidenceAt: MonotonicTime?
    /// Who gave the word; nil if it answered itself.
    var evidenceFrom: PeerID?
    /// It gives its streams away, as the last proof of life said.
    var isDraining = false
    var isAlive = false
    /// An event said that it is lost.
    var isLost = false
    var failure: Failure?
    var poll: Poll
    /// Polls that took too long and may still be answered, oldest first: a slow answer is a proof of life too.
    var late: [(id: PollID, sent: MonotonicTime, until: MonotonicTime)] = []
    /// Ask for everything at the next poll.
    var wantsAll = true
    /// Version of its records that we have, and the life that counted it.
    var knownVersion = KnownVersion.nothing
    var report: PeerReport?
    /// Streams it knows, if its settings differ from ours; nil when they are equal or not known yet.
    var offers: Set<StreamName>?
    var ready: [StreamName: Epoch] = [:]
    /// Streams that it has and this server's group does not, and whether they have media.
    var foreign: [StreamName: Bool] = [:]
    var roundTrip: TimeSpan?
    var clockDifference: Int64?
    /// An event said that its clock is off.
    var isClockOff = false
    /// When it last began to ask us for everything: it has started, or its settings were changed.
    private(set) var asksForAllAt: MonotonicTime?
    private var asksForAll = false
    /// It polled us although it does not answer us: a cut in one direction.
    var asksUsAt: MonotonicTime?

    init(settings: ClusterPeer, pollAt: MonotonicTime) {
        self.settings = settings
        poll = .due(pollAt)
    }

    var known: KnownVersion {
        wantsAll ? .nothing : knownVersion
    }

    /// Polls that are waited for although a newer one was sent.
    private static let latePollLimit = 8

    /// How long an answer counts as a proof of life: a poll that takes longer says next to nothing about now.
    var pollLife: TimeSpan { settings.staleTimeout * 3 / 4 }

    /// An answer over a long way is waited for as long as such answers took.
    var way: TimeSpan { min((roundTrip ?? .zero) * 2, settings.staleTimeout / 2) }

    /// It may ask for everything several times: a later time than the first would let two servers ask each other for ever.
    mutating func noteAsked(_ known: KnownVersion, at time: MonotonicTime) {
        if known == .nothing, !asksForAll { asksForAllAt = time }
        asksForAll = known == .nothing
    }

    /// Its answer counts even if it comes after the next poll has been sent.
    mutating func isLate(_ id: PollID, sent: MonotonicTime) {
        late.append((id, sent, sent + pollLife))
        if late.count > Self.latePollLimit { late.removeFirst() }
    }

    /// The next poll goes out now; what it may be holding back at this moment it answers then.
    mutating func askAnew(at time: MonotonicTime) {
        if case .inFlight(let id, let sent, _) = poll { isLate(id, sent: sent) }
        poll = .due(time)
    }

    /// The poll with this number has its answer: when it was sent, and whether it is the newest. Nil: it is not waited for.
    mutating func settle(_ id: PollID, at time: MonotonicTime) -> (sent: MonotonicTime, isNewest: Bool)? {
        if case .inFlight(id, let sent, _) = poll {
            late = []
            return (sent, true)
        }
        guard let position = late.firstIndex(where: { $0.id == id && $0.until >= time }) else { return nil }
        let sent = late[position].sent
        late.removeFirst(position + 1)
        return (sent, false)
    }

    /// Notes a proof of life. Older proofs than the one known change nothing.
    mutating func noteEvidence(at time: MonotonicTime, from peer: PeerID?, instance: InstanceID, isDraining: Bool?) {
        if let evidenceAt, evidenceAt >= time { return }
        if let isDraining { self.isDraining = isDraining }
        evidenceAt = time
        evidenceFrom = peer
        self.instance = instance
    }

    /// The peer that hears it while it does not answer us; nil when it does.
    func witness(at time: MonotonicTime) -> PeerID? {
        guard let evidenceFrom, heardAt.map({ $0 + settings.staleTimeout <= time }) ?? true else { return nil }
        return evidenceFrom
    }

    /// When it will be dead if nothing more is heard.
    var deadAt: MonotonicTime? { evidenceAt.map { $0 + settings.staleTimeout } }
}
