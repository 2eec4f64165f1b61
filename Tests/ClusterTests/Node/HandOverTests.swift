// Hand-over in good order: drain, damped fail-back, batches, make before break.
import Testing

@testable import Cluster

@Suite struct HandOverTests {
    private func cam(_ handOver: HandOver = .breakBeforeMake, at peer: String = "a") -> [ClusterStream] {
        [ClusterStream(name: StreamName("cam"), captureAt: PeerID(peer), handOver: handOver)]
    }

    private func readyForCam(_ epoch: Epoch) -> [PeerReport.Ready] { [.init(stream: StreamName("cam"), epoch: epoch)] }

    @Test func `a drained server goes on until another is ready, then lets go and says that it is drained`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.media("cam")
        _ = driver.take()
        driver.handle(.drainRequested)
        driver.run(5000)
        #expect(driver.take() == [])
        driver.tell("b") { $0.ready = readyForCam(NodeDriver.epoch(0)) }
        #expect(
            driver.take() == [
                .event(.streamYielded, "cam", "handed over to b: b stands in for a"),
                .stop("cam", "handed over to b: b stands in for a"),
            ])
        driver.stopped("cam")
        #expect(driver.take() == [.event(.drained, "", "no stream of the group is captured here any more")])
        #expect(!driver.node.hasGivenAllAway, "nobody may have heard yet that it was let go")
        driver.tell("b") { $0.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1)) }
        #expect(driver.node.hasGivenAllAway)
        // Taken back: it asks for its stream, and claims it when b has let go.
        driver.handle(.drainCancelled)
        driver.run(100)
        #expect(driver.node.report(since: .nothing, held: .zero).ready == readyForCam(NodeDriver.epoch(1)))
        #expect(driver.take() == [])
        driver.tell("b") { peer in
            peer.records["cam"]?.phase = .released
            peer.records["cam"]?.revision = 1
        }
        #expect(
            driver.take() == [
                .start("cam", NodeDriver.epoch(2), "handed over by b"),
                .event(.streamTaken, "cam", "handed over by b"),
            ])
    }

    @Test func `a server that is taken back from its drain leaves to the other what it has just let go`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.media("cam")
        driver.run(100)
        driver.handle(.drainRequested)
        driver.tell("b") { $0.ready = readyForCam(NodeDriver.epoch(0)) }
        driver.stopped("cam")
        #expect(driver.record("cam").phase == .released)
        _ = driver.take()
        driver.handle(.drainCancelled)
        driver.run(500)
        #expect(driver.take() == [], "b is about to claim it")
        // It has not within fetch_timeout.
        driver.run(700)
        #expect(driver.take().first.map { "\($0)".hasPrefix("start cam 1") } == true)
    }

    @Test func `a drained server without another keeps its streams: better here than nowhere`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.media("cam")
        driver.peers["b"]?.answers = nil
        driver.run(4000)
        _ = driver.take()
        driver.handle(.drainRequested)
        driver.run(10_000)
        #expect(driver.take() == [])
    }

    @Test func `a word of readiness for an older claim is not obeyed`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.media("cam")
        _ = driver.take()
        driver.handle(.drainRequested)
        driver.tell("b") { $0.ready = readyForCam(Epoch(3)) }
        #expect(driver.take() == [])
    }

    @Test func `readiness of a peer that placement does not want is not obeyed`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.media("cam")
        _ = driver.take()
        driver.tell("b") { $0.ready = readyForCam(NodeDriver.epoch(0)) }
        #expect(driver.take() == [])
    }

    @Test func `fail-back waits until this server has been in touch for its delay, and a pause begins the wait anew`() {
        let settings = NodeDriver.settings("a", "b") { $0.failback = .delayed(.seconds(10)) }
        var driver = NodeDriver(settings, heard: false)
        driver.peers["b"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        driver.handle(.wake)
        driver.run(9500)
        #expect(driver.node.report(since: .nothing, held: .zero).ready == [])
        driver.standStill(2000)
        driver.handle(.wake)
        driver.run(9500)
        #expect(driver.node.report(since: .nothing, held: .zero).ready == [])
        driver.run(1000)
        #expect(driver.node.report(since: .nothing, held: .zero).ready == readyForCam(NodeDriver.epoch(1)))
    }

    @Test func `with failback off nothing comes home while the stand-in lives and is well`() {
        let settings = NodeDriver.settings("a", "b") { $0.failback = .off }
        var driver = NodeDriver(settings, heard: false)
        driver.peers["b"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        driver.handle(.wake)
        driver.run(100_000)
        #expect(driver.node.report(since: .nothing, held: .zero).ready == [])
        // Drained or without media it is relieved all the same.
        driver.tell("b") { $0.isDraining = true }
        #expect(driver.node.report(since: .nothing, held: .zero).ready == readyForCam(NodeDriver.epoch(1)))
        driver.tell("b") { $0.isDraining = false }
        #expect(driver.node.report(since: .nothing, held: .zero).ready == [])
        driver.tell("b") { peer in
            peer.records["cam"]?.phase = .failing
            peer.records["cam"]?.revision = 1
        }
        #expect(driver.node.report(since: .nothing, held: .zero).ready == readyForCam(NodeDriver.epoch(1)))
    }

    @Test func `streams come home in batches, and one that is not let go queues behind`() {
        let streams = (1...5).map { ClusterStream(name: StreamName("cam\($0)"), captureAt: PeerID("a")) }
        let settings = NodeDriver.settings("a", "b", streams: streams) { $0.failbackBatch = 2 }
        var driver = NodeDriver(settings, heard: false)
        for stream in streams { driver.peers["b"]?.records[stream.name.text] = NodeDriver.running("b", Epoch(5)) }
        driver.handle(.wake)
        func ready(_ driver: NodeDriver) -> [String] {
            driver.node.report(since: .nothing, held: .zero).ready.map(\.stream.text)
        }
        #expect(ready(driver) == ["cam1", "cam2"])
        driver.tell("b") { peer in
            peer.records["cam1"]?.phase = .released
            peer.records["cam1"]?.revision = 1
        }
        #expect(ready(driver) == ["cam2", "cam3"])
        // b does not answer to cam2 and cam3 for stale_timeout.
        driver.run(2600)
        #expect(ready(driver).contains("cam4"))
    }

    @Test func `make before break: the holder names its successor and goes on until that has media`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: cam(.makeBeforeBreak, at: "b")), heard: false)
        driver.peers["b"]?.answers = nil
        driver.handle(.wake)
        driver.run(3100)
        driver.media("cam")
        driver.peers["b"]?.answers = .success(())
        driver.run(1100)
        _ = driver.take()
        let epoch = driver.record("cam").epoch
        driver.tell("b") { $0.ready = readyForCam(epoch) }
        #expect(driver.take() == [])
        #expect(driver.record("cam").successor == PeerID("b"))
        #expect(driver.record("cam").phase == .running)
        let next = Epoch(epoch.value + 1)
        driver.tell("b") { peer in
            peer.ready = []
            peer.records["cam"] = NodeDriver.running("b", next)
            peer.records["cam"]?.phase = .starting
        }
        driver.run(2000)
        #expect(driver.take() == [], "b has no media yet")
        driver.tell("b") { peer in
            peer.records["cam"]?.phase = .running
            peer.records["cam"]?.revision = 1
        }
        let reason = "b holds it with the newer epoch \(next)"
        #expect(driver.take() == [.event(.streamYielded, "cam", reason), .stop("cam", reason)])
    }

    @Test func `make before break: the successor starts when it is named, beside the old one`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: cam(.makeBeforeBreak)), heard: false)
        driver.peers["b"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        driver.handle(.wake)
        driver.run(100)
        #expect(driver.take() == [])
        #expect(driver.node.report(since: .nothing, held: .zero).ready == readyForCam(NodeDriver.epoch(1)))
        driver.tell("b") { peer in
            peer.records["cam"]?.successor = PeerID("a")
            peer.records["cam"]?.revision = 1
        }
        #expect(
            driver.take() == [
                .start("cam", NodeDriver.epoch(2), "taken over from b, which goes on until it runs here"),
                .event(.streamTaken, "cam", "taken over from b, which goes on until it runs here"),
            ])
    }

    @Test func `make before break: while the successor that was named may be taking the stream no other is named`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c", streams: cam(.makeBeforeBreak)))
        driver.media("cam")
        driver.run(100)
        driver.handle(.drainRequested)
        let epoch = driver.record("cam").epoch
        let first = driver.node.stream(named: StreamName("cam"))?.owner?.text ?? ""
        driver.tell(first) { $0.ready = readyForCam(epoch) }
        #expect(driver.record("cam").successor == PeerID(first))
        // Placement changes its mind, and the next one asks as well.
        let second = first == "b" ? "c" : "b"
        let settings = NodeDriver.settings("a", "b", "c", streams: cam(.makeBeforeBreak, at: second))
        driver.handle(.settingsChanged(settings))
        _ = driver.take()
        var other = driver
        driver.tell(second) { $0.ready = readyForCam(epoch) }
        #expect(driver.record("cam").successor == PeerID(first))
        driver.tell(first) { peer in
            peer.ready = []
            peer.records["cam"] = NodeDriver.running(first, Epoch(epoch.value + 1))
            peer.records["cam"]?.phase = .starting
        }
        #expect(driver.take() == [], "the first has no media yet")
        // One that asks no more has made room.
        other.tell(second) { $0.ready = readyForCam(epoch) }
        other.tell(first) { $0.ready = [] }
        #expect(other.record("cam").successor == PeerID(second))
        #expect(other.take() == [])
    }

    /// Draining: when it was last heard.
    @Test(arguments: [false, true])
    func `a stream let go for a server that was not heard since is that server's first`(isDraining: Bool) {
        let settings = NodeDriver.settings("a", "b", "c") { $0.failback = .off }
        var driver = NodeDriver(settings, heard: false)
        driver.peers["c"]?.isDraining = isDraining
        driver.peers["b"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        driver.handle(.wake)
        driver.peers["c"]?.answers = nil
        driver.run(1000)
        #expect(driver.record("cam").holder == PeerID("b"))
        _ = driver.take()
        driver.peers["b"]?.records["cam"]?.phase = .released
        driver.peers["b"]?.records["cam"]?.successor = PeerID("c")
        driver.peers["b"]?.records["cam"]?.revision = 1
        driver.peers["b"]?.version += 1
        driver.run(600)
        #expect(driver.take() == [], "c may have started it")
        // It has not within fetch_timeout.
        driver.run(600)
        #expect(driver.take().first == .start("cam", NodeDriver.epoch(2), "handed over by b"))
    }

    @Test(arguments: [HandOver.breakBeforeMake, .makeBeforeBreak])
    func `what was claimed in isolation is handed over when those who were in touch had time to claim above it`(
        order: HandOver
    ) {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c", streams: cam(order, at: "c")))
        for peer in ["b", "c"] { driver.peers[peer]?.answers = nil }
        driver.run(3500)
        #expect(driver.record("cam").holder == PeerID("a") && driver.record("cam").isIsolated)
        let epoch = driver.record("cam").epoch
        driver.media("cam")
        for peer in ["b", "c"] { driver.peers[peer]?.answers = .success(()) }
        driver.peers["c"]?.ready = readyForCam(epoch)
        driver.run(600)
        #expect(driver.node.snapshot().isIsolated == false)
        #expect(!driver.take().contains { "\($0)".contains("handed over") })
        #expect(driver.record("cam").successor == nil)
        var other = driver
        // b has captured it all the time.
        driver.peers["b"]?.records["cam"] = NodeDriver.running("b", Epoch(epoch.value + 1))
        driver.peers["b"]?.version += 1
        driver.run(200)
        let reason = "b holds it with the newer epoch \(epoch.value + 1)"
        #expect(driver.take() == [.event(.streamYielded, "cam", reason), .stop("cam", reason)])
        // Nobody has.
        other.run(1000)
        if order == .makeBeforeBreak {
            #expect(other.record("cam").successor == PeerID("c"))
        } else {
            #expect(other.take().last == .stop("cam", "handed over to c: capture_at=c"))
        }
    }

    @Test func `what was claimed in isolation is handed over at once to the only other server`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: cam(at: "b")))
        driver.peers["b"]?.answers = nil
        driver.run(3500)
        #expect(driver.record("cam").isIsolated)
        driver.media("cam")
        driver.peers["b"]?.answers = .success(())
        let ready = readyForCam(driver.record("cam").epoch)
        driver.peers["b"]?.ready = ready
        driver.run(600)
        #expect(driver.take().last == .stop("cam", "handed over to b: capture_at=b"))
    }

    @Test func `a stream let go for a server that does not want it any more is claimed when that has been heard`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c"), heard: false)
        driver.peers["b"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        driver.handle(.wake)
        driver.run(1000)
        driver.peers["c"]?.answers = nil
        driver.run(100)
        _ = driver.take()
        driver.peers["b"]?.records["cam"]?.phase = .released
        driver.peers["b"]?.records["cam"]?.successor = PeerID("c")
        driver.peers["b"]?.records["cam"]?.revision = 1
        driver.peers["b"]?.version += 1
        driver.run(100)
        let pending = driver.takeRequests().last { $0.peer == PeerID("c") }
        #expect(driver.record("cam").phase == .released)
        #expect(driver.take() == [], "c may have started it")
        if let pending { driver.answerNow(pending) }
        #expect(driver.take().first == .start("cam", NodeDriver.epoch(2), "handed over by b"))
    }

    @Test func `over a long way the one to whom a stream was let go has longer to take it`() throws {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.media("cam")
        driver.peers["b"]?.answers = nil
        driver.run(100)
        driver.handle(.drainRequested)
        driver.peers["b"]?.ready = readyForCam(NodeDriver.epoch(0))
        let first = try #require(driver.takeRequests().last)
        driver.run(400)
        driver.answerNow(first)
        driver.stopped("cam")
        #expect(driver.record("cam").phase == .released)
        driver.handle(.drainCancelled)
        _ = driver.take()
        // The way to b and back takes 0.4 to 0.5 s.
        driver.run(1700)
        #expect(driver.take() == [])
        driver.run(400)
        #expect(driver.take().first.map { "\($0)".hasPrefix("start cam 1") } == true)
    }

    @Test func `make before break: a successor that dies before it has media leaves the old one capturing`() throws {
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: cam(.makeBeforeBreak, at: "b")), heard: false)
        driver.peers["b"]?.answers = nil
        driver.handle(.wake)
        driver.run(3100)
        driver.media("cam")
        driver.peers["b"]?.answers = .success(())
        driver.run(1100)
        let epoch = driver.record("cam").epoch
        try #require(driver.record("cam").holder == PeerID("a"))
        driver.tell("b") { $0.ready = readyForCam(epoch) }
        driver.tell("b") { peer in
            peer.records["cam"] = NodeDriver.running("b", Epoch(epoch.value + 1))
            peer.records["cam"]?.phase = .starting
        }
        _ = driver.take()
        driver.peers["b"]?.answers = nil
        driver.run(4000)
        let deeds = driver.take()
        #expect(!deeds.contains { if case .stop = $0 { true } else { false } }, "\(deeds)")
        #expect(driver.record("cam").holder == PeerID("a"))
        #expect(driver.record("cam").epoch > Epoch(epoch.value + 1))
    }
}
