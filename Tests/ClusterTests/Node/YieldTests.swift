// Losing a stream: newer claims, a server that stood still, isolation, and what a cut leaves behind.
import Testing

@testable import Cluster

@Suite struct YieldTests {
    /// `a` captures `cam`; `b` and `c` are well.
    private func holder() -> NodeDriver {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c"))
        driver.media("cam")
        driver.run(1000)
        _ = driver.take()
        return driver
    }

    @Test func `a newer claim of a living peer is obeyed`() {
        var driver = holder()
        driver.tell("b") { $0.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1)) }
        let reason = "b holds it with the newer epoch \(NodeDriver.epoch(1))"
        #expect(driver.take() == [.event(.streamYielded, "cam", reason), .stop("cam", reason)])
        driver.stopped("cam")
        driver.run(100)
        #expect(driver.node.stream(named: StreamName("cam"))?.runningOn == PeerID("b"))
        #expect(driver.record("cam").holder == PeerID("b"), "the yielding server does not write into the other's claim")
    }

    @Test func `an older claim changes nothing`() {
        var driver = holder()
        driver.tell("b") { $0.records["cam"] = NodeDriver.running("b", Epoch(1)) }
        #expect(driver.take() == [])
    }

    @Test func `a claim on a stream that its holder did not know when it was last heard itself counts`() {
        var driver = holder()
        // b's configuration lacks the stream; then only c hears b, and b is reloaded.
        driver.onlyStreams["b"] = []
        driver.tell("b") { $0.fingerprint = 1 }
        driver.peers["b"]?.answers = nil
        for _ in 0..<5 {
            driver.tell("c") { $0.heard = [.init(peer: PeerID("b"), instance: InstanceID(1), age: 100)] }
        }
        _ = driver.take()
        driver.tell("c") { peer in
            peer.heard = [.init(peer: PeerID("b"), instance: InstanceID(1), age: 100)]
            peer.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        }
        let reason = "b holds it with the newer epoch \(NodeDriver.epoch(1))"
        #expect(driver.take() == [.event(.streamYielded, "cam", reason), .stop("cam", reason)])
        // Heard itself, without the stream, it holds nothing.
        driver.stopped("cam")
        driver.peers["b"]?.answers = .success(())
        driver.tell("b") { _ in }
        driver.run(3000)
        #expect(driver.record("cam").holder == PeerID("a"), "\(driver.take())")
    }

    @Test func `a newer claim of a peer that is dead by now is void: the epoch rises and the capture goes on`() {
        var driver = holder()
        driver.peers["b"]?.answers = nil
        driver.run(4000)
        _ = driver.take()
        driver.tell("c") { $0.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(5)) }
        #expect(driver.take() == [.event(.streamTaken, "cam", "the newer claim of b is void")])
        #expect(driver.record("cam").epoch == NodeDriver.epoch(6))
        #expect(driver.record("cam").phase == .running)
    }

    @Test func `above a void claim the server where placement wants the stream claims first, and the capture goes on`()
    {
        let streams = [ClusterStream(name: StreamName("cam"), captureAt: PeerID("c"))]
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c", streams: streams), heard: false)
        for peer in ["b", "c"] { driver.peers[peer]?.isDraining = true }
        driver.handle(.wake)
        driver.media("cam")
        #expect(driver.record("cam").holder == PeerID("a"))
        _ = driver.take()
        // b took it in a life that is over.
        driver.peers["c"]?.isDraining = false
        driver.peers["c"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        driver.peers["c"]?.records["cam"]?.instance = InstanceID(7)
        driver.peers["c"]?.version += 1
        driver.run(600)
        #expect(driver.take() == [])
        guard case .here = driver.node.place(of: StreamName("cam")) else {
            Issue.record("\(driver.node.place(of: StreamName("cam")))")
            return
        }
        var other = driver
        driver.peers["c"]?.records["cam"] = NodeDriver.running("c", NodeDriver.epoch(2))
        driver.peers["c"]?.version += 1
        driver.run(200)
        let reason = "c holds it with the newer epoch \(NodeDriver.epoch(2))"
        #expect(driver.take() == [.event(.streamYielded, "cam", reason), .stop("cam", reason)])
        // It does not within fetch_timeout.
        other.run(600)
        #expect(other.take() == [.event(.streamTaken, "cam", "the newer claim of b is void")])
    }

    @Test func `a newer claim that was let go for a third is not claimed above while the third may be taking it`() {
        var driver = holder()
        driver.peers["c"]?.ready = [.init(stream: StreamName("cam"), epoch: NodeDriver.epoch(1))]
        driver.peers["b"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        driver.peers["b"]?.records["cam"]?.phase = .released
        driver.peers["b"]?.records["cam"]?.successor = PeerID("c")
        for peer in ["b", "c"] { driver.peers[peer]?.version += 1 }
        driver.run(600)
        #expect(driver.take() == [], "the capture goes on until c has claimed")
        var other = driver
        driver.peers["c"]?.ready = []
        driver.peers["c"]?.records["cam"] = NodeDriver.running("c", NodeDriver.epoch(2))
        driver.peers["c"]?.version += 1
        driver.run(200)
        let reason = "c holds it with the newer epoch \(NodeDriver.epoch(2))"
        #expect(driver.take() == [.event(.streamYielded, "cam", reason), .stop("cam", reason)])
        // c does not take it: the capture that goes on is claimed.
        other.run(600)
        #expect(other.take() == [.event(.streamTaken, "cam", "the newer claim of b is void")])
    }

    @Test func `a server that stood still claims nothing before the others have said what happened meanwhile`() {
        let settings = NodeDriver.settings("a", "b", "c") { $0.failback = .off }
        var driver = NodeDriver(settings, heard: false)
        driver.peers["b"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        driver.handle(.wake)
        driver.run(1000)
        _ = driver.take()
        driver.standStill(10_000)
        // Meanwhile b was started anew and c took the stream; c's word comes after b's.
        driver.peers["b"]?.instance = InstanceID(2)
        driver.peers["b"]?.records["cam"] = nil
        driver.peers["c"]?.answers = nil
        driver.handle(.wake)
        driver.run(300)
        #expect(driver.take() == [.event(.paused, "", "this server stood still for 10.0 s")])
        var other = driver
        driver.peers["c"]?.answers = .success(())
        driver.tell("c") { $0.records["cam"] = NodeDriver.running("c", NodeDriver.epoch(2)) }
        #expect(driver.take() == [])
        #expect(driver.node.stream(named: StreamName("cam"))?.runningOn == PeerID("c"))
        // c says nothing for fetch_timeout.
        other.run(900)
        #expect(other.take().first == .start("cam", NodeDriver.epoch(2), "peer b has restarted"))
    }

    @Test func `a server that stood still claims nothing that it captures before the others have said who has it now`()
    {
        var driver = holder()
        driver.standStill(10_000)
        // Meanwhile b took the stream and was started anew; c's word comes after b's.
        driver.peers["b"]?.instance = InstanceID(2)
        driver.peers["b"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        driver.peers["c"]?.answers = nil
        driver.handle(.wake)
        driver.run(300)
        #expect(driver.take() == [.event(.paused, "", "this server stood still for 10.0 s")])
        var other = driver
        driver.peers["c"]?.answers = .success(())
        driver.tell("c") { $0.records["cam"] = NodeDriver.running("c", NodeDriver.epoch(2)) }
        let reason = "c holds it with the newer epoch \(NodeDriver.epoch(2))"
        #expect(driver.take() == [.event(.streamYielded, "cam", reason), .stop("cam", reason)])
        // c says nothing for fetch_timeout.
        other.run(900)
        #expect(other.take() == [.event(.streamTaken, "cam", "the newer claim of b is void")])
    }

    @Test func `how long this server stood still is no round trip`() throws {
        var driver = holder()
        driver.peers["b"]?.answers = nil
        driver.run(1400)
        let late = try #require(driver.takeRequests().last { $0.peer == PeerID("b") })
        driver.run(500)
        driver.standStill(1600)
        driver.answerNow(late)
        #expect(driver.take().first == .event(.paused, "", "this server stood still for 1.6 s"))
        let b = driver.node.snapshot().peers.first { $0.id == PeerID("b") }
        #expect(b?.lastHeard == .zero && b?.roundTrip == .zero)
    }

    @Test func `over a long way a server that stood still waits longer for the word of the others`() throws {
        let settings = NodeDriver.settings("a", "b", "c") { $0.failback = .off }
        var driver = NodeDriver(settings, heard: false)
        driver.peers["b"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        driver.handle(.wake)
        driver.peers["b"]?.answers = nil
        driver.run(100)
        let slow = try #require(driver.takeRequests().last { $0.peer == PeerID("b") })
        driver.run(400)
        driver.answerNow(slow)
        driver.run(100)
        _ = driver.take()
        // b was started anew, as c says.
        driver.standStill(2000)
        driver.peers["c"]?.heard = [.init(peer: PeerID("b"), instance: InstanceID(2), age: 10)]
        driver.handle(.wake)
        driver.run(1700)
        #expect(driver.take() == [.event(.paused, "", "this server stood still for 2.0 s")])
        driver.run(400)
        #expect(driver.take().first == .start("cam", NodeDriver.epoch(2), "peer b has restarted"))
    }

    @Test func `a server that stood still says so, believes nobody dead for it, and yields what was taken`() {
        var driver = holder()
        driver.standStill(10_000)
        driver.peers["b"]?.answers = nil
        driver.peers["c"]?.answers = nil
        driver.handle(.wake)
        #expect(driver.take() == [.event(.paused, "", "this server stood still for 10.0 s")])
        driver.run(1000)
        #expect(driver.take() == [])
        driver.peers["b"]?.answers = .success(())
        driver.peers["c"]?.answers = .success(())
        driver.tell("b") { $0.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1)) }
        let reason = "b holds it with the newer epoch \(NodeDriver.epoch(1))"
        #expect(driver.take() == [.event(.streamYielded, "cam", reason), .stop("cam", reason)])
    }

    @Test func `a server that stood still yields even to a claim that was made in isolation`() {
        var driver = holder()
        driver.standStill(10_000)
        driver.handle(.wake)
        driver.tell("b") { $0.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1), isIsolated: true) }
        let reason = "b holds it with the newer epoch \(NodeDriver.epoch(1))"
        #expect(driver.take().suffix(2) == [.event(.streamYielded, "cam", reason), .stop("cam", reason)])
    }

    @Test func `a lone server that comes back does not pull the streams of the others to itself`() {
        var driver = holder()
        driver.tell("b") { $0.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1), isIsolated: true) }
        #expect(driver.take() == [.event(.streamTaken, "cam", "b took it while it was cut off")])
        #expect(driver.record("cam").epoch == NodeDriver.epoch(2))
        #expect(driver.record("cam").holder == PeerID("a"))
    }

    @Test func `playlist numbers outlive the claim of a server that knew none`() {
        var driver = holder()
        let told = Continuation(
            sourceTicks: 1, utcTicks: 2, mediaSequence: 70, sequenceTicks: 900_000, discontinuitySequence: 3)
        driver.handle(.continuationChanged(StreamName("cam"), told))
        #expect(driver.record("cam").continuation == told)
        driver.tell("b") { $0.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1), isIsolated: true) }
        #expect(driver.record("cam").holder == PeerID("a"))
        #expect(driver.record("cam").continuation == told)
        // And of one that began anew: later numbers, but discontinuities are never fewer.
        let anew = Continuation(
            sourceTicks: 1, utcTicks: 2, mediaSequence: 80, sequenceTicks: 990_000, discontinuitySequence: 0)
        driver.tell("b") { peer in
            peer.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(9))
            peer.records["cam"]?.continuation = anew
        }
        driver.stopped("cam")
        driver.peers["b"]?.answers = nil
        driver.run(4000)
        #expect(driver.record("cam").holder == PeerID("a"))
        var both = anew
        both.discontinuitySequence = 3
        #expect(driver.record("cam").continuation == both)
    }

    @Test func `silence of all at once is isolation; the captures go on and others' streams are taken`() {
        let streams = [
            ClusterStream(name: StreamName("cam"), captureAt: PeerID("a")),
            ClusterStream(name: StreamName("gate"), captureAt: PeerID("b")),
        ]
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c", streams: streams))
        driver.media("cam")
        driver.tell("b") { $0.records["gate"] = NodeDriver.running("b", NodeDriver.epoch(3)) }
        _ = driver.take()
        driver.peers["b"]?.answers = nil
        driver.peers["c"]?.answers = nil
        driver.run(3500)
        var deeds = driver.take()
        #expect(
            deeds.contains(
                .event(.isolated, "", "all 2 other peers fell silent at once: this server is probably cut off")))
        #expect(!deeds.contains { if case .stop = $0 { true } else { false } }, "its own stream goes on")
        #expect(driver.record("gate").isIsolated || driver.record("gate").holder != PeerID("a"))
        driver.peers["b"]?.answers = .success(())
        driver.run(1100)
        deeds = driver.take()
        #expect(deeds.contains(.event(.isolationEnded, "", "other peers are heard again")))
    }

    @Test func `peers that go one after the other leave no isolation`() {
        var driver = holder()
        driver.peers["b"]?.answers = nil
        driver.run(8000)
        driver.peers["c"]?.answers = nil
        driver.run(5000)
        #expect(!driver.take().contains { if case .event(.isolated, _, _) = $0 { true } else { false } })
        #expect(!driver.node.snapshot().isIsolated)
    }

    @Test func `the word of another peer keeps a silent one alive, but only as long as it is fresh`() {
        var driver = holder()
        driver.peers["b"]?.answers = nil
        for _ in 0..<10 {
            driver.peers["c"]?.heard = [.init(peer: PeerID("b"), instance: InstanceID(1), age: 100)]
            driver.run(500)
        }
        #expect(driver.take() == [])
        #expect(driver.node.snapshot().peers.first { $0.id == PeerID("b") }?.state == .indirect)
        // A cut in one direction shows only if what is known through others is no hearing.
        #expect(driver.node.snapshot().peers.first { $0.id == PeerID("a") }?.hears == [PeerID("c")])
        #expect(driver.node.snapshot().peers.first { $0.id == PeerID("c") }?.hears == [PeerID("b")])
        driver.peers["c"]?.heard = [
            .init(peer: PeerID("b"), instance: InstanceID(1), age: 100, through: PeerID("d"))
        ]
        driver.run(500)
        #expect(driver.node.snapshot().peers.first { $0.id == PeerID("c") }?.hears == [])
        driver.peers["c"]?.heard = [.init(peer: PeerID("b"), instance: InstanceID(1), age: 60_000)]
        driver.run(3100)
        #expect(driver.take().contains { if case .event(.peerLost, "b", _) = $0 { true } else { false } })
    }
}
