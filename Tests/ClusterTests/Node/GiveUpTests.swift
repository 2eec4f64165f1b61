// A stream whose inputs give nothing here: given up, asked for again later, retried with back-off.
import Testing

@testable import Cluster

@Suite struct GiveUpTests {
    private func settings() -> ClusterSettings {
        var settings = NodeDriver.settings("a", "b")
        settings.giveUpAfter = .seconds(5)
        settings.giveUpRetry = .seconds(60)
        return settings
    }

    @Test func `an owner without media gives the stream up, says why, and another takes it`() {
        var driver = NodeDriver(settings())
        driver.media("cam")
        _ = driver.take()
        driver.noMedia("cam", "no route to host")
        #expect(driver.record("cam").phase == .failing)
        driver.run(4900)
        #expect(driver.take() == [])
        driver.run(200)
        #expect(
            driver.take() == [
                .event(.streamGivenUp, "cam", "given up here: no route to host"),
                .stop("cam", "given up here: no route to host"),
            ])
        driver.stopped("cam")
        #expect(driver.record("cam").phase == .gaveUp)
        #expect(driver.record("cam").givenUp == [GivenUp(peer: PeerID("a"), times: 1, isActive: true)])
        #expect(driver.record("cam").reason == "no route to host")
        #expect(driver.node.stream(named: StreamName("cam"))?.owner == PeerID("b"))
        driver.run(10_000)
        #expect(driver.take() == [])
    }

    @Test func `time in which this server stood still does not count`() {
        var driver = NodeDriver(settings())
        driver.media("cam")
        driver.noMedia("cam", "lost")
        driver.run(1000)
        _ = driver.take()
        driver.standStill(20_000)
        driver.handle(.wake)
        driver.run(3900)
        let deeds = driver.take()
        #expect(deeds.contains { "\($0)".hasPrefix("paused") })
        #expect(!deeds.contains { "\($0)".hasPrefix("stream_given_up") }, "\(deeds)")
        driver.run(200)
        #expect(driver.take().contains(.event(.streamGivenUp, "cam", "given up here: lost")))
    }

    @Test func `media in time ends the count`() {
        var driver = NodeDriver(settings())
        driver.media("cam")
        driver.noMedia("cam", "lost")
        driver.run(4000)
        driver.media("cam")
        driver.noMedia("cam", "lost")
        driver.run(4900)
        driver.media("cam")
        _ = driver.take()
        driver.run(10_000)
        #expect(driver.take() == [])
    }

    @Test func `without another that may reach the source there is no giving up`() {
        var driver = NodeDriver(settings())
        driver.tell("b") { $0.isDraining = true }
        driver.noMedia("cam", "lost")
        _ = driver.take()
        driver.run(30_000)
        #expect(driver.take() == [])
        driver.tell("b") { $0.isDraining = false }
        driver.run(5100)
        #expect(driver.take().last == .stop("cam", "given up here: lost"))
    }

    @Test func `whoever gave it up is asked again after a pause that doubles`() {
        var driver = NodeDriver(settings())
        // b gave it up three times; a holds it now.
        let gaveUp = [GivenUp(peer: PeerID("b"), times: 3, isActive: true)]
        driver.tell("b") { peer in
            var record = NodeDriver.running("b", NodeDriver.epoch(7))
            record.phase = .gaveUp
            record.givenUp = gaveUp
            peer.records["cam"] = record
        }
        driver.stopped("cam")
        driver.run(1000)
        driver.media("cam")
        #expect(driver.record("cam").holder == PeerID("a"))
        #expect(driver.record("cam").givenUp == gaveUp)
        driver.run(200_000)
        #expect(driver.record("cam").givenUp == gaveUp)
        driver.run(45_000)
        #expect(driver.record("cam").givenUp == [GivenUp(peer: PeerID("b"), times: 3, isActive: false)])
    }

    @Test func `a stream that all gave up stays with one that goes on trying`() {
        var driver = NodeDriver(settings())
        driver.tell("b") { peer in
            var record = NodeDriver.running("b", NodeDriver.epoch(7))
            record.phase = .gaveUp
            record.givenUp = [
                GivenUp(peer: PeerID("a"), times: 1, isActive: true),
                GivenUp(peer: PeerID("b"), times: 1, isActive: true),
            ]
            peer.records["cam"] = record
        }
        driver.stopped("cam")
        driver.run(1000)
        _ = driver.take()
        driver.noMedia("cam", "lost")
        driver.run(40_000)
        #expect(driver.take() == [])
        #expect(driver.record("cam").holder == PeerID("a"))
    }

    @Test func `a capture that ends by itself is tried again after 0.5, 1, 2 … 16 s less up to a half, with its epoch`()
    {
        var settings = settings()
        settings.giveUpAfter = .seconds(10_000)
        var driver = NodeDriver(settings)
        driver.media("cam")
        _ = driver.take()
        var pauses: [Int64] = []
        for _ in 0..<8 {
            driver.stopped("cam", reason: "connection reset")
            let ended = driver.time
            var deeds: [Deed] = []
            while deeds.isEmpty, driver.time < ended + 20_000 {
                driver.run(10)
                deeds = driver.take()
            }
            #expect(deeds == [.start("cam", NodeDriver.epoch(0), "another try: first start; capture_at=a")])
            pauses.append(driver.time - ended)
        }
        for (pause, longest) in zip(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 16_000, 16_000] as [Int64]) {
            #expect((longest / 2...longest + 10).contains(pause), "\(pauses)")
        }
        #expect(Set(pauses.suffix(3)).count > 1, "no jitter: \(pauses)")
        // Media begins the count anew.
        driver.media("cam")
        driver.stopped("cam", reason: "connection reset")
        driver.run(510)
        #expect(driver.take().count == 1)
    }
}
