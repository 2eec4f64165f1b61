// What an operator's graphs show of replication: how far behind, how much, how fast, and what went wrong.
import Archive
import ManagementAPI
import Media
import NIOCore
import Testing

@testable import WeirServer

@Suite struct ReplicationMetricsTests {
    @Test func allOfAPeersProgressIsShown() {
        var behind = ReplicationProgress()
        behind.state = .catchingUp
        behind.fetchedBytes = 2_000_000
        behind.fetchedSegments = 40
        behind.refusedSegments = 3
        behind.failures = 2
        behind.remaining = .milliseconds(90_500)
        behind.remainingBytes = 1_000_000
        behind.rate = 125_000
        behind.clockDifference = .milliseconds(-1500)
        var equal = ReplicationProgress()
        equal.state = .inSync
        let rows = [("cam", "two", behind), ("door", "three", equal)]
        let page = String(buffer: MetricFamily.page(ReplicationMetrics.families(rows)))
        let samples = page.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.map(String.init)
        let (cam, door) = (#"{stream="cam",peer="two"}"#, #"{stream="door",peer="three"}"#)
        #expect(
            samples == [
                "weir_replication_fetched_bytes_total\(cam) 2000000", "weir_replication_fetched_bytes_total\(door) 0",
                "weir_replication_fetched_segments_total\(cam) 40", "weir_replication_fetched_segments_total\(door) 0",
                "weir_replication_refused_segments_total\(cam) 3", "weir_replication_refused_segments_total\(door) 0",
                "weir_replication_failures_total\(cam) 2", "weir_replication_failures_total\(door) 0",
                "weir_replication_remaining_seconds\(cam) 90.5", "weir_replication_remaining_seconds\(door) 0",
                "weir_replication_remaining_bytes\(cam) 1000000", "weir_replication_remaining_bytes\(door) 0",
                "weir_replication_rate_bytes\(cam) 125000", "weir_replication_rate_bytes\(door) 0",
                "weir_replication_in_sync\(cam) 0", "weir_replication_in_sync\(door) 1",
                "weir_replication_clock_difference_seconds\(cam) -1.5",
            ])
    }
}
