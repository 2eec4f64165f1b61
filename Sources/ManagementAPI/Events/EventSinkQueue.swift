// What waits to be posted to an event sink: bounded, in batches, with pauses after failures. Pure.

/// The events for one sink in their order.
package struct EventSinkQueue: Sendable {
    /// How a post went.
    package enum Outcome: Hashable, Sendable {
        case taken
        /// The sink will never take these events (400, 413, 422): they are given up.
        case refused(String)
        /// Another try may help.
        case failed(String)
    }

    package struct Statistics: Hashable, Sendable {
        package var posted = 0
        /// Lost because the queue was full or the sink refused them.
        package var dropped = 0
        package var failures = 0
        package var waiting = 0
        /// What the last post failed with; nil when it went well.
        package var trouble: String?
    }

    /// Beyond it the oldest events are dropped: the newest say how things are.
    package static let capacity = 10_000
    /// Events of one post at most.
    package static let batchMax = 200
    package static let longestPause = Duration.seconds(60)

    private var events: [ServerEvent] = []
    private var first = 0
    private var failuresInRow = 0
    /// Events at the front that are being posted.
    private var inFlight = 0
    private let capacity: Int
    package private(set) var statistics = Statistics()

    package init(capacity: Int = Self.capacity) { self.capacity = capacity }

    private var count: Int { events.count - first }

    package mutating func add(_ event: ServerEvent) {
        events.append(event)
        if count > capacity {
            first += 1
            statistics.dropped += 1
            inFlight = max(0, inFlight - 1)
        }
        compact()
        statistics.waiting = count
    }

    /// The next events to post; empty when there are none. They stay until `finish`.
    package mutating func begin() -> [ServerEvent] {
        let batch = events[first...].prefix(Self.batchMax)
        inFlight = batch.count
        return Array(batch)
    }

    /// Ends a post. Returns how long to wait before the next one: 1, 2, 4 … 60 s after failures, each shortened at random by
    /// up to a half, so that the servers of a group do not come all at once.
    package mutating func finish(
        _ outcome: Outcome, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        defer {
            inFlight = 0
            statistics.waiting = count
        }
        switch outcome {
        case .taken:
            statistics.posted += inFlight
            statistics.trouble = nil
        case .refused(let reason):
            statistics.dropped += inFlight
            statistics.trouble = reason
        case .failed(let reason):
            statistics.failures += 1
            statistics.trouble = reason
            failuresInRow += 1
            let pause = min(Self.longestPause, .seconds(1 << min(6, failuresInRow - 1)))
            return pause - pause * Double.random(in: 0..<0.5, using: &generator)
        }
        failuresInRow = 0
        first += inFlight
        compact()
        return .zero
    }

    private mutating func compact() {
        guard first > 0, first == events.count || first > 1000 else { return }
        events.removeFirst(first)
        first = 0
    }
}
