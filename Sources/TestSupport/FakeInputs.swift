// Inputs that do what a test says, and whose sockets are open as long as it says.
package import Ingest
package import NIOConcurrencyHelpers

/// An input that sends what the test says.
package final class FakeSession: InputSession {
    package let url: String
    package let deliver: @Sendable (InputEvent) -> Void
    private let stopped = NIOLockedValueBox(false)
    /// Keeps its socket open until it is told to close it.
    private let isLingering: Bool
    private let closed = NIOLockedValueBox<[@Sendable () -> Void]>([])
    package let received = NIOLockedValueBox(InputCounters())

    package init(url: String, isLingering: Bool = false, deliver: @escaping @Sendable (InputEvent) -> Void) {
        self.url = url
        self.isLingering = isLingering
        self.deliver = deliver
    }

    package var isStopped: Bool { stopped.withLockedValue { $0 } }
    package func stop(whenClosed closed: @escaping @Sendable () -> Void) {
        stopped.withLockedValue { $0 = true }
        if isLingering { self.closed.withLockedValue { $0.append(closed) } } else { closed() }
    }

    /// Its socket is closed.
    package func close() {
        let closed = closed.withLockedValue { closed in
            defer { closed = [] }
            return closed
        }
        for closed in closed { closed() }
    }
    package var counters: InputCounters { received.withLockedValue { $0 } }
}

/// Keeps what it opened. `bad://` can never work; a session of `slow://`, or each one, closes its socket when it is told to.
package struct FakeOpener: InputOpener {
    package let sessions = NIOLockedValueBox<[FakeSession]>([])

    private let isLingering: Bool

    package init(isLingering: Bool = false) { self.isLingering = isLingering }

    package func open(
        _ request: InputRequest, deliver: @escaping @Sendable (InputEvent) -> Void
    ) throws(InputFailure) -> any InputSession {
        if request.url.hasPrefix("bad://") {
            throw InputFailure(code: .misconfigured, message: "\(request.url): no such scheme")
        }
        let session = FakeSession(
            url: request.url, isLingering: isLingering || request.url.hasPrefix("slow://"), deliver: deliver)
        sessions.withLockedValue { $0.append(session) }
        return session
    }
}
