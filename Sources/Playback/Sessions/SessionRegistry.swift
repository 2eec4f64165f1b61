// Who is watching what, for the API and for the viewers' counts.
package import NIOCore
import Synchronization

/// The way in which a viewer gets the media.
package enum ViewerProtocol: String, Hashable, Sendable {
    case hls, mpegts, mp4
    /// Another server.
    case m4f
}

/// One viewer as the API shows it.
package struct ViewerSession: Hashable, Sendable {
    package var id: UInt64
    package var stream: String
    package var viewerProtocol: ViewerProtocol
    package var address: String
    package var userAgent: String
    /// Milliseconds since the Unix epoch.
    package var openedAt: Int64
    /// Bytes of media handed to the connection.
    package var byteCount: Int
    /// How often the viewer was too slow and was taken to a later key frame.
    package var skipCount: Int

    /// Other servers are listed with the viewers, and not counted as such.
    package var isViewer: Bool { viewerProtocol != .m4f }
}

/// The counters of one session; written by its connections without a lock.
package final class SessionCounters: Sendable {
    /// Negative when the session is over.
    let bytes = Atomic<Int>(0)
    let skips = Atomic<Int>(0)
    /// Of a session that is made of requests: when the last one came, as nanoseconds of `NIODeadline`.
    fileprivate let lastSeen = Atomic<UInt64>(0)

    /// Counts one more request. False when the session is over: then nothing is counted.
    func requestAnswered(byteCount: Int, at now: NIODeadline) -> Bool {
        lastSeen.store(now.uptimeNanoseconds, ordering: .relaxed)
        return bytes.wrappingAdd(byteCount, ordering: .relaxed).oldValue >= 0
    }

    /// Returns the bytes of the session. Counting and ending are one step each, so that no byte is lost between them.
    fileprivate func end() -> Int { bytes.exchange(.min / 2, ordering: .relaxed) }
}

/// The sessions of this server. Thread-safe; a long-lived viewer takes the lock twice in its life, an HLS viewer once for
/// each of its connections.
///
/// HLS has no connection of its own: requests with the same stream, address and user agent are one session until none came
/// for `idleAfter`. Viewers behind one address with the same player count as one; a cookie would tell them apart but would
/// spoil every shared cache.
package final class SessionRegistry: Sendable {
    private struct Key: Hashable {
        var stream: String
        var address: String
        var userAgent: String
    }
    private struct Entry {
        var session: ViewerSession
        var counters: SessionCounters
        /// Set for sessions that are made of requests.
        var key: Key?
    }
    private struct State {
        var nextID: UInt64 = 1
        var entries: [UInt64: Entry] = [:]
        var byKey: [Key: UInt64] = [:]
        var viewers: [String: Int] = [:]
        /// Of sessions that have ended.
        var pastBytes = 0
        var pastSkips = 0
        var nextSweep: NIODeadline = .uptimeNanoseconds(0)
    }

    /// At most this many HLS sessions: beyond it requests are still answered but not counted, so that a flood of invented
    /// user agents cannot fill the memory.
    static let requestSessionsMax = 100_000
    private static let userAgentLengthMax = 256

    private let state = Mutex(State())
    private let idleAfter: TimeAmount
    private let unixMilliseconds: @Sendable () -> Int64

    /// - Parameter unixMilliseconds: the wall clock, for `openedAt` only.
    package init(idleAfter: TimeAmount = .seconds(30), unixMilliseconds: @escaping @Sendable () -> Int64) {
        self.idleAfter = idleAfter
        self.unixMilliseconds = unixMilliseconds
    }

    /// Opens a session that lasts until `close`.
    package func open(
        stream: String, viewerProtocol: ViewerProtocol, address: String, userAgent: String
    ) -> (id: UInt64, counters: SessionCounters) {
        let openedAt = unixMilliseconds()
        return state.withLock { state in
            insert(
                &state, stream: stream, viewerProtocol: viewerProtocol, address: address, userAgent: userAgent,
                openedAt: openedAt, key: nil)
        }
    }

    /// Ends a session. Harmless for one that is gone.
    package func close(_ id: UInt64) {
        state.withLock { remove(&$0, id) }
    }

    /// An HLS request was answered with `byteCount` bytes. Returns the counters of its session, which count further requests
    /// of the same viewer as long as the session lasts; nil when there are too many sessions.
    @discardableResult
    package func requestAnswered(
        stream: String, address: String, userAgent: String, byteCount: Int, at now: NIODeadline
    ) -> SessionCounters? {
        let userAgent = String(userAgent.prefix(Self.userAgentLengthMax))
        let key = Key(stream: stream, address: address, userAgent: userAgent)
        let openedAt = unixMilliseconds()
        return state.withLock { state in
            sweep(&state, at: now)
            let known = state.byKey[key].flatMap { state.entries[$0]?.counters }
            guard known != nil || state.byKey.count < Self.requestSessionsMax else { return nil }
            let counters =
                known
                ?? insert(
                    &state, stream: stream, viewerProtocol: .hls, address: address, userAgent: userAgent,
                    openedAt: openedAt, key: key
                ).counters
            // Whoever ends it needs the lock.
            _ = counters.requestAnswered(byteCount: byteCount, at: now)
            return counters
        }
    }

    /// All sessions in the order in which they were opened.
    package func sessions(at now: NIODeadline) -> [ViewerSession] {
        let entries = state.withLock { state in
            sweep(&state, at: now, isForced: true)
            return state.entries.values.sorted { $0.session.id < $1.session.id }
        }
        return entries.map { entry in
            var session = entry.session
            session.byteCount = entry.counters.bytes.load(ordering: .relaxed)
            session.skipCount = entry.counters.skips.load(ordering: .relaxed)
            return session
        }
    }

    /// Bytes of media handed to viewers since the start, of sessions past and present.
    package var byteCount: Int {
        state.withLock { state in
            state.entries.values.reduce(state.pastBytes) { $0 + $1.counters.bytes.load(ordering: .relaxed) }
        }
    }

    /// How often viewers were taken to a later key frame since the start, of sessions past and present.
    package var skipCount: Int {
        state.withLock { state in
            state.entries.values.reduce(state.pastSkips) { $0 + $1.counters.skips.load(ordering: .relaxed) }
        }
    }

    /// Viewers of a stream now.
    package func viewerCount(of stream: String, at now: NIODeadline) -> Int {
        state.withLock { state in
            sweep(&state, at: now, isForced: true)
            return state.viewers[stream] ?? 0
        }
    }

    private func insert(
        _ state: inout State, stream: String, viewerProtocol: ViewerProtocol, address: String, userAgent: String,
        openedAt: Int64, key: Key?
    ) -> (id: UInt64, counters: SessionCounters) {
        let id = state.nextID
        state.nextID += 1
        let counters = SessionCounters()
        let session = ViewerSession(
            id: id, stream: stream, viewerProtocol: viewerProtocol, address: address,
            userAgent: String(userAgent.prefix(Self.userAgentLengthMax)), openedAt: openedAt, byteCount: 0, skipCount: 0
        )
        state.entries[id] = Entry(session: session, counters: counters, key: key)
        if let key { state.byKey[key] = id }
        if session.isViewer { state.viewers[stream, default: 0] += 1 }
        return (id, counters)
    }

    private func remove(_ state: inout State, _ id: UInt64) {
        guard let entry = state.entries.removeValue(forKey: id) else { return }
        state.pastBytes += entry.counters.end()
        state.pastSkips += entry.counters.skips.load(ordering: .relaxed)
        if let key = entry.key { state.byKey[key] = nil }
        guard entry.session.isViewer else { return }
        let count = (state.viewers[entry.session.stream] ?? 1) - 1
        state.viewers[entry.session.stream] = count > 0 ? count : nil
    }

    /// Drops HLS sessions without a request for `idleAfter`; goes over all of them at most once a second.
    private func sweep(_ state: inout State, at now: NIODeadline, isForced: Bool = false) {
        guard isForced || now >= state.nextSweep else { return }
        state.nextSweep = now + .seconds(1)
        for id in state.byKey.values {
            guard let counters = state.entries[id]?.counters else { continue }
            let lastSeen = NIODeadline.uptimeNanoseconds(counters.lastSeen.load(ordering: .relaxed))
            guard lastSeen + idleAfter <= now else { continue }
            remove(&state, id)
        }
    }
}
