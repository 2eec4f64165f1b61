// What the API says of an input is what its sessions counted, under the names of the documentation.
import Foundation
import Ingest
import LiveStream
import ManagementAPI
import Media
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import SettingsLanguage
import TestSupport
import Testing

@testable import WeirServer

@Suite struct InputFactsTests {
    @Test func countersKeepTheirNamesAndTheURLLosesItsPassword() throws {
        let (loop, opener) = (EmbeddedEventLoop(), FakeOpener())
        let keeper = StreamKeeper(eventLoops: loop) { _ in
            LiveStream.Environment(
                opener: opener, monotonic: { .zero }, utc: { MediaTime(unixMilliseconds: 1_790_000_000_000) },
                report: { _ in })
        }
        let text = "stream cam { input tshttp://user:s3cret@127.0.0.1:9/cam; }"
        let check = SettingsCheck(path: "weir.conf", in: TextSettingsSource(["weir.conf": text]))
        _ = keeper.apply(try #require(check.loaded?.settings, "\(check.diagnostics)"))
        loop.run()
        let session = try #require(opener.sessions.withLockedValue { $0.first })
        session.received.withLockedValue {
            ($0.bytes, $0.packets, $0.kernelDrops, $0.rtpLost, $0.tsLost, $0.tsRepeated) = (1, 2, 3, 40, 5, 6)
            ($0.damagedFrames, $0.resyncs, $0.psiErrors, $0.tsScrambled) = (7, 8, 9, 10)
            $0.lostByPID = [256: 11]
            $0.damagedByPID = [257: 12]
        }
        loop.advanceTime(by: .seconds(1))
        let entry = try #require(keeper.entry("cam"))
        let facts = StreamFacts(entry, viewers: 0, hostname: "one", archiveSeconds: nil)
        let coded = try JSONEncoder().encode(try #require(facts.inputs.first))
        var input = try #require(try JSONSerialization.jsonObject(with: coded) as? [String: Any])
        #expect(input.removeValue(forKey: "url") as? String == "tshttp://user:***@127.0.0.1:9/cam")
        #expect(input.removeValue(forKey: "lost_by_pid") as? [String: Int] == ["256": 11])
        #expect(input.removeValue(forKey: "damaged_by_pid") as? [String: Int] == ["257": 12])
        let counters = [
            "bytes": 1, "packets": 2, "kernel_drops": 3, "lost_packets": 45, "repeated_packets": 6, "damaged_frames": 7,
            "resyncs": 8, "psi_errors": 9, "scrambled_packets": 10, "retries": 0,
        ]
        for (name, value) in counters { #expect(input[name] as? Int == value, "\(name)") }
        _ = keeper.apply(ServerSettings())
        loop.run()
    }
}
