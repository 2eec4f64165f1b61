// Other keys, other versions, other sets of streams; what a poll asks and what its answer holds.
import Testing

@testable import Cluster

@Suite struct PeerStateTests {
    private func state(_ driver: NodeDriver, _ peer: String) -> ClusterSnapshot.PeerState? {
        driver.node.snapshot().peers.first { $0.id == PeerID(peer) }?.state
    }

    @Test func `a peer with another key is shown as such, loses its streams, and is not called dead before its time`() {
        let streams = [ClusterStream(name: StreamName("cam"), captureAt: PeerID("b"))]
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c", streams: streams))
        driver.tell("b") { $0.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1)) }
        _ = driver.take()
        driver.peers["b"]?.answers = .failure(.otherKey("it has another cluster_key"))
        driver.run(1000)
        #expect(driver.take() == [.event(.peerMismatch, "b", "it has another cluster_key")])
        #expect(state(driver, "b") == .otherKey)
        #expect(driver.node.stream(named: StreamName("cam"))?.runningOn == PeerID("b"), "it still captures it")
        driver.run(3000)
        let deeds = driver.take()
        #expect(deeds.contains { if case .event(.peerLost, "b", _) = $0 { true } else { false } })
        #expect(state(driver, "b") == .otherKey, "shown as such, not as dead")
    }

    @Test func `a draining peer that only another one hears is given nothing`() {
        let streams = [ClusterStream(name: StreamName("cam"), captureAt: PeerID("b"))]
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c", streams: streams))
        driver.peers["b"]?.answers = nil
        for isDraining in [nil, true, nil] as [Bool?] {
            // Longer than b's own last words count.
            for _ in 0..<5 {
                driver.tell("c") {
                    $0.heard = [.init(peer: PeerID("b"), instance: InstanceID(1), age: 0, isDraining: isDraining)]
                }
            }
            let owner = driver.node.stream(named: StreamName("cam"))?.owner
            #expect((owner == PeerID("b")) == (isDraining == nil), "\(isDraining as Any): \(owner as Any)")
        }
    }

    @Test func `a peer with another version of the protocol is shown as such and is given nothing`() {
        let streams = [ClusterStream(name: StreamName("cam"), captureAt: PeerID("b"))]
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: streams), heard: false)
        driver.peers["b"]?.protocolVersion = 7
        driver.handle(.wake)
        #expect(driver.take() == [.event(.peerMismatch, "b", "speaks version 7 of the protocol")])
        driver.run(3100)
        #expect(state(driver, "b") == .otherProtocol)
        #expect(driver.take().contains(.start("cam", NodeDriver.epoch(0), "first start; a stands in for b")))
    }

    @Test func `a peer with another set of streams takes part with those it knows`() {
        var driver = NodeDriver(
            NodeDriver.settings(
                "a", "b",
                streams: [
                    ClusterStream(name: StreamName("cam"), captureAt: PeerID("b")),
                    ClusterStream(name: StreamName("gate"), captureAt: PeerID("b")),
                ]))
        driver.tell("b") { peer in
            peer.records["cam"] = NodeDriver.running("b", NodeDriver.epoch(1))
            peer.records["gate"] = NodeDriver.running("b", NodeDriver.epoch(1))
        }
        _ = driver.take()
        // b was reloaded and does not know `gate` any more.
        driver.onlyStreams["b"] = ["cam"]
        driver.tell("b") { peer in
            peer.fingerprint = 1
            peer.records["gate"] = nil
        }
        driver.run(1000)
        let reason = "peer b does not know it any more"
        #expect(
            driver.take() == [
                .event(.peerMismatch, "b", "peer b has another set of streams or peers in its configuration"),
                .start("gate", NodeDriver.epoch(2), reason), .event(.streamTaken, "gate", reason),
            ])
        #expect(state(driver, "b") == .otherStreamSet)
    }

    @Test func `a stream that only a draining server knows runs there until another knows it too`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: [ClusterStream(name: StreamName("cam"))]))
        driver.onlyStreams["b"] = []
        driver.tell("b") { $0.fingerprint = 1 }
        driver.handle(.drainRequested)
        driver.run(3000)
        _ = driver.take()
        #expect(driver.record("cam").holder == PeerID("a") && driver.record("cam").phase.holds)
        #expect(driver.node.stream(named: StreamName("cam"))?.owner == PeerID("a"), "better here than nowhere")
        // The same for a server that is drained before it learns of the stream.
        var late = NodeDriver(NodeDriver.settings("a", "b", streams: []))
        late.onlyStreams["b"] = []
        late.handle(.drainRequested)
        late.handle(.settingsChanged(NodeDriver.settings("a", "b", streams: [ClusterStream(name: StreamName("new"))])))
        late.tell("b") { $0.fingerprint = 1 }
        late.run(1000)
        #expect(late.record("new").holder == PeerID("a"), "\(late.take())")
        // b is reloaded as well: it is asked to take the stream.
        late.onlyStreams["b"] = nil
        late.tell("b") { $0.fingerprint = nil }
        #expect(late.node.stream(named: StreamName("new"))?.owner == PeerID("b"))
    }

    @Test func `a refused connection is evidence, not proof: nothing moves before stale_timeout`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        _ = driver.take()
        driver.peers["b"]?.answers = .failure(.refused)
        driver.run(2300)
        #expect(driver.take() == [])
        #expect(state(driver, "b") == .suspect)
        driver.peers["b"]?.answers = .success(())
        driver.run(1000)
        #expect(driver.take() == [])
        #expect(state(driver, "b") == .alive)
    }

    @Test func `an answer that comes after its time is a proof of life all the same`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.run(100)
        driver.peers["b"]?.answers = nil
        _ = driver.takeRequests()
        driver.run(1300)
        guard let slow = driver.takeRequests().first else { return }
        #expect(slow.timeout == .milliseconds(2250), "the shell waits longer than the machine")
        driver.run(1000)
        #expect(state(driver, "b") == .suspect)
        driver.answerNow(slow)
        #expect(state(driver, "b") == .alive)
        // Once only, and an older one than this tells nothing new.
        driver.run(2900)
        #expect(state(driver, "b") == .suspect)
        driver.answerNow(slow)
        #expect(state(driver, "b") == .suspect)
    }

    @Test func `a peer that failed and asks us is asked at once`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.peers["b"]?.answers = .failure(.refused)
        driver.run(10_000)
        _ = driver.takeRequests()
        driver.peers["b"]?.answers = .success(())
        driver.handle(.pollReceived(PollTicket(1), from: PeerID("b"), known: .nothing, hold: .zero))
        #expect(driver.takeRequests().first?.peer == PeerID("b"))
        #expect(state(driver, "b") == .alive)
    }

    @Test func `a first poll wants its answer at once, later ones may wait for a change`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.run(500)
        let requests = driver.takeRequests()
        #expect(requests.first?.hold == .zero)
        #expect(requests.first?.known == .nothing)
        #expect(requests.dropFirst().allSatisfy { $0.hold == .seconds(1) && $0.timeout > $0.hold })
        #expect(requests.last?.known == KnownVersion(instance: InstanceID(1), version: 1))
        // A restarted peer is asked for everything.
        driver.tell("b") { $0.instance = InstanceID(2) }
        #expect(driver.takeRequests().last?.known.instance == InstanceID(2))
    }

    @Test func `while a peer does not answer, the others are asked for their word of it more often`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b", "c"))
        driver.run(500)
        _ = driver.takeRequests()
        driver.peers["b"]?.answers = nil
        driver.run(2500)
        let holds = driver.takeRequests().filter { $0.peer == PeerID("c") }.map(\.hold)
        #expect(holds.last == .milliseconds(250), "\(holds)")
        // It is dead: nobody's word is waited for any more.
        driver.run(2000)
        _ = driver.takeRequests()
        driver.run(2000)
        #expect(driver.takeRequests().filter { $0.peer == PeerID("c") }.allSatisfy { $0.hold == .seconds(1) })
    }

    @Test func `after failures polls follow faster than fetch_timeout, then once in fetch_timeout`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.run(200)
        driver.peers["b"]?.answers = .failure(.refused)
        _ = driver.takeRequests()
        driver.run(10_000)
        let count = driver.takeRequests().count
        #expect((8...16).contains(count), "\(count) polls in ten seconds")
    }

    @Test func `of 2000 streams an answer holds only what has changed since the asker's version`() {
        let streams = (1...2000).map { ClusterStream(name: StreamName("cam\($0)")) }
        var driver = NodeDriver(NodeDriver.settings("a", "b", streams: streams))
        let whole = driver.node.report(since: .nothing, held: .zero)
        #expect(whole.records.count == 2000)
        let known = KnownVersion(instance: whole.instance, version: whole.version)
        #expect(driver.node.report(since: known, held: .zero).records.isEmpty)
        let mine = streams.first { driver.record($0.name.text).holder == PeerID("a") }
        driver.media(mine?.name.text ?? "")
        #expect(driver.node.report(since: known, held: .zero).records.map(\.stream) == [mine?.name])
        // Another life's version means nothing here.
        let other = KnownVersion(instance: InstanceID(5), version: whole.version)
        #expect(driver.node.report(since: other, held: .zero).records.count == 2000)
        let future = KnownVersion(instance: whole.instance, version: whole.version + 1000)
        #expect(driver.node.report(since: future, held: .zero).records.count == 2000)
    }

    @Test func `a waiting poll is answered at once when a stream changes hands, else when its time is over`() {
        var driver = NodeDriver(NodeDriver.settings("a", "b"))
        driver.media("cam")
        driver.run(100)
        let known = driver.node.report(since: .nothing, held: .zero)
        let version = KnownVersion(instance: known.instance, version: known.version)
        driver.handle(.pollReceived(PollTicket(1), from: PeerID("b"), known: version, hold: .seconds(1)))
        driver.run(900)
        #expect(driver.answers.isEmpty)
        driver.run(200)
        #expect(driver.answers.map(\.ticket) == [PollTicket(1)])
        #expect(driver.answers.last?.report.held == 1000)
        driver.handle(.pollReceived(PollTicket(2), from: PeerID("b"), known: version, hold: .seconds(1)))
        driver.noMedia("cam", "lost")
        #expect(driver.answers.map(\.ticket) == [PollTicket(1), PollTicket(2)])
        // One that has gone away is not answered.
        let later = KnownVersion(instance: known.instance, version: known.version + 50)
        driver.handle(.pollReceived(PollTicket(3), from: PeerID("b"), known: later, hold: .seconds(1)))
        driver.handle(.pollAbandoned(PollTicket(3)))
        driver.run(2000)
        #expect(driver.answers.count == 2)
    }
}
