// A source has one reader: what begins anew waits until its inputs of before have closed their sockets.
import LiveStream
import Media
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import SettingsLanguage
import TestSupport
import Testing

@testable import WeirServer

@Suite struct StreamKeeperTests {
    /// The keeper on an event loop that the test turns, with inputs that keep their sockets open until it closes them.
    private struct Bench {
        let loop = EmbeddedEventLoop()
        let opener = FakeOpener(isLingering: true)
        let keeper: StreamKeeper

        init() {
            let opener = opener
            keeper = StreamKeeper(eventLoops: loop) { _ in
                LiveStream.Environment(
                    opener: opener, monotonic: { .zero }, utc: { MediaTime(unixMilliseconds: 1_790_000_000_000) },
                    report: { _ in })
            }
        }

        var sessions: [FakeSession] { opener.sessions.withLockedValue { $0 } }

        func apply(_ options: String) throws {
            let text = "stream cam { input udp://127.0.0.1:9; \(options) }"
            let check = SettingsCheck(path: "weir.conf", in: TextSettingsSource(["weir.conf": text]))
            _ = keeper.apply(try #require(check.loaded?.settings, "\(check.diagnostics)"))
            loop.run()
        }
    }

    @Test(arguments: ["segment_duration 4;", "segment_duration 4; title new;"])
    func theNextOneStartsWhenTheSocketIsClosed(options: String) throws {
        let bench = Bench()
        try bench.apply("segment_duration 2;")
        #expect(bench.sessions.count == 1)
        try bench.apply(options)
        #expect(bench.sessions.count == 1 && bench.sessions[0].isStopped)
        #expect(bench.keeper.entry("cam")?.running == nil)
        bench.sessions[0].close()
        bench.loop.run()
        #expect(bench.sessions.count == 2 && !bench.sessions[1].isStopped)
        #expect(bench.keeper.entry("cam")?.running != nil)
    }

    @Test func whatTheNextReloadTakesAwayDoesNotStartThen() throws {
        let bench = Bench()
        try bench.apply("segment_duration 2;")
        try bench.apply("segment_duration 4;")
        try bench.apply("segment_duration 4; disabled;")
        bench.sessions[0].close()
        bench.loop.run()
        #expect(bench.sessions.count == 1)
    }

    @Test func aSocketThatDoesNotCloseIsWaitedForAWhileOnly() throws {
        let bench = Bench()
        try bench.apply("segment_duration 2;")
        try bench.apply("segment_duration 4;")
        #expect(bench.sessions.count == 1)
        bench.loop.advanceTime(by: .seconds(2))
        #expect(bench.sessions.count == 2)
    }
}
