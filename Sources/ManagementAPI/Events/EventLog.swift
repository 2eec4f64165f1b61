// What happened on this server, newest kept: the one place that API, console and event sinks read.
import NIOConcurrencyHelpers

/// One thing that happened, with its reason.
package struct ServerEvent: Hashable, Sendable, Codable {
    /// Rises by one with each event of this server process.
    package var id: UInt64
    /// Milliseconds since the Unix epoch.
    package var time: Int64
    /// What happened, such as `input_switched`, `stream_taken`, `peer_lost`.
    package var event: String
    package var stream: String?
    package var peer: String?
    /// One sentence with the reason.
    package var reason: String
    /// The server that reports it.
    package var server: String

    enum CodingKeys: String, CodingKey { case id, time, event, stream, peer, reason, server }
}

/// A bounded list of the newest events. May be used from any thread.
package final class EventLog: Sendable {
    private struct State {
        var events: [ServerEvent] = []
        var first = 0
        var nextID: UInt64 = 1
        var followers: [UInt64: @Sendable (ServerEvent) -> Void] = [:]
        var nextFollower: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())
    private let capacity: Int
    private let server: String
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - capacity: events that are kept; older ones are forgotten.
    ///   - now: milliseconds since the Unix epoch.
    package init(server: String, capacity: Int = 5000, now: @escaping @Sendable () -> Int64) {
        self.server = server
        self.capacity = capacity
        self.now = now
    }

    /// Records an event and tells all followers.
    package func record(_ event: String, stream: String? = nil, peer: String? = nil, reason: String) {
        let time = now()
        let (recorded, followers) = state.withLockedValue { state in
            let recorded = ServerEvent(
                id: state.nextID, time: time, event: event, stream: stream, peer: peer, reason: reason, server: server)
            state.nextID += 1
            if state.events.count < capacity {
                state.events.append(recorded)
            } else {
                state.events[state.first] = recorded
                state.first = (state.first + 1) % capacity
            }
            return (recorded, Array(state.followers.values))
        }
        for follower in followers { follower(recorded) }
    }

    /// The newest events first, at most `limit`, of one stream if `stream` is given, only those after id `after`.
    package func newest(limit: Int, stream: String? = nil, after: UInt64 = 0) -> [ServerEvent] {
        state.withLockedValue { state in
            var found: [ServerEvent] = []
            for step in 0..<state.events.count where found.count < limit {
                let index = (state.first + state.events.count - 1 - step) % state.events.count
                let event = state.events[index]
                if event.id <= after { break }
                if stream == nil || event.stream == stream { found.append(event) }
            }
            return found
        }
    }

    /// Calls `follower` with each event from now on, on the thread that records it, until the returned closure is called.
    package func follow(_ follower: @escaping @Sendable (ServerEvent) -> Void) -> @Sendable () -> Void {
        let number = state.withLockedValue { state in
            state.nextFollower += 1
            state.followers[state.nextFollower] = follower
            return state.nextFollower
        }
        return { [state] in state.withLockedValue { $0.followers[number] = nil } }
    }
}
