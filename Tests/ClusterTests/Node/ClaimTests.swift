// Who claims what, when, with which epoch: joining, death, restart, capture_at of a dead peer, limits.
import Testing

@testable import Cluster

@Suite struct ClaimTests {
    @Test func `nothing is claimed before every peer was heard`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c"), heard: false)
        driver.peers["b"]?.isJoining = true
        driver.peers["c"]?.answers = nil
        driver.handle(.wake)
        driver.run(2900)
        #expect(driver.take() == [])
        // c may just be slow; its stale_timeout ends the wait.
        driver.run(200)
        #expect(
            driver.take() == [
                .event(.peerLost, "c", "peer c not heard since this server started 3.0 s ago (no answer in time)"),
                .start("cam", NodeDriver.epoch(0), "first start; capture_at=a"),
                .event(.streamTaken, "cam", "first start; capture_at=a"),
            ])
    }

    @Test func `while one absent peer's time is over and another's is not, the wait has its rests`() {
        let settings = NodeDriver.settings("a", "b", "c") { $0.peers[2].staleTimeout = .seconds(20) }
        var driver = NodeDriver(settings, heard: false)
        for peer in ["b", "c"] { driver.peers[peer]?.answers = nil }
        driver.handle(.wake)
        driver.run(3100)
        let before = driver.wakes
        driver.run(10_000)
        #expect(driver.take() == [], "c is still waited for")
        #expect(driver.wakes - before < 200, "\(driver.wakes - before) wakes in ten seconds")
    }

    @Test func `a server that stood still while it joined joins anew`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c"), heard: false)
        driver.peers["b"]?.isJoining = true
        driver.peers["c"]?.answers = nil
        driver.handle(.wake)
        driver.run(1000)
        driver.peers["b"]?.answers = nil
        driver.standStill(10_000)
        driver.handle(.wake)
        driver.run(2000)
        #expect(driver.take() == [.event(.paused, "", "this server stood still for 10.0 s")])
        driver.peers["b"]?.answers = .success(())
        driver.tell("b") { peer in
            peer.isJoining = false
            peer.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
        }
        #expect(!driver.take().contains { "\($0)".hasPrefix("start") })
        #expect(driver.record("cam").holder == PeerID("b"))
    }

    @Test func `a peer that is through with joining vouches for the others' claims`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c"), heard: false)
        driver.peers["b"]?.answers = nil
        driver.peers["c"]?.isJoining = true
        driver.handle(.wake)
        driver.run(1000)
        #expect(driver.take() == [])
        driver.tell("c") { $0.isJoining = false }
        #expect(driver.take().contains(.start("cam", NodeDriver.epoch(0), "first start; capture_at=a")))
    }

    @Test func `a peer that lives, as another says, has fetch_timeout to speak for itself`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c"), heard: false)
        driver.peers["b"]?.answers = nil
        driver.peers["c"]?.heard = [.init(peer: PeerID("b"), instance: InstanceID(1), age: 10)]
        driver.handle(.wake)
        driver.run(400)
        #expect(driver.take() == [])
        var other = driver
        driver.peers["b"]?.answers = .success(())
        driver.tell("b") { $0.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(4)) }
        #expect(driver.take() == [])
        #expect(driver.node.stream(named: StreamName("cam"))?.runningOn == PeerID("b"))
        // It says nothing.
        other.run(550)
        #expect(other.take() == [])
        other.run(100)
        #expect(other.take().first == .start("cam", NodeDriver.epoch(0), "first start; capture_at=a"))
    }

    @Test func `a stream that runs elsewhere is not started, whoever tells of it`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c"), heard: false)
        driver.peers["b"]?.answers = nil
        driver.peers["c"]?.heard = [.init(peer: PeerID("b"), instance: InstanceID(1), age: 10)]
        driver.peers["c"]?.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(4))
        driver.handle(.wake)
        driver.run(2000)
        #expect(driver.take() == [])
        #expect(driver.node.stream(named: StreamName("cam"))?.runningOn == PeerID("b"))
    }

    @Test func `the dead peer's stream is claimed above its epoch, with the silence as the reason`() {
        let streams = [ClusterStream(name: StreamName("cam"), captureAt: PeerID("b"))]
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: streams))
        driver.tell("b") { $0.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(41)) }
        #expect(driver.take() == [])
        driver.peers["b"]?.answers = .failure(.refused)
        driver.run(2900)
        #expect(driver.take() == [])
        driver.run(300)
        let reason = "peer b silent for 3.0 s (connection refused)"
        #expect(
            driver.take() == [
                .event(.peerLost, "b", reason),
                .event(
                    .isolated, "", "the other peer is silent: either it is gone or this server is cut off"),
                .start("cam", NodeDriver.epoch(42), reason), .event(.streamTaken, "cam", reason),
            ])
        #expect(driver.record("cam").isIsolated)
    }

    @Test func `a claim of this peer's earlier life holds nothing, and the next epoch is above it`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"), heard: false)
        var old = NodeDriver.running("a", NodeDriver.epoch(7))
        old.instance = InstanceID(98)
        driver.peers["b"]?.records["cam"] = old
        driver.handle(.wake)
        #expect(
            driver.take() == [
                .start("cam", NodeDriver.epoch(8), "this server has restarted"),
                .event(.streamTaken, "cam", "this server has restarted"),
            ])
    }

    @Test func `an epoch rises above every epoch seen, also when this server's clock was set back`() {
        #expect(Epoch.following(.none, startedAt: WallTime(milliseconds: 5000)) == Epoch(5000 << 11))
        #expect(
            Epoch.following(Epoch(9000 << 11 + 3), startedAt: WallTime(milliseconds: 5000)) == Epoch(9000 << 11 + 4))
        #expect(Epoch.following(Epoch(5), startedAt: WallTime(milliseconds: -1)) == Epoch(6))
        #expect(Epoch.following(.none, startedAt: WallTime(milliseconds: .max)).value < 1 << 53)
    }

    @Test func `of two claims the higher epoch is right, then the later name, then the later revision`() {
        let low = NodeDriver.running("c", Epoch(5))
        let high = NodeDriver.running("b", Epoch(6))
        #expect(high.supersedes(low) && !low.supersedes(high))
        let twin = NodeDriver.running("b", Epoch(5))
        #expect(low.supersedes(twin) && !twin.supersedes(low))
        var later = low
        later.revision = 1
        #expect(later.supersedes(low) && !low.supersedes(later) && !low.supersedes(low))
    }

    @Test func `capture_at of a dead peer is passed over`() {
        let streams = [ClusterStream(name: StreamName("cam"), captureAt: PeerID("b"))]
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: streams), heard: false)
        driver.peers["b"]?.answers = nil
        driver.handle(.wake)
        driver.run(3100)
        #expect(driver.take().contains(.start("cam", NodeDriver.epoch(0), "first start; a stands in for b")))
        // Back again, it says that it is ready for its stream and gets it.
        driver.media("cam")
        driver.peers["b"]?.answers = .success(())
        driver.run(1100)
        _ = driver.take()
        driver.tell("b") { $0.ready = [.init(stream: StreamName("cam"), epoch: NodeDriver.epoch(0))] }
        #expect(
            driver.take() == [
                .event(.streamYielded, "cam", "handed over to b: capture_at=b"),
                .stop("cam", "handed over to b: capture_at=b"),
            ])
        #expect(driver.record("cam").phase == .running, "it is let go when the capture has ended, not before")
        driver.stopped("cam")
        #expect(driver.record("cam").phase == .released)
        #expect(driver.record("cam").successor == PeerID("b"))
        driver.run(10_000)
        #expect(driver.take() == [])
    }

    @Test func `what is over the hard limit of every usable peer is unplaced and says why`() {
        let streams = ["cam1", "cam2", "cam3"].map { ClusterStream(name: StreamName($0)) }
        var driver = NodeDriver(
            NodeDriver.settings("a", "b", streams: streams) { settings in
                settings.peers[0].channelLimit = 1
                settings.peers[1].channelLimit = 1
            })
        let deeds = driver.take()
        let starts = deeds.filter { if case .start = $0 { true } else { false } }
        #expect(starts.count == 1)
        for stream in streams { driver.media(stream.name.text) }
        let unplaced = deeds.compactMap { deed -> String? in
            if case .event(.streamUnplaced, let stream, let reason) = deed { "\(stream): \(reason)" } else { nil }
        }
        #expect(unplaced.count == 1)
        #expect(unplaced.first?.hasSuffix("every usable peer is at its channel_limit") == true)
        // Said once, and again only after it had a place in between.
        driver.run(30_000)
        #expect(driver.take() == [])
        // Room in b: it takes the stream.
        driver.handle(
            .settingsChanged(
                NodeDriver.settings("a", "b", streams: streams) { $0.peers[1].channelLimit = 1 }))
        #expect(driver.take().filter { if case .start = $0 { true } else { false } }.count == 1)
    }
}
