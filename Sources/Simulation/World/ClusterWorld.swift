// A group of servers on virtual time: the real cluster machine of each, a network, sources and what goes wrong.
package import Cluster

/// Runs real `ClusterNode`s. Everything follows from the seed and the calls.
package struct ClusterWorld {
    enum Happening {
        case wake(PeerID, life: UInt64, at: Int64)
        case request(from: PeerID, to: PeerID, fromLife: UInt64, PollRequest)
        case answer(to: PeerID, life: UInt64, from: PeerID, PollID, PeerReport)
        case failure(at: PeerID, life: UInt64, of: PeerID, PollID, PollFailure)
        case media(PeerID, life: UInt64, StreamName, capture: UInt64)
        case stopped(PeerID, life: UInt64, StreamName, capture: UInt64)
        case reload(PeerID, ClusterSettings)
    }

    struct Capture {
        var number: UInt64
        var isStopping = false
        var hasMedia = false
    }

    /// One server: its process, if it runs, and what the process captures.
    struct Server {
        var node: ClusterNode?
        var life: UInt64 = 0
        var isPaused = false
        var backlog: [Happening] = []
        var captures: [StreamName: Capture] = [:]
        var wallOffset: Int64 = 0
        var settings: ClusterSettings
        var tickets: [PollTicket: (asker: PeerID, life: UInt64, id: PollID)] = [:]
        var wakeAt: Int64 = .max
        var key = 1
        var protocolVersion = PeerReport.currentProtocol
        /// Highest epoch with which this server started each stream, over all its lives.
        var epochs: [StreamName: Epoch] = [:]
        /// What this life last told of each stream that it knows.
        var told: [StreamName: StreamRecord] = [:]
    }

    /// Something forbidden happened.
    package struct Violation: Error, CustomStringConvertible {
        package var description: String
    }

    package let seed: UInt64
    package var network = VirtualNetwork()
    package internal(set) var servers: [PeerID]
    package internal(set) var events: [(server: PeerID, event: ClusterEvent)] = []
    package internal(set) var violations: [Violation] = []
    /// Written when it is there; a long life would fill it with millions of lines.
    package var journal: Journal?
    /// Polls that a server sends are noted in the journal as well.
    package var showsPolls = false
    /// Captures started so far, and messages and records sent in answers.
    package internal(set) var starts = 0
    package internal(set) var startsOfStream: [StreamName: Int] = [:]
    package internal(set) var answers = 0
    package internal(set) var recordsSent = 0
    /// Answers to its polls that each server has heard, by who gave them.
    package internal(set) var heard: [PeerID: [PeerID: Int]] = [:]
    /// Streams whose source a server cannot reach.
    package var unreachable: [StreamName: Set<PeerID>] = [:]
    /// Microseconds from the start of a capture to its first media, and to end it.
    package var startDelay: Int64 = 200_000
    package var stopDelay: Int64 = 30_000
    var queue = EventQueue<Happening>()
    var state: [PeerID: Server] = [:]
    var chance: ChanceSource
    var numbers: UInt64 = 0
    var clocksWereSet = false
    var coverage = CoverageCheck()
    var flapping = FlappingCheck()
    /// Streams that two servers of one part capture.
    var doubledSince: [StreamName: Int64] = [:]
    /// 2026-01-01T00:00:00Z.
    static let wallOrigin: Int64 = 1_767_225_600_000

    package init(seed: UInt64, settings: [ClusterSettings]) {
        self.seed = seed
        chance = ChanceSource(seed: seed)
        servers = settings.map(\.own).sorted()
        for one in settings { state[one.own] = Server(settings: one) }
    }

    /// Microseconds since the world began.
    package var now: Int64 { queue.now }

    package func node(_ peer: PeerID) -> ClusterNode? { state[peer]?.node }
    package func isRunning(_ peer: PeerID) -> Bool { state[peer]?.node != nil && state[peer]?.isPaused == false }
    /// Things done to servers, network and sources so far.
    package var causes: Int { coverage.causes }
    package func settings(of peer: PeerID) -> ClusterSettings? { state[peer]?.settings }

    /// Servers whose running process captures the stream now (one that is ending counts).
    package func captures(of stream: StreamName) -> [PeerID] {
        servers.filter { isRunning($0) && state[$0]?.captures[stream] != nil }
    }

    package func streamCount(on peer: PeerID) -> Int { isRunning(peer) ? state[peer]?.captures.count ?? 0 : 0 }

    // MARK: - Time

    package mutating func run(until time: Int64) {
        while let happening = queue.next(until: time) { happen(happening) }
    }
    package mutating func run(for span: Int64) { run(until: now + span) }

    func moment(_ server: Server) -> Moment {
        Moment(
            monotonic: MonotonicTime(microseconds: now),
            wall: WallTime(milliseconds: Self.wallOrigin + now / 1000 + server.wallOffset))
    }

    mutating func happen(_ happening: Happening) {
        guard let (peer, life) = addressee(of: happening), let server = state[peer] else { return }
        if case .request(let from, _, let fromLife, let request) = happening, server.node == nil {
            // Nothing listens: the host says so, if the way back is open.
            return send(from: peer, to: from, .failure(at: from, life: fromLife, of: peer, request.id, .refused))
        }
        guard server.node != nil, life == nil || life == server.life else { return }
        if server.isPaused {
            state[peer]?.backlog.append(happening)
            return
        }
        switch happening {
        case .wake(_, _, let at):
            if server.wakeAt == at { feed(peer, .wake) }
        case .request(let from, _, let fromLife, let request):
            if let other = state[from], other.key != server.key {
                let failure = PollFailure.otherKey("refused: the signature is not made with this server's cluster_key")
                return send(from: peer, to: from, .failure(at: from, life: fromLife, of: peer, request.id, failure))
            }
            numbers += 1
            let ticket = PollTicket(numbers)
            state[peer]?.tickets[ticket] = (from, fromLife, request.id)
            feed(peer, .pollReceived(ticket, from: from, known: request.known, hold: request.hold))
        case .answer(_, _, let from, let id, let report):
            heard[peer, default: [:]][from, default: 0] += 1
            feed(peer, .pollAnswered(from, id, report))
        case .failure(_, _, let other, let id, let kind): feed(peer, .pollFailed(other, id, kind))
        case .media(_, _, let stream, let number):
            guard let capture = server.captures[stream], capture.number == number, !capture.isStopping else { return }
            let reachable = unreachable[stream]?.contains(peer) != true
            state[peer]?.captures[stream]?.hasMedia = reachable
            note(reachable ? "has media of" : "has no media of", stream.text, of: peer)
            feed(peer, .captureChanged(stream, reachable ? .running : .failing("source unreachable")))
        case .stopped(_, _, let stream, let number):
            guard server.captures[stream]?.number == number else { return }
            state[peer]?.captures[stream] = nil
            note("has stopped", stream.text, of: peer)
            feed(peer, .captureStopped(stream, reason: nil))
        case .reload(_, let settings): feed(peer, .settingsChanged(settings))
        }
    }

    /// Whom it concerns and in which life (nil: whichever).
    private func addressee(of happening: Happening) -> (PeerID, UInt64?)? {
        switch happening {
        case .wake(let peer, let life, _), .answer(let peer, let life, _, _, _), .failure(let peer, let life, _, _, _),
            .media(let peer, let life, _, _), .stopped(let peer, let life, _, _):
            (peer, life)
        case .request(_, let peer, _, _), .reload(let peer, _): (peer, nil)
        }
    }

    private mutating func send(from: PeerID, to: PeerID, _ happening: Happening) {
        let arrivals = network.arrivals(from: from, to: to, using: &chance)
        for delay in arrivals { queue.plan(happening, at: now + delay) }
        if arrivals.isEmpty, network.isOpen(from: from, to: to) { noteLoss(of: happening) }
    }

    // MARK: - Effects

    mutating func feed(_ peer: PeerID, _ event: NodeEvent) {
        guard var server = state[peer], server.node != nil, !server.isPaused else { return }
        if case .settingsChanged(let settings) = event, !server.told.isEmpty {
            // A stream that leaves the configuration is forgotten.
            let kept = Set(settings.streams.map(\.name))
            server.told = server.told.filter { kept.contains($0.key) }
        }
        let moment = moment(server)
        // Taken out and put back, so that the machine is changed in place.
        state[peer] = nil
        let effects = server.node?.handle(event, at: moment) ?? []
        state[peer] = server
        for effect in effects { perform(effect, on: peer) }
    }

    private mutating func perform(_ effect: NodeEffect, on peer: PeerID) {
        guard let life = state[peer]?.life else { return }
        switch effect {
        case .poll(let request):
            if showsPolls { note("polls", request.peer.text, of: peer) }
            flapping.sent(.init(from: peer, to: request.peer))
            send(from: peer, to: request.peer, .request(from: peer, to: request.peer, fromLife: life, request))
        case .answer(let ticket, var report):
            guard let asker = state[peer]?.tickets.removeValue(forKey: ticket) else { return }
            checkClaims(of: peer, in: report)
            report.protocolVersion = state[peer]?.protocolVersion ?? 0
            answers += 1
            recordsSent += report.records.count
            send(
                from: peer, to: asker.asker,
                .answer(to: asker.asker, life: asker.life, from: peer, asker.id, report))
        case .startCapture(let stream, let epoch, let reason, _): start(stream, epoch, reason, on: peer, life: life)
        case .stopCapture(let stream, let reason):
            note("stops", stream.text, of: peer, reason)
            guard let capture = state[peer]?.captures[stream], !capture.isStopping else {
                return violate("\(peer) stops \(stream), which it does not capture")
            }
            state[peer]?.captures[stream]?.isStopping = true
            queue.plan(.stopped(peer, life: life, stream, capture: capture.number), at: now + stopDelay)
        case .event(let event):
            events.append((peer, event))
            if FlappingCheck.changes.contains(event.kind) { flapping.changesSeen += 1 }
            let time = now
            journal?.note(event, of: peer, at: time)
        case .wake(let at):
            guard state[peer]?.wakeAt != at.microseconds || at.microseconds <= now else { return }
            let time = max(at.microseconds, now + 1)
            state[peer]?.wakeAt = time
            queue.plan(.wake(peer, life: life, at: time), at: time)
        }
    }

    private mutating func start(_ stream: StreamName, _ epoch: Epoch, _ reason: String, on peer: PeerID, life: UInt64) {
        if state[peer]?.captures[stream] != nil { violate("\(stream) started twice on \(peer): \(reason)") }
        if let last = state[peer]?.epochs[stream], epoch < last || (epoch == last && !reason.hasPrefix("another try")) {
            violate("\(peer) started \(stream) with epoch \(epoch) after \(last)")
        }
        state[peer]?.epochs[stream] = epoch
        note("starts", stream.text, of: peer, reason)
        starts += 1
        startsOfStream[stream, default: 0] += 1
        checkFlapping(stream, on: peer, reason)
        numbers += 1
        state[peer]?.captures[stream] = Capture(number: numbers)
        queue.plan(.media(peer, life: life, stream, capture: numbers), at: now + startDelay)
    }

    private mutating func note(_ word: String, _ subject: String, of server: PeerID, _ reason: String = "") {
        let time = now
        journal?.note(word, subject, of: server, at: time, reason: reason)
    }

    package mutating func violate(_ text: String) {
        violations.append(Violation(description: "seed \(seed), at \(Double(now) / 1e6) s: \(text)"))
    }
}
