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
    package var level: EventLevel

    package init(
        id: UInt64, time: Int64, event: String, stream: String?, peer: String?, reason: String, server: String
    ) {
        self.id = id
        self.time = time
        self.event = event
        self.stream = stream
        self.peer = peer
        self.reason = reason
        self.server = server
        level = EventLevel(of: event)
    }

    enum CodingKeys: String, CodingKey { case id, time, event, stream, peer, reason, server, level }
}

/// A bounded list of the newest events. May be used from any thread.
package final class EventLog: Sendable {
    private struct State {
        var events: [ServerEvent] = []
        var first = 0
        var nextID: UInt64 = 1
        var counts: [String: Int] = [:]
        var missed: UInt64 = 0
        var followers: [UInt64: @Sendable (ServerEvent) -> Void] = [:]
        var nextFollower: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())
    private let capacity: Int
    private let server: String
    private let now: @Sendable () -> Int64
    /// Names this life of the server: ids begin anew with each.
    package let life: String

    /// - Parameters:
    ///   - capacity: events that are kept; older ones are forgotten.
    ///   - now: milliseconds since the Unix epoch.
    package init(server: String, capacity: Int = 5000, now: @escaping @Sendable () -> Int64) {
        self.server = server
        self.capacity = capacity
        self.now = now
        life = String(now())
    }

    /// Records an event and tells all followers.
    package func record(_ event: String, stream: String? = nil, peer: String? = nil, reason: String) {
        let time = now()
        let (recorded, followers) = state.withLockedValue { state in
            let recorded = ServerEvent(
                id: state.nextID, time: time, event: event, stream: stream, peer: peer, reason: reason, server: server)
            state.nextID += 1
            state.counts[event, default: 0] += 1
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

    /// A follower was too far behind and lost an event.
    package func followerMissedOne() { state.withLockedValue { $0.missed += 1 } }

    /// Events that followers lost because they were too far behind.
    package var missedByFollowers: UInt64 { state.withLockedValue { $0.missed } }

    /// How often each kind of event happened since the start.
    package var counts: [String: Int] { state.withLockedValue { $0.counts } }

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

    /// Follows, and gives what happened after event `after`, oldest first: together each event once, none left out.
    package func follow(
        after: UInt64, _ follower: @escaping @Sendable (ServerEvent) -> Void
    ) -> (missed: [ServerEvent], leave: @Sendable () -> Void) {
        let (missed, number) = state.withLockedValue { state in
            state.nextFollower += 1
            state.followers[state.nextFollower] = follower
            let ordered = state.events[state.first...] + state.events[..<state.first]
            return (ordered.filter { $0.id > after }, state.nextFollower)
        }
        return (missed, { [state] in state.withLockedValue { $0.followers[number] = nil } })
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
