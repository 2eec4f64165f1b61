// A loop that something blocks shows, while it is blocked and for a minute after; one that runs on time does not.
import ManagementAPI
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import WeirServer

@Suite(.timeLimit(.minutes(10))) struct LoopWatchTests {
    private static func start(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    @Test func theWorstOfAMinuteIsRemembered() {
        var lag = LoopLag(at: Self.start(0))
        #expect(lag.next == Self.start(1) && lag.worst(at: Self.start(1)) == .zero)
        lag.looked(at: Self.start(1) + .milliseconds(3))
        #expect(lag.worst(at: Self.start(1)) == .milliseconds(3))
        // Not run yet: blocked until now at least.
        #expect(lag.worst(at: lag.next + .seconds(5)) == .seconds(5))
        lag.looked(at: lag.next + .seconds(7))
        #expect(lag.worst(at: lag.next) == .seconds(7))
        for _ in 0..<(LoopLag.lookCount - 1) { lag.looked(at: lag.next + .milliseconds(1)) }
        #expect(lag.worst(at: lag.next) == .seconds(7))
        lag.looked(at: lag.next + .milliseconds(1))
        #expect(lag.worst(at: lag.next) == .milliseconds(1))
        // A timer that fires early is on time.
        lag.looked(at: lag.next - .microseconds(1))
        #expect(lag.worst(at: lag.next) == .milliseconds(1))
    }

    /// The test holds the clock, so that no other program's work shows.
    @Test func onlyTheLoopThatIsLateShows() {
        let (media, peers) = (EmbeddedEventLoop(), EmbeddedEventLoop())
        let time = NIOLockedValueBox(Self.start(0))
        let watch = LoopWatch(media: media, peers: peers, now: { time.withLockedValue { $0 } })
        func wait(_ loops: [EmbeddedEventLoop], seconds: Int64) {
            for _ in 0..<seconds {
                time.withLockedValue { $0 = $0 + .seconds(1) }
                for loop in loops { loop.advanceTime(by: .seconds(1)) }
            }
        }
        wait([media, peers], seconds: 10)
        #expect(watch.worst.map(\.lag) == [.zero, .zero])
        wait([peers], seconds: 4)
        #expect(watch.worst.map(\.name) == ["0", "peers"])
        #expect(watch.worst.map(\.lag) == [.seconds(3), .zero], "it should have looked three seconds ago")
        let metric = watch.metrics[0]
        #expect(metric.samples.map(\.value) == [3, 0])
        #expect(metric.samples.map { $0.labels[0].value } == ["0", "peers"])
    }

    /// On a thread of its own that is really blocked.
    @Test func aBlockedLoopShowsAndIsRemembered() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let watch = LoopWatch(media: group, peers: nil, now: { NIODeadline.now() })
        let gate = ConditionLock(value: false)
        group.next().execute {
            gate.lock(whenValue: true)
            gate.unlock()
        }
        func lag() -> TimeAmount { watch.worst[0].lag }
        while lag() < .milliseconds(500) { try await ContinuousClock().sleep(for: .milliseconds(20)) }
        let blocked = lag()
        gate.lock()
        gate.unlock(withValue: true)
        // What was due runs now, and how late it was stays.
        try await group.next().submit {}.get()
        #expect(lag() >= blocked)
        try await group.shutdownGracefully()
    }
}
