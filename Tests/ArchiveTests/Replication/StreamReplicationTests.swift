// What is fetched, from whom and in which order: the planner driven by hand.
import Archive
import Media
import Testing

/// One stream that is replicated from made-up peers, each with its own segments.
private struct Stage {
    var replication: StreamReplication
    var ours: [OfferedSegment]
    var peers: [String: [OfferedSegment]]
    var bounds = ReplicationBounds(range: .always)
    var keeps: MediaSpan?
    var uptime = Duration.zero
    var utc = instant(100_000)
    var events: [ReplicationEvent] = []
    /// Segments that come with wrong bytes.
    var wrong: Set<SegmentDigest> = []

    init(ours: [OfferedSegment], peers: [String: [OfferedSegment]], limits: StreamReplication.Limits = .init()) {
        self.ours = ours
        self.peers = peers
        replication = StreamReplication(limits: limits)
        replication.setPeers(peers.keys.sorted())
    }

    mutating func begin(_ peer: String) {
        let theirs = (peers[peer] ?? []).filter { bounds.range.contains($0.start) }
        let own = ours.filter { bounds.range.contains($0.start) }
        let summary = ArchiveSummary(own)
        replication.compared(
            peer, theirs: ArchiveSummary(theirs).leavingOut(summary.digests), ours: summary, keeps: keeps,
            bounds: bounds, at: (utc, uptime))
    }

    mutating func list(_ hour: HourSummary, of peer: String) {
        let theirs = (peers[peer] ?? []).filter { hour.range.contains($0.start) && bounds.range.contains($0.start) }
        events += replication.listed(peer, theirs: theirs, ours: ours, bounds: bounds, at: uptime)
    }

    mutating func deliver(_ order: FetchOrder, from peer: String) {
        let near = ours.filter { own in order.segments.contains { $0.range.overlaps(own.range) } }
        var came: [OfferedSegment] = []
        for segment in order.segments {
            guard !wrong.contains(segment.named) else {
                replication.received(segment, of: order.number, from: peer, .wrong("wrong bytes"), at: uptime)
                continue
            }
            let isNew = !near.contains { $0.covers(segment) }
            came.append(segment)
            replication.received(segment, of: order.number, from: peer, isNew ? .kept : .covered, at: uptime)
        }
        ours = SegmentUnion.kept(ours + came).kept
        replication.ended(order.number, from: peer)
    }

    /// - Returns: what was asked for, in the order of asking.
    mutating func round(_ peer: String) -> [OfferedSegment] {
        begin(peer)
        var asked: [OfferedSegment] = []
        loop: while true {
            switch replication.next(peer) {
            case .list(let hour): list(hour, of: peer)
            case .fetch(let order):
                asked += order.segments
                deliver(order, from: peer)
            case .wait:
                Issue.record("nothing is under way, and yet it waits")
                break loop
            case .over:
                events += replication.completed(peer, at: utc)
                break loop
            }
        }
        return asked
    }

    func progress(_ peer: String) -> ReplicationProgress? {
        replication.progress(at: uptime).first { $0.peer == peer }?.progress
    }
}

@Suite struct StreamReplicationTests {
    private func segments(_ numbers: Range<Int>) -> [OfferedSegment] {
        numbers.map { offer(Double($0) * 5, digest: UInt64($0)) }
    }

    /// «the archive on it will automatically obtain the missing parts from another server»
    @Test func aHoleIsFilledAndNothingIsFetchedTwice() {
        let all = segments(0..<100)
        var stage = Stage(ours: Array(all[..<30] + all[70...]), peers: ["b": all])
        let asked1 = stage.round("b")
        #expect(asked1 == Array(all[30..<70]))
        #expect(stage.ours == all)
        let asked2 = stage.round("b")
        #expect(asked2 == [])
        #expect(stage.progress("b")?.state == .inSync)
        #expect(
            stage.events == [
                .started(peer: "b", media: .seconds(200), bytes: 40_000),
                .finished(peer: "b", media: .seconds(200), bytes: 40_000),
            ])
    }

    /// Equal days cost one comparison, and only hours that differ are listed.
    @Test func onlyWhatDiffersIsLookedAt() {
        let all = segments(0..<3000)
        var stage = Stage(ours: all.filter { $0.start != instant(7300) }, peers: ["b": all])
        stage.begin("b")
        guard case .list(let hour) = stage.replication.next("b") else {
            Issue.record("no hour is listed")
            return
        }
        #expect(hour.range.contains(instant(7300)))
        stage.list(hour, of: "b")
        guard case .fetch(let order) = stage.replication.next("b") else {
            Issue.record("nothing is fetched")
            return
        }
        #expect(order.segments.map(\.start) == [instant(7300)])
    }

    @Test func whatExpiresSoonComesFirstThenTheNewestHour() {
        let all = segments(0..<(4 * 720))
        var stage = Stage(ours: [], peers: ["b": all])
        stage.utc = instant(4 * 3600)
        // The first hour and the next expire within an hour, or have begun to.
        stage.keeps = .seconds(3 * 3600)
        let asked = stage.round("b")
        #expect(asked.count == all.count)
        let hours = asked.map { $0.start.index(of: DigestPeriod.hour) - instant(0).index(of: DigestPeriod.hour) }
        var order: [Int64] = []
        for hour in hours where order.last != hour { order.append(hour) }
        #expect(order == [0, 1, 3, 2])
    }

    @Test func whatWasDeletedDoesNotComeBack() {
        let all = segments(0..<100)
        var stage = Stage(ours: Array(all[50...]), peers: ["b": all])
        stage.bounds = ReplicationBounds(
            range: TimeRange(instant(50), TimeRange.always.end),
            deleted: RangeSet([TimeRange(instant(100), instant(203))]))
        // Of the segment that begins at 200 a part was deleted.
        let asked3 = stage.round("b")
        #expect(asked3 == Array(all[10..<20] + all[41..<50]))
        let asked4 = stage.round("b")
        #expect(asked4 == [])
        #expect(stage.progress("b")?.state == .inSync)
    }

    @Test func whatIsNewerThanTheRecordingIsLeftToIt() {
        let all = segments(0..<20)
        var stage = Stage(ours: Array(all[..<10]), peers: ["b": all])
        stage.bounds.range = TimeRange(TimeRange.always.start, instant(50))
        let asked5 = stage.round("b")
        #expect(asked5 == [])
        stage.bounds.range = TimeRange(TimeRange.always.start, instant(75))
        let asked6 = stage.round("b")
        #expect(asked6 == Array(all[10..<15]))
    }

    /// Several at once: each segment is asked of one of them.
    @Test func twoPeersShareTheWork() {
        var limits = StreamReplication.Limits()
        limits.segmentsPerOrder = 10
        let all = segments(0..<100)
        var stage = Stage(ours: [], peers: ["b": all, "c": all], limits: limits)
        var asked: [OfferedSegment] = []
        stage.begin("b")
        stage.begin("c")
        var isOver: Set<String> = []
        while isOver.count < 2 {
            for peer in ["b", "c"] where !isOver.contains(peer) {
                switch stage.replication.next(peer) {
                case .list(let hour): stage.list(hour, of: peer)
                case .fetch(let order):
                    asked += order.segments
                    stage.deliver(order, from: peer)
                case .wait: break
                case .over: isOver.insert(peer)
                }
            }
        }
        #expect(asked.count == 100 && Set(asked).count == 100)
        #expect(stage.ours == all)
    }

    @Test func ordersAreBoundedInNumberAndSize() {
        var limits = StreamReplication.Limits()
        limits.segmentsPerOrder = 10
        let all = segments(0..<100)
        var stage = Stage(ours: [], peers: ["b": all], limits: limits)
        stage.begin("b")
        guard case .list(let hour) = stage.replication.next("b") else {
            Issue.record("no hour is listed")
            return
        }
        stage.list(hour, of: "b")
        guard case .fetch(let first) = stage.replication.next("b"),
            case .fetch(let second) = stage.replication.next("b")
        else {
            Issue.record("two orders can be under way")
            return
        }
        #expect(first.segments == Array(all[..<10]) && second.segments == Array(all[10..<20]))
        let third = stage.replication.next("b")
        #expect(third == .wait)
        stage.replication.ended(first.number, from: "b")
        guard case .fetch(let next) = stage.replication.next("b") else {
            Issue.record("an order ended, another begins")
            return
        }
        #expect(next.segments == Array(all[20..<30]))
    }

    @Test func wrongBytesAreToldAndAskedForAgainLater() {
        let all = segments(0..<20)
        var stage = Stage(ours: [], peers: ["b": all])
        stage.wrong = [all[7].named]
        let asked7 = stage.round("b")
        #expect(asked7.count == 20)
        #expect(stage.progress("b")?.state == .diverged)
        #expect(stage.progress("b")?.refusedSegments == 1)
        #expect(stage.events.contains(.failed(peer: "b", reason: "wrong bytes")))
        let asked8 = stage.round("b")
        #expect(asked8 == [])
        #expect(stage.progress("b")?.remaining == .seconds(5))
        let cut = stage.replication.failed("b", "connection refused")
        #expect(cut == [.failed(peer: "b", reason: "connection refused")])
        let asked8b = stage.round("b")
        #expect(asked8b == [])
        #expect(stage.progress("b")?.lastError == "wrong bytes")
        stage.uptime += .seconds(31)
        stage.wrong = []
        let asked9 = stage.round("b")
        #expect(asked9 == [all[7]])
        #expect(stage.progress("b")?.state == .inSync)
        #expect(stage.progress("b")?.lastError == nil)
        #expect(stage.progress("b")?.remaining == .zero)
    }

    /// Warned about beyond a segment, once, and again when it was good in between.
    @Test func aClockThatDiffersIsToldOnce() {
        var replication = StreamReplication()
        replication.setPeers(["b"])
        func see(_ ahead: Int64, _ uncertainty: Int64 = 0) -> [ReplicationEvent] {
            replication.clockSeen(
                "b", ahead: .seconds(ahead), uncertainty: .seconds(uncertainty), tolerance: .seconds(5))
        }
        let seen = [see(4), see(-7, 3), see(-7), see(-8), see(0), see(6)]
        #expect(
            seen == [
                [], [], [.clockDiffers(peer: "b", ahead: .seconds(-7))], [], [],
                [.clockDiffers(peer: "b", ahead: .seconds(6))],
            ])
        let shown = replication.progress(at: .zero).map(\.progress.clockDifference)
        #expect(shown == [.seconds(6)])
    }

    @Test func aPeerThatCannotBeAskedIsToldOnceAndItsOrdersGoToOthers() {
        let all = segments(0..<20)
        var stage = Stage(ours: [], peers: ["b": all, "c": all])
        stage.begin("b")
        guard case .list(let hour) = stage.replication.next("b") else {
            Issue.record("no hour is listed")
            return
        }
        stage.list(hour, of: "b")
        guard case .fetch = stage.replication.next("b") else {
            Issue.record("nothing is fetched")
            return
        }
        stage.events += stage.replication.failed("b", "refused")
        let step = stage.replication.next("b")
        #expect(step == .over)
        let again = stage.replication.failed("b", "refused")
        #expect(again == [])
        #expect(stage.progress("b")?.failures == 2)
        #expect(stage.progress("b")?.state == .unreachable)
        let asked10 = stage.round("c")
        #expect(asked10.count == 20)
        #expect(stage.events.contains(.failed(peer: "b", reason: "refused")))
    }
}

@Suite struct ReplicationModeTests {
    private func seen(
        _ remaining: Int64 = 0, unreachable: String? = nil, lost: String? = nil
    )
        -> ReplicationModeFinder.Sighting
    {
        .init(
            isCatchingUp: remaining > 0, remaining: .seconds(remaining),
            unreachable: unreachable.map { [($0, "refused")] } ?? [], lostInput: lost)
    }

    /// «Normal mode», «Emergency mode», «Recovery mode» of the reference page, one after the other.
    @Test func theThreeModesOfAnOutage() {
        var finder = ReplicationModeFinder(at: instant(0))
        let change1 = finder.observe(seen(), at: instant(1))
        #expect(!change1)
        let change2 = finder.observe(seen(lost: "m4f://a/cam"), at: instant(2))
        #expect(change2)
        #expect(finder.mode == .emergency && finder.since == instant(2))
        #expect(finder.reason == "nothing comes from m4f://a/cam")
        let change3 = finder.observe(seen(unreachable: "a"), at: instant(3))
        #expect(!change3)
        #expect(finder.since == instant(2))
        #expect(finder.reason == "a cannot be asked: refused")
        let change4 = finder.observe(seen(100), at: instant(4))
        #expect(change4)
        #expect(finder.mode == .recovery && finder.since == instant(4))
        #expect(finder.reason == "100 s are missing and being fetched")
        let change5 = finder.observe(seen(1), at: instant(5))
        #expect(!change5)
        let change6 = finder.observe(seen(), at: instant(6))
        #expect(change6)
        #expect(finder.mode == .normal && finder.since == instant(6))
        #expect(finder.reason == "the archives agree")
    }

    @Test func whatCameWrongIsMissing() {
        var finder = ReplicationModeFinder(at: instant(0))
        var sighting = seen()
        sighting.diverged = [("a", "wrong bytes")]
        let isOther = finder.observe(sighting, at: instant(1))
        #expect(isOther && finder.mode == .recovery)
        #expect(finder.reason.contains("wrong bytes"))
    }

    @Test func aSegmentThatIsJustComingIsNoRecovery() {
        var finder = ReplicationModeFinder(at: instant(0))
        let change7 = finder.observe(seen(4), at: instant(1))
        #expect(!change7)
        #expect(finder.mode == .normal)
    }
}

@Suite struct RateLimitTests {
    @Test func theSpeedIsKept() {
        var limit = RateLimit(bytesPerSecond: 1_000_000)
        var now = Duration.zero
        for _ in 0..<1000 { now += limit.delay(after: 100_000, at: now) }
        // 100 MB at 1 MB/s, less what the bucket held.
        #expect(now >= .seconds(99.5) && now <= .seconds(100))
    }

    @Test func aPauseIsNotMadeUpFor() {
        var limit = RateLimit(bytesPerSecond: 1000)
        let first = limit.delay(after: 250, at: .seconds(100))
        let later = limit.delay(after: 1000, at: .seconds(200))
        #expect(first == .milliseconds(250) && later == .milliseconds(750))
    }

    @Test func noLimitNeverWaits() {
        var limit = RateLimit(bytesPerSecond: nil)
        let delay = limit.delay(after: .max, at: .zero)
        #expect(delay == .zero)
    }
}

@Suite struct FetchPlacesTests {
    @Test func ordersThatKeepToASpeedDoNotWaitForOneAnother() {
        var places = FetchPlaces()
        // Twenty streams, each with its own speed, all at once, and as many as ever without one.
        let limited = (0..<20).filter { _ in places.take(isLimited: true) }.count
        let unlimited = (0..<20).filter { _ in places.take(isLimited: false) }.count
        #expect(limited == 20)
        #expect(unlimited == 4)
    }

    @Test func aPlaceThatIsGivenBackIsFree() {
        var places = FetchPlaces()
        for isLimited in [true, false] {
            while places.take(isLimited: isLimited) {}
            places.give(isLimited: isLimited)
            let isFree = places.take(isLimited: isLimited)
            let isFreeAgain = places.take(isLimited: isLimited)
            #expect(isFree && !isFreeAgain)
        }
    }
}
