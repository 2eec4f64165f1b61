// What the API says of a replicated stream: mode, state of each other server, how much of all is here.
import Archive
import Foundation
import ManagementAPI
import Media
import Testing

@testable import WeirServer

@Suite struct ReplicationFactsTests {
    private static let began = MediaTime(unixMilliseconds: 1_790_000_000_000)

    /// A stream with so many seconds in its archive, as the API writes it.
    private func written(_ archiveSeconds: Double, _ peers: [(String, ReplicationProgress)]) throws -> NSDictionary {
        var mode = ReplicationModeFinder(at: Self.began)
        _ = mode.observe(
            .init(isCatchingUp: true, remaining: .seconds(100), unreachable: [], lostInput: nil),
            at: Self.began + .seconds(1))
        var facts = StreamFacts(
            name: "cam", title: "cam", inputs: [],
            stats: StreamStats(
                status: .running, alive: true, bitrate: 0, runningOn: [], activeInput: nil, tracks: [], viewers: 0,
                firstTime: nil, lastTime: nil, inputSwitches: 0, secondsOnPrimary: 0, secondsOnOthers: 0,
                secondsWithoutData: 0, windowBytes: 0, archiveSeconds: archiveSeconds, reason: ""))
        facts.add(ReplicationKeeper.Sight(mode: mode, peers: peers.map { (peer: $0.0, progress: $0.1) }))
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(facts))
        return try #require(object as? NSDictionary)
    }

    @Test func whatIsMissingIsShownWithItsRateAndTimeToGo() throws {
        var behind = ReplicationProgress()
        behind.state = .catchingUp
        behind.remaining = .seconds(100)
        behind.remainingBytes = 1_000_000
        behind.rate = 250_000
        behind.fetchedSegments = 7
        behind.fetchedBytes = 70_000
        behind.fetched = .milliseconds(7500)
        behind.refusedSegments = 1
        behind.lastError = "wrong bytes"
        behind.clockDifference = .milliseconds(-12)
        var equal = ReplicationProgress()
        equal.state = .inSync
        equal.inSyncAt = Self.began
        let stream = try written(300, [("two", behind), ("three", equal)])
        let stats = try #require(stream["stats"] as? [String: Any])
        #expect(stats["dvr_replication"] as? Double == 75)
        #expect(stats["dvr_replication_running"] as? Bool == true)
        let expected = """
            {"mode": "recovery", "since": 1790000001000, "reason": "100 s are missing and being fetched", "peers": [
              {"peer": "two", "state": "catching_up", "remaining": 100, "remaining_bytes": 1000000, "rate": 250000,
               "time_to_go": 4, "fetched": 7.5, "fetched_bytes": 70000, "fetched_segments": 7, "refused_segments": 1,
               "last_error": "wrong bytes", "clock_difference": -12},
              {"peer": "three", "state": "in_sync", "remaining": 0, "remaining_bytes": 0, "rate": 0, "fetched": 0,
               "fetched_bytes": 0, "fetched_segments": 0, "refused_segments": 0, "in_sync_at": 1790000000000}
            ]}
            """
        let replication = try JSONSerialization.jsonObject(with: Data(expected.utf8)) as? NSDictionary
        #expect(stream["replication"] as? NSDictionary == replication)
    }

    /// A hundred is said only when nothing is missing.
    @Test(arguments: [(Int64(0), 100.0), (1, 99)])
    func aHundredPercentIsAll(remaining: Int64, percentage: Double) throws {
        var progress = ReplicationProgress()
        progress.state = .inSync
        progress.remaining = .seconds(remaining)
        let stats = try #require(try written(1_000_000, [("two", progress)])["stats"] as? [String: Any])
        #expect(stats["dvr_replication"] as? Double == percentage)
        #expect(stats["dvr_replication_running"] as? Bool == false)
    }
}
