// Events on their way to a sink: batched, tried again, bounded.
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import ManagementAPI

private func event(_ id: UInt64, _ kind: String = "peer_lost") -> ServerEvent {
    ServerEvent(id: id, time: 1, event: kind, stream: nil, peer: "b", reason: "r", server: "a")
}

/// Always the same: tests say what they expect of a pause.
private struct NoChance: RandomNumberGenerator {
    var value: UInt64 = 0
    mutating func next() -> UInt64 { value }
}

@Suite struct EventSinkTests {
    @Test func batchesKeepTheOrderAndStayUntilTheyAreTaken() {
        var queue = EventSinkQueue()
        var chance = NoChance()
        for id in 1...450 { queue.add(event(UInt64(id))) }
        #expect(queue.begin().map(\.id) == Array(1...200))
        #expect(queue.finish(.failed("it answers 500"), using: &chance) == .seconds(1))
        #expect(queue.begin().map(\.id) == Array(1...200), "the same again")
        #expect(queue.finish(.taken, using: &chance) == .zero)
        #expect(queue.begin().map(\.id) == Array(201...400))
        #expect(queue.finish(.taken, using: &chance) == .zero)
        #expect(queue.begin().map(\.id) == Array(401...450))
        #expect(queue.finish(.refused("it answers 400"), using: &chance) == .zero)
        #expect(queue.begin().isEmpty)
        let counted = queue.statistics
        #expect(counted.posted == 400 && counted.dropped == 50 && counted.failures == 1 && counted.waiting == 0)
        #expect(counted.trouble == "it answers 400")
    }

    @Test func pausesDoubleUpToAMinuteAndBeginAnewAfterSuccess() {
        var queue = EventSinkQueue()
        var chance = NoChance()
        queue.add(event(1))
        var pauses: [Duration] = []
        for _ in 0..<9 {
            _ = queue.begin()
            pauses.append(queue.finish(.failed("x"), using: &chance))
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        _ = queue.begin()
        _ = queue.finish(.taken, using: &chance)
        queue.add(event(2))
        _ = queue.begin()
        chance.value = .max
        let shortened = queue.finish(.failed("x"), using: &chance)
        #expect(shortened >= .milliseconds(500) && shortened < .milliseconds(600), "by half at most: \(shortened)")
    }

    @Test func theQueueIsBoundedAndTheOldestGo() {
        var queue = EventSinkQueue(capacity: 3)
        var chance = NoChance()
        for id in 1...3 { queue.add(event(UInt64(id))) }
        #expect(queue.begin().count == 3)
        // While these are on their way, more come than there is room for.
        for id in 4...8 { queue.add(event(UInt64(id))) }
        #expect(queue.statistics.dropped == 5)
        #expect(queue.statistics.waiting == 3)
        _ = queue.finish(.taken, using: &chance)
        #expect(queue.begin().map(\.id) == [6, 7, 8], "none of those that came later counts as posted")
    }

    @Test(.timeLimit(.minutes(1))) func aSinkPostsWhatItAcceptsAsJSON() async throws {
        let (posts, continuation) = AsyncStream.makeStream(of: [ServerEvent].self)
        let failures = NIOLockedValueBox(1)
        let sink = EventSink(name: "s", accepts: { $0.event != "tracks_changed" }) { body in
            let remaining = failures.withLockedValue { value in
                value -= 1
                return value
            }
            guard remaining < 0 else { return .failed("not yet") }
            let events = try? JSONDecoder().decode([ServerEvent].self, from: Data(body.readableBytesView))
            continuation.yield(events ?? [])
            return .taken
        }
        let running = Task { await sink.run() }
        let log = EventLog(server: "a") { 1_700_000_000_000 }
        let leave = log.follow { sink.offer($0) }
        log.record("peer_lost", peer: "b", reason: "silent")
        log.record("tracks_changed", stream: "cam", reason: "not wanted")
        log.record("stream_taken", stream: "cam", reason: "peer b silent")
        leave()
        var iterator = posts.makeAsyncIterator()
        let first = try #require(await iterator.next())
        #expect(first.map(\.event) == ["peer_lost", "stream_taken"], "after a failure, in one post")
        #expect(first.map(\.level) == [.warning, .info])
        // What comes while nobody runs is posted at the end.
        running.cancel()
        await running.value
        sink.offer(event(9))
        await sink.flush()
        #expect(await iterator.next()?.map(\.id) == [9])
        #expect(sink.statistics.posted == 3 && sink.statistics.failures == 1)
        let names = MetricFamily.families(sinks: [sink]).map { "\($0.name) \($0.samples[0].value)" }
        #expect(names.contains("weir_event_sink_posted_total 3.0"))
    }
}
