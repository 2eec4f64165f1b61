// A reload while streams run: what did not change does not blink, and never two captures of one stream.
import Testing

@testable import Cluster

@Suite struct ReloadTests {
    private func streams(_ names: String...) -> [ClusterStream] {
        names.map { ClusterStream(name: StreamName($0), captureAt: PeerID("a")) }
    }

    private func driver(_ names: String...) -> NodeDriver {
        var driver = NodeDriver(
            NodeDriver.settings(
                "a", "b", streams: names.map { ClusterStream(name: StreamName($0), captureAt: PeerID("a")) }))
        for name in names { driver.media(name) }
        driver.run(100)
        _ = driver.take()
        return driver
    }

    @Test func `the same settings again do nothing`() {
        var driver = driver("one", "two")
        let epoch = driver.record("one").epoch
        driver.handle(.settingsChanged(driver.node.settings))
        driver.run(5000)
        #expect(driver.take() == [])
        #expect(driver.record("one").epoch == epoch)
    }

    @Test func `one stream is removed, one added, and the third goes on with its claim`() {
        var driver = driver("one", "two")
        let epoch = driver.record("two").epoch
        driver.handle(.settingsChanged(NodeDriver.settings("a", "b", streams: streams("three", "two"))))
        #expect(
            driver.take().sorted()
                == [
                    .stop("one", "removed from the configuration"),
                    .start("three", NodeDriver.epoch(1), "first start; capture_at=a"),
                    .event(.streamTaken, "three", "first start; capture_at=a"),
                ].sorted())
        #expect(driver.record("two").epoch == epoch)
        driver.stopped("one")
        driver.run(5000)
        #expect(driver.take() == [])
    }

    /// The others were reloaded before, and one of them stands in.
    @Test func `a stream that is new here and runs elsewhere already is not started beside it`() {
        var driver = driver("one")
        driver.peers["b"]?.records["two"] = NodeDriver.running("b", NodeDriver.epoch(5))
        driver.handle(.settingsChanged(NodeDriver.settings("a", "b", streams: streams("one", "two"))))
        driver.run(100)
        #expect(driver.take() == [])
        #expect(driver.record("two").holder == PeerID("b"))
    }

    @Test func `a stream that is new here does not wait for a peer that says nothing`() {
        var driver = driver("one")
        driver.peers["b"]?.answers = nil
        driver.handle(.settingsChanged(NodeDriver.settings("a", "b", streams: streams("one", "two"))))
        #expect(driver.take() == [])
        driver.run(driver.node.settings.peers[0].fetchTimeout.milliseconds)
        #expect(driver.take().first == .start("two", NodeDriver.epoch(0), "first start; capture_at=a"))
    }

    @Test func `what a peer was asked for before the reload says nothing of a stream that is new here`() throws {
        var driver = driver("one")
        driver.peers["b"]?.answers = nil
        driver.peers["b"]?.instance = InstanceID(2)
        driver.run(1300)
        let before = try #require(driver.takeRequests().last)
        driver.run(10)
        driver.handle(.settingsChanged(NodeDriver.settings("a", "b", streams: streams("one", "two"))))
        driver.answerNow(before)
        driver.run(300)
        #expect(driver.take() == [], "b may have taken it since")
        driver.peers["b"]?.answers = .success(())
        driver.peers["b"]?.records["two"] = NodeDriver.running("b", NodeDriver.epoch(5))
        driver.peers["b"]?.records["two"]?.instance = InstanceID(2)
        driver.peers["b"]?.version += 1
        driver.run(600)
        #expect(driver.take() == [])
        #expect(driver.record("two").holder == PeerID("b"))
    }

    @Test
    func `a peer that asks for everything was reloaded: what it was asked for before says nothing of its streams`()
        throws
    {
        let home = [ClusterStream(name: StreamName("gate"), captureAt: PeerID("b"))]
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: home))
        driver.run(100)
        let known = driver.node.report(since: .nothing, held: .zero)
        func ask(_ known: KnownVersion, _ ticket: UInt64) {
            driver.handle(.pollReceived(PollTicket(ticket), from: PeerID("b"), known: known, hold: .zero))
        }
        ask(KnownVersion(instance: known.instance, version: known.version), 1)
        driver.peers["b"]?.answers = nil
        driver.peers["b"]?.instance = InstanceID(2)
        driver.onlyStreams["b"] = []
        driver.peers["b"]?.fingerprint = 1
        driver.run(1200)
        let before = try #require(driver.takeRequests().last)
        driver.run(10)
        ask(.nothing, 2)
        driver.answerNow(before)
        driver.run(100)
        #expect(!driver.take().contains { "\($0)".hasPrefix("start") }, "b takes it")
        // Asked again it still does not know the stream, although it asks for everything once more.
        let later = try #require(driver.takeRequests().last)
        ask(.nothing, 3)
        driver.answerNow(later)
        #expect(driver.take().first == .start("gate", NodeDriver.epoch(0), "first start; a stands in for b"))
    }

    @Test func `while one that is silent may have a stream that is new here nobody adopts it`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c", streams: streams("one")))
        driver.tell("b") { $0.fingerprint = 1 }
        driver.peers["c"]?.answers = nil
        _ = driver.take()
        let new = streams("one") + [ClusterStream(name: StreamName("new"), captureAt: PeerID("b"))]
        driver.handle(.settingsChanged(NodeDriver.settings("a", "b", "c", streams: new)))
        driver.run(1100)
        #expect(driver.take() == [], "b waits for c's word as well")
        driver.run(1000)
        let reason = "nobody took it while the servers' configurations differ"
        #expect(
            driver.take().suffix(2) == [
                .start("new", NodeDriver.epoch(0), reason), .event(.streamTaken, "new", reason),
            ])
    }

    @Test func `a stream that comes back while its old capture is still ending starts after that end`() {
        var driver = driver("one")
        driver.handle(.settingsChanged(NodeDriver.settings("a", "b", streams: streams())))
        #expect(driver.take() == [.stop("one", "removed from the configuration")])
        driver.handle(.settingsChanged(NodeDriver.settings("a", "b", streams: streams("one"))))
        driver.run(2000)
        #expect(driver.take() == [], "the old capture has not ended")
        driver.stopped("one")
        driver.run(100)
        let starts = driver.take().filter { if case .start = $0 { true } else { false } }
        #expect(starts.count == 1)
    }

    @Test func `a stream that left and came back is claimed above its old epoch`() {
        var driver = driver("one")
        driver.handle(.settingsChanged(NodeDriver.settings("a", "b", streams: streams())))
        driver.stopped("one")
        _ = driver.take()
        driver.handle(.settingsChanged(NodeDriver.settings("a", "b", streams: streams("one"))))
        driver.run(100)
        #expect(driver.take().first == .start("one", NodeDriver.epoch(1), "first start; capture_at=a"))
    }

    @Test func `a claim of this life that was forgotten with its stream holds nothing when another tells of it`() {
        var ghost = NodeDriver.running("a", NodeDriver.epoch(9))
        ghost.instance = InstanceID(99)
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: streams("one")), heard: false)
        driver.peers["b"]?.records["one"] = ghost
        driver.handle(.wake)
        #expect(driver.take().first == .start("one", NodeDriver.epoch(10), "handed over by a"))
    }

    @Test func `another capture_at moves the stream in good order`() {
        var driver = driver("one")
        let moved = [ClusterStream(name: StreamName("one"), captureAt: PeerID("b"))]
        driver.handle(.settingsChanged(NodeDriver.settings("a", "b", streams: moved)))
        driver.run(3000)
        #expect(driver.take() == [], "b has not asked for it")
        driver.tell("b") { $0.ready = [.init(stream: StreamName("one"), epoch: NodeDriver.epoch(0))] }
        #expect(driver.take().last == .stop("one", "handed over to b: capture_at=b"))
    }

    @Test func `a peer that leaves the configuration holds nothing any more`() {
        let gate = [ClusterStream(name: StreamName("gate"))]
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c", streams: gate))
        driver.tell("c") { $0.records["gate"] = NodeDriver.running("c", NodeDriver.epoch(9)) }
        _ = driver.take()
        driver.stopped("gate")
        driver.handle(.settingsChanged(NodeDriver.settings("a", streams: gate)))
        driver.run(100)
        let reason = "peer c is no longer in the configuration"
        #expect(
            driver.take().suffix(2) == [
                .start("gate", NodeDriver.epoch(10), reason), .event(.streamTaken, "gate", reason),
            ])
    }

    @Test func `a new stale_timeout counts from the last proof of life`() {
        var driver = driver("one")
        driver.peers["b"]?.answers = nil
        driver.run(2000)
        var settings = driver.node.settings
        for index in settings.peers.indices { settings.peers[index].staleTimeout = .seconds(10) }
        driver.handle(.settingsChanged(settings))
        driver.run(6000)
        #expect(driver.take() == [])
        driver.run(2500)
        #expect(driver.take().contains { if case .event(.peerLost, "b", _) = $0 { true } else { false } })
    }
}
