// `cluster_serve proxy`: answers players for streams of other servers, each thing fetched once for all viewers.
package import AsyncHTTPClient
package import LiveStream
import Media
package import NIOCore
import Synchronization

/// One for a server; may be used from any thread. Does its work while `run` runs.
///
/// Playlists, headers and segments are fetched when the first player asks, given to all who ask meanwhile, and kept within
/// `bytesMax`. Endless forms share one connection to the owner per stream, whatever their number and form.
package final class StreamRelay: Sendable {
    /// Counted since the start, but for the last two.
    package struct Statistics: Hashable, Sendable {
        /// Requests to owners, and how many of them failed.
        package var fetches = 0
        package var failures = 0
        package var fetchedBytes = 0
        /// Answers given to players without a request of their own.
        package var shared = 0
        package var keptBytes = 0
        /// Streams that are followed for endless viewers now.
        package var followedStreams = 0
    }

    private struct Flight: Hashable {
        var key: RelayKey
        var peer: String
    }

    private struct State {
        var store: RelayStore
        var inFlight: [Flight: [EventLoopPromise<RelayedAnswer>]] = [:]
        var followed: [String: Followed] = [:]
        var statistics = Statistics()
    }

    private struct Followed {
        var stream: RelayedStream
        var end: @Sendable () -> Void
        var idleSince: NIODeadline?
    }

    typealias Job = @Sendable () async -> Void

    /// A followed stream without a viewer is let go after this long.
    private static let followIdle = TimeAmount.seconds(10)

    let client: RelayClient
    private let endlessClient: RelayClient
    let directory: any StreamDirectory
    private let place: @Sendable (_ peer: String) -> String?
    private let eventLoops: any EventLoopGroup
    private let state: Mutex<State>
    private let enabled = Atomic<Bool>(true)
    private let jobs = AsyncStream<Job>.makeStream()

    /// - Parameters:
    ///   - client: with `configuration`; not used for anything else.
    ///   - endlessClient: with `endlessConfiguration`, as well.
    ///   - place: `host:port` at which the servers reach a peer of the group; nil for others.
    ///   - bytesMax: of answers that are kept.
    package init(
        client: HTTPClient, endlessClient: HTTPClient, directory: any StreamDirectory,
        eventLoops: any EventLoopGroup, bytesMax: Int = 128 << 20,
        place: @escaping @Sendable (_ peer: String) -> String?
    ) {
        self.client = RelayClient(http: client)
        self.endlessClient = RelayClient(http: endlessClient)
        self.directory = directory
        self.eventLoops = eventLoops
        self.place = place
        state = Mutex(State(store: RelayStore(bytesMax: bytesMax)))
    }

    package static var configuration: HTTPClient.Configuration { RelayClient.configuration }
    package static var endlessConfiguration: HTTPClient.Configuration { RelayClient.endlessConfiguration }

    /// Whether players are answered here (`cluster_serve proxy`) or sent on.
    package var isEnabled: Bool {
        get { enabled.load(ordering: .relaxed) }
        set { enabled.store(newValue, ordering: .relaxed) }
    }

    package var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.keptBytes = state.store.byteCount
            statistics.followedStreams = state.followed.count
            return statistics
        }
    }

    /// Fetches and follows until cancelled.
    package func run() async {
        await withDiscardingTaskGroup { running in
            for await job in jobs.stream { running.addTask { await job() } }
            running.cancelAll()
        }
        // Who asks from now on is told at once.
        jobs.continuation.finish()
    }

    package func releaseIdle(at now: NIODeadline) {
        let ended = state.withLock { state in
            state.store.releaseIdle(at: now)
            var ended: [Followed] = []
            for (name, followed) in state.followed {
                if followed.stream.readerCount > 0 {
                    state.followed[name]?.idleSince = nil
                } else if let since = followed.idleSince, since + Self.followIdle <= now {
                    state.followed[name] = nil
                    ended.append(followed)
                } else if followed.idleSince == nil {
                    state.followed[name]?.idleSince = now
                }
            }
            return ended
        }
        for followed in ended { followed.end() }
    }

    // MARK: Playlists and segments

    /// What is in memory for this; also a playlist that may stand in, if `isStaleWanted`.
    func kept(_ key: RelayKey, at now: NIODeadline, isStaleWanted: Bool = false) -> (Representation, CachePolicy)? {
        state.withLock { state in
            guard let kept = state.store.find(key, at: now, isStaleWanted: isStaleWanted) else { return nil }
            state.statistics.shared += 1
            return (kept.representation, kept.policy)
        }
    }

    /// Asks the peer that has the stream, unless somebody does already.
    func fetch(
        _ key: RelayKey, target: RequestTarget, from peer: String, on eventLoop: any EventLoop
    ) -> EventLoopFuture<RelayedAnswer> {
        let promise = eventLoop.makePromise(of: RelayedAnswer.self)
        guard let base = place(peer) else {
            promise.succeed(.unavailable("\(peer) is no peer of this server"))
            return promise.futureResult
        }
        let flight = Flight(key: key, peer: peer)
        let isFirst = state.withLock { state in
            if state.inFlight[flight] != nil {
                state.inFlight[flight]?.append(promise)
                state.statistics.shared += 1
                return false
            }
            state.inFlight[flight] = [promise]
            state.statistics.fetches += 1
            return true
        }
        guard isFirst else { return promise.futureResult }
        let url = "http://\(base)\(target.path)\(Self.query(key.route, target))"
        let timeout: TimeAmount = key.route.isPlaylist ? .seconds(2) : .seconds(15)
        let job: Job = { [self] in land(flight, await client.fetch(url, timeout: timeout)) }
        if case .terminated = jobs.continuation.yield(job) { land(flight, .unavailable("the server is shutting down")) }
        return promise.futureResult
    }

    private func land(_ flight: Flight, _ answer: RelayedAnswer) {
        let waiting = state.withLock { state in
            switch answer {
            case .media(let made, let policy):
                state.statistics.fetchedBytes += made.length
                state.store.keep(made, policy, flight.key, at: .now())
            case .refusal: break
            case .unavailable: state.statistics.failures += 1
            }
            return state.inFlight.removeValue(forKey: flight) ?? []
        }
        for promise in waiting { promise.succeed(answer) }
    }

    /// Only what changes the answer goes on: what one player adds for itself must not make a request of its own.
    private static func query(_ route: MediaRoute, _ target: RequestTarget) -> String {
        guard route.isPlaylist || route.isEndless else { return "" }
        let kept = target.query.split(separator: "&").filter { item in
            ["container", "utc", "tracks"].contains { item == $0 || item.hasPrefix("\($0)=") }
        }
        return kept.isEmpty ? "" : "?" + kept.joined(separator: "&")
    }

    // MARK: Archives' files and endless streams

    /// The address at the peer; nil for others than peers.
    func address(_ target: RequestTarget, at peer: String) -> String? {
        place(peer).map { "http://\($0)\(target.path)" }
    }

    /// Hands a long answer to its player.
    func pass(_ answer: LongAnswer) {
        state.withLock { $0.statistics.fetches += 1 }
        // While the server shuts down nothing is begun: it closes the player's connection.
        jobs.continuation.yield { [self] in
            let bytes = await answer.run(endlessClient.http)
            state.withLock { $0.statistics.fetchedBytes += bytes }
        }
    }

    // MARK: Endless forms

    /// The stream for endless viewers; begun if nobody watches it yet.
    func follow(_ name: String, at path: Substring) -> RelayedStream {
        let (stream, begun) = state.withLock { state -> (RelayedStream, StreamFollower?) in
            if let followed = state.followed[name] {
                state.followed[name]?.idleSince = nil
                return (followed.stream, nil)
            }
            let stream = RelayedStream(name, on: eventLoops.next())
            let follower = StreamFollower(
                stream: stream, directory: directory, client: endlessClient, place: place,
                encodedName: Self.name(in: path))
            state.followed[name] = Followed(stream: stream, end: { follower.stop() })
            return (stream, follower)
        }
        if let begun {
            jobs.continuation.yield { [self] in
                await begun.run()
                state.withLock { state in
                    if state.followed[name]?.stream === stream { state.followed[name] = nil }
                }
            }
        }
        return stream
    }

    /// The stream's name as the player wrote it, percent-encoded: everything but the last part.
    private static func name(in path: Substring) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    }
}

extension MediaRoute {
    /// Small, changes with time, and is asked for again and again.
    var isPlaylist: Bool {
        switch self {
        case .multivariantPlaylist, .mediaPlaylist, .transportStreamPlaylist, .archive, .mediaInformation: true
        default: false
        }
    }

    var isEndless: Bool {
        switch self {
        case .transportStream, .fragmentedMP4: true
        default: false
        }
    }
}
