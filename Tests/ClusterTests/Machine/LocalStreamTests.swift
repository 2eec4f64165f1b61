// Streams that only some servers have are found from the others; clocks that differ are told.
import Cluster
import Testing

private let peerA = PeerID("a")
private let peerB = PeerID("b")

/// Two nodes that are asked and answer by hand.
private struct Pair {
    var a: ClusterNode
    var b: ClusterNode
    var now: Int64 = 1_000_000
    var offset: Int64 = 0
    /// What happened to `a`.
    var events: [ClusterEvent] = []
    private var ticket: UInt64 = 0

    init(streamsOfA: [String] = [], streamsOfB: [String] = [], tolerance: TimeSpan = .seconds(2)) {
        func settings(_ own: String, _ streams: [String]) -> ClusterSettings {
            ClusterSettings(
                own: PeerID(own),
                peers: ["a", "b"].map {
                    ClusterPeer(id: PeerID($0), fetchTimeout: .milliseconds(1000), staleTimeout: .milliseconds(3000))
                }, streams: streams.map { ClusterStream(name: StreamName($0)) }, failback: .immediate,
                clockTolerance: tolerance)
        }
        let start = Moment(monotonic: MonotonicTime(microseconds: 0), wall: WallTime(milliseconds: 1_000_000))
        a = ClusterNode(settings: settings("a", streamsOfA), instance: InstanceID(1), software: "t", at: start)
        b = ClusterNode(settings: settings("b", streamsOfB), instance: InstanceID(2), software: "t", at: start)
    }

    func moment(_ offset: Int64 = 0) -> Moment {
        Moment(
            monotonic: MonotonicTime(microseconds: now), wall: WallTime(milliseconds: 1_000_000 + now / 1000 + offset))
    }

    /// `a` asks, `b` answers at once; returns the report.
    mutating func poll() -> PeerReport? {
        now += 300_000
        var effects = a.handle(.wake, at: moment())
        var found: PeerReport?
        var polls = effects.compactMap { if case .poll(let request) = $0 { request } else { nil } }
        while polls.isEmpty {
            now += 100_000
            effects += a.handle(.wake, at: moment())
            polls = effects.compactMap { if case .poll(let request) = $0 { request } else { nil } }
        }
        for request in polls {
            ticket += 1
            let answers = b.handle(
                .pollReceived(PollTicket(ticket), from: peerA, known: request.known, hold: .zero),
                at: moment(offset))
            for case .answer(PollTicket(ticket), let report) in answers {
                found = report
                effects += a.handle(.pollAnswered(peerB, request.id, report), at: moment())
            }
        }
        for case .event(let event) in effects { events.append(event) }
        return found
    }

    mutating func tellB(_ event: NodeEvent) { _ = b.handle(event, at: moment(offset)) }
}

@Suite struct LocalStreamTests {
    @Test func aStreamOfOneServerIsFoundUntilItGoes() {
        var pair = Pair()
        #expect(
            pair.a.place(of: StreamName("alone"))
                == .moving(reason: "this server has just started and has not heard b yet"))
        pair.tellB(.localStreamsChanged([StreamName("alone"): true, StreamName("other"): false]))
        #expect(pair.poll()?.locals?.count == 2)
        #expect(pair.a.place(of: StreamName("alone")) == .at(peerB))
        #expect(pair.a.place(of: StreamName("other")) == .at(peerB), "without media the other server says why")
        #expect(pair.a.place(of: StreamName("nowhere")) == .unknown)
        #expect(pair.poll()?.locals == nil, "only what changed")
        pair.tellB(.localStreamsChanged([StreamName("alone"): true]))
        let gone = pair.poll()?.locals
        #expect(gone?.map(\.stream.text) == ["other"] && gone?.first?.isGone == true)
        #expect(pair.a.place(of: StreamName("other")) == .unknown)
        #expect(pair.a.place(of: StreamName("alone")) == .at(peerB))
    }

    @Test func aNewStreamAnswersWaitingPollsAtOnceAndMediaDoesNot() {
        var pair = Pair()
        _ = pair.poll()
        var known = KnownVersion.nothing
        let first = NodeEvent.pollReceived(PollTicket(99), from: peerA, known: .nothing, hold: .seconds(1))
        for case .answer(_, let report) in pair.b.handle(first, at: pair.moment()) {
            known = KnownVersion(instance: report.instance, version: report.version)
        }
        func isAnswered(_ event: NodeEvent) -> Bool {
            pair.tellB(.pollReceived(PollTicket(100), from: peerA, known: known, hold: .seconds(1)))
            return pair.b.handle(event, at: pair.moment()).contains {
                if case .answer(PollTicket(100), let report) = $0 {
                    known.version = report.version
                    return true
                }
                return false
            }
        }
        #expect(isAnswered(.localStreamsChanged([StreamName("x"): false])))
        #expect(!isAnswered(.localStreamsChanged([StreamName("x"): true])))
        #expect(isAnswered(.localStreamsChanged([:])))
    }

    @Test func whoOnlyOneServerKnowsAndWhoIsSilentIsSaid() {
        var pair = Pair()
        pair.tellB(.localStreamsChanged([StreamName("alone"): true]))
        _ = pair.poll()
        for _ in 0..<8 {
            pair.now += 500_000
            _ = pair.a.handle(.wake, at: pair.moment())
        }
        guard case .moving(let reason) = pair.a.place(of: StreamName("alone")) else {
            Issue.record("not moving: \(pair.a.place(of: StreamName("alone")))")
            return
        }
        #expect(reason.hasPrefix("only b has it: peer b silent for"))
    }

    @Test func nobodyIsSentToAServerThatRefuses() {
        var pair = Pair()
        pair.tellB(.localStreamsChanged([StreamName("alone"): true]))
        _ = pair.poll()
        pair.now += 200_000
        for case .poll(let request) in pair.a.handle(.wake, at: pair.moment()) {
            _ = pair.a.handle(.pollFailed(peerB, request.id, .refused), at: pair.moment())
        }
        guard case .moving(let reason) = pair.a.place(of: StreamName("alone")) else {
            Issue.record("not moving: \(pair.a.place(of: StreamName("alone")))")
            return
        }
        #expect(reason.contains("refuses connections"))
    }

    @Test func aStreamOfTheGroupThatThisServerDoesNotKnowIsFoundToo() {
        var pair = Pair(streamsOfB: ["new"])
        for _ in 0..<3 { _ = pair.poll() }
        // `b` is alone with its joining: it claims after its stale timeout.
        pair.now += 3_000_000
        var claimed = false
        for case .startCapture(let stream, _, _, _) in pair.b.handle(.wake, at: pair.moment()) {
            claimed = stream == StreamName("new")
        }
        #expect(claimed)
        _ = pair.poll()
        #expect(pair.a.place(of: StreamName("new")) == .at(peerB))
        pair.tellB(.captureChanged(StreamName("new"), .running))
        _ = pair.poll()
        #expect(pair.a.place(of: StreamName("new")) == .at(peerB))
    }

    @Test func clocksThatDifferByMoreThanASegmentAreToldOnce() {
        var pair = Pair()
        pair.offset = 1500
        for _ in 0..<3 { _ = pair.poll() }
        #expect(!pair.events.contains { $0.kind == .clockDiffers })
        pair.offset = -2600
        for _ in 0..<3 { _ = pair.poll() }
        let told = pair.events.filter { $0.kind == .clockDiffers }
        #expect(
            told.map(\.reason) == [
                "the clock of peer b is 2.6 s behind this server's, more than a segment: synchronise the clocks (NTP)"
            ])
        let peer = pair.a.snapshot().peers.first { $0.id == peerB }
        #expect(peer?.state == .alive && peer?.detail == told.first?.reason)
        #expect(peer?.clockDifference == -2600)
        pair.offset = 0
        _ = pair.poll()
        #expect(pair.a.snapshot().peers.first { $0.id == peerB }?.detail == "")
        pair.offset = 3000
        _ = pair.poll()
        #expect(pair.events.filter { $0.kind == .clockDiffers }.count == 2)
    }
}
