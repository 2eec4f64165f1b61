// Posts events to one sink, until cancelled.
import NIOConcurrencyHelpers
package import NIOCore

/// One `event_sink`: takes events from any thread, posts them from `run`.
package final class EventSink: Sendable {
    /// Events that follow one another within this time share a post.
    private static let gathering = Duration.milliseconds(200)

    package let name: String
    private let queue = NIOLockedValueBox(EventSinkQueue())
    private let added = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let accepts: @Sendable (ServerEvent) -> Bool
    private let post: @Sendable (ByteBuffer) async -> EventSinkQueue.Outcome

    /// - Parameter post: sends a JSON array of events.
    package init(
        name: String, accepts: @escaping @Sendable (ServerEvent) -> Bool,
        post: @escaping @Sendable (ByteBuffer) async -> EventSinkQueue.Outcome
    ) {
        self.name = name
        self.accepts = accepts
        self.post = post
    }

    package var statistics: EventSinkQueue.Statistics { queue.withLockedValue { $0.statistics } }

    package func offer(_ event: ServerEvent) {
        guard accepts(event) else { return }
        queue.withLockedValue { $0.add(event) }
        added.continuation.yield()
    }

    /// Posts until cancelled. What waits then is lost unless `flush` follows.
    package func run() async {
        for await _ in added.stream {
            // Ends by cancellation only, and then the loop does.
            try? await Task.sleep(for: Self.gathering)
            while !Task.isCancelled {
                guard let pause = await postNext() else { break }
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// One last try with what waits.
    package func flush() async {
        while let pause = await postNext(), pause == .zero {}
    }

    /// Nil when nothing waits; else how long to wait before the next post.
    private func postNext() async -> Duration? {
        let batch = queue.withLockedValue { $0.begin() }
        guard !batch.isEmpty else { return nil }
        let outcome: EventSinkQueue.Outcome
        do {
            outcome = await post(try APIEncoding.bytes(batch))
        } catch {
            outcome = .refused("the events cannot be written as JSON: \(error)")
        }
        return queue.withLockedValue { queue in
            var generator = SystemRandomNumberGenerator()
            return queue.finish(outcome, using: &generator)
        }
    }
}

extension MetricFamily {
    /// Counters of all sinks, in the order of their names.
    package static func families(sinks: [EventSink]) -> [MetricFamily] {
        let facts = sinks.sorted { $0.name < $1.name }.map { ($0.name, $0.statistics) }
        func family(
            _ name: String, _ kind: Kind, _ help: String, _ value: (EventSinkQueue.Statistics) -> Int
        ) -> MetricFamily {
            MetricFamily(
                name, kind, help: help, samples: facts.map { Sample(Double(value($0.1)), labels: [("sink", $0.0)]) })
        }
        return [
            family("weir_event_sink_posted_total", .counter, "Events taken by the sink") { $0.posted },
            family("weir_event_sink_dropped_total", .counter, "Events lost: queue full or refused") { $0.dropped },
            family("weir_event_sink_failures_total", .counter, "Posts that failed and are tried again") { $0.failures },
            family("weir_event_sink_waiting", .gauge, "Events that wait to be posted") { $0.waiting },
        ]
    }
}
