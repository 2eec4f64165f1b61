// What a session shares between the thread that runs it and those that ask or stop it.
internal import Ingest
internal import Synchronization

/// The counters of a session, and whether it was stopped.
final class SessionState: Sendable {
    private let shared = Mutex((counters: InputCounters(), isStopped: false))

    var counters: InputCounters { shared.withLock { $0.counters } }
    var isStopped: Bool { shared.withLock { $0.isStopped } }

    /// True the first time.
    func stop() -> Bool {
        shared.withLock { shared in
            defer { shared.isStopped = true }
            return !shared.isStopped
        }
    }

    /// Replaces the counters; false when the session was stopped, so that its thread can leave off.
    func publish(_ counters: InputCounters) -> Bool {
        shared.withLock { shared in
            shared.counters = counters
            return !shared.isStopped
        }
    }
}
