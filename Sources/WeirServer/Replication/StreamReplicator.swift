// Keeps one stream's archive whole: a round with each other server again and again, as the planner says.
import Archive
import ArchiveStorage
import M4F
import Media
import NIOCore
import NIOPosix
import PeerLink
import Synchronization

/// The replication of one stream. `run` goes on until it is cancelled.
final class StreamReplicator: Sendable {
    /// Between two rounds in which nothing was missing.
    private static let period = Duration.seconds(3)
    private static let longestPause = Duration.seconds(30)
    /// A round is begun anew when the begin of what is wanted has moved by this much.
    private static let longestShift = MediaSpan.seconds(600)

    let wish: ReplicationWish
    private let tools: ReplicationTools
    private let planner: Mutex<StreamReplication>
    private let limit: Mutex<RateLimit>
    private let changed: @Sendable () -> Void

    /// - Parameter changed: called when something began, ended or failed.
    init(_ wish: ReplicationWish, tools: ReplicationTools, changed: @escaping @Sendable () -> Void) {
        self.changed = changed
        self.wish = wish
        self.tools = tools
        var limits = StreamReplication.Limits()
        // A second order would wait for the first one's speed.
        if wish.speed != nil { limits.orders = 1 }
        var planner = StreamReplication(limits: limits)
        planner.setPeers(wish.peers.map(\.name))
        self.planner = Mutex(planner)
        limit = Mutex(RateLimit(bytesPerSecond: wish.speed))
    }

    func progress() -> [(peer: String, progress: ReplicationProgress)] {
        planner.withLock { $0.progress(at: tools.uptime()) }
    }

    func run() async {
        await withTaskGroup(of: Void.self) { tasks in
            for peer in wish.peers { tasks.addTask { await self.exchange(with: peer) } }
        }
    }

    /// Rounds with pauses: short while there is something to fetch, growing while the other server cannot be asked.
    private func exchange(with peer: ReplicationWish.Peer) async {
        do { try await ownArchiveOpens() } catch { return }
        // The other server's name of the stream is that of the URL, or else that of ours.
        var (failures, asked, isNoticed) = (0, peer, false)
        while !Task.isCancelled {
            var pause = Self.period
            do {
                let fetched = try await round(with: asked)
                failures = 0
                if asked.stream != peer.stream, !isNoticed {
                    isNoticed = true
                    notice(of: peer)
                }
                if fetched { pause = .milliseconds(500) }
            } catch is CancellationError {
                return
            } catch {
                let isUnknown = (error as? ArchiveFailure)?.isUnknownStream ?? false
                if isUnknown, asked.stream != wish.stream {
                    asked.stream = wish.stream
                    continue
                }
                failures += 1
                let reason =
                    isUnknown && asked.stream != peer.stream
                    ? "there is no stream '\(peer.stream)' there, nor '\(asked.stream)'" : "\(error)"
                asked = peer
                pause = min(Self.longestPause, .seconds(1 << min(failures - 1, 5)))
                tell(planner.withLock { $0.failed(peer.name, reason) })
            }
            // Not all servers at once after an outage.
            pause = pause * Double.random(in: 0.8..<1.2)
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }

    /// The rule of live media: where the other server has no stream of the name in the URL, and has one of the name of
    /// ours, that one is meant (`docs/decisions/0030-names-over-m4f.md`).
    private func notice(of peer: ReplicationWish.Peer) {
        tools.notice(
            wish.stream, peer.name,
            "there is no stream '\(peer.stream)' there; its archive of '\(wish.stream)', of the same name as this one, "
                + "is fetched: write that name in the URL")
    }

    /// The server has just started, and reads what is on its disk: no failure, unless it takes long.
    private func ownArchiveOpens() async throws {
        let deadline = tools.uptime() + Self.longestPause
        while tools.archives.store(of: wish.stream) == nil, tools.uptime() < deadline {
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func tell(_ events: [ReplicationEvent]) {
        for event in events { tools.happened(wish.stream, event) }
        if !events.isEmpty { changed() }
    }

    // MARK: A round

    /// - Returns: whether anything was fetched.
    private func round(with peer: ReplicationWish.Peer) async throws -> Bool {
        guard !wish.identity.key.isEmpty else {
            throw ArchiveFailure("this server has no cluster_key: without it no server gives its archive")
        }
        guard let store = tools.archives.store(of: wish.stream) else {
            throw ArchiveFailure("this server's own archive of the stream is not open")
        }
        let bounds = bounds(store.reader)
        let (reader, stream) = (store.reader, wish.stream)
        let ours = try await tools.threads.runIfActive { try reader.summary(of: stream, in: bounds.range) }
        let before = tools.uptime()
        let theirs = try await tools.client.digests(
            of: peer.stream, in: bounds.range,
            known: ours.days.map { .init(number: $0.number, digest: $0.digest) }, at: peer.base, as: wish.identity)
        let now = (utc: tools.utc(), uptime: tools.uptime())
        let halfway = MediaSpan(ticks: Int64((now.uptime - before) / .milliseconds(1)) * 45)
        tell(
            planner.withLock {
                $0.clockSeen(
                    peer.name, ahead: theirs.now - (now.utc - halfway), uncertainty: halfway, tolerance: wish.tolerance)
            })
        planner.withLock {
            $0.compared(peer.name, theirs: theirs.summary, ours: ours, keeps: theirs.keeps, bounds: bounds, at: now)
        }
        let hasFetched = try await follow(peer, store, bounds)
        if hasFetched { try await store.finishFetching(stream) }
        tell(planner.withLock { $0.completed(peer.name, at: tools.utc()) })
        return hasFetched
    }

    private func bounds(_ reader: ArchiveReader) -> ReplicationBounds {
        ReplicationBounds(
            age: reader.policy(of: wish.stream).age, ledger: reader.ledger(of: wish.stream),
            recordedTo: reader.recordedTo(wish.stream), at: tools.utc())
    }

    /// Does what the planner says until the round is over.
    private func follow(
        _ peer: ReplicationWish.Peer, _ store: ArchiveStorage.ArchiveStore, _ bounds: ReplicationBounds
    ) async throws -> Bool {
        try await withThrowingTaskGroup(of: Void.self) { orders in
            var hasFetched = false
            while true {
                // Retention by bytes has moved on: what is older than that is not to be fetched any more.
                if let horizon = store.reader.horizon(of: wish.stream), horizon - bounds.range.start > Self.longestShift
                {
                    try await orders.waitForAll()
                    return true
                }
                switch planner.withLock({ $0.next(peer.name) }) {
                case .list(let hour): try await list(hour, of: peer, store, bounds)
                case .fetch(let order):
                    hasFetched = true
                    orders.addTask { try await self.fetch(order, from: peer, into: store) }
                case .wait: _ = try await orders.next()
                case .over:
                    try await orders.waitForAll()
                    return hasFetched
                }
            }
        }
    }

    private func list(
        _ hour: HourSummary, of peer: ReplicationWish.Peer, _ store: ArchiveStorage.ArchiveStore,
        _ bounds: ReplicationBounds
    ) async throws {
        guard let range = hour.range.intersection(bounds.range) else {
            throw ArchiveFailure("an hour outside of what is wanted was to be listed")
        }
        let theirs = try await tools.client.list(of: peer.stream, in: range, at: peer.base, as: wish.identity).segments
        let (reader, stream) = (store.reader, wish.stream)
        let touched = TimeRange(theirs.first?.start ?? range.start, theirs.last?.end ?? range.start)
        let ours = try await tools.threads.runIfActive { try reader.offers(of: stream, touching: touched) }
        let uptime = tools.uptime()
        tell(planner.withLock { $0.listed(peer.name, theirs: theirs, ours: ours, bounds: bounds, at: uptime) })
    }

    // MARK: An order

    private func fetch(
        _ order: FetchOrder, from peer: ReplicationWish.Peer, into store: ArchiveStorage.ArchiveStore
    ) async throws {
        defer { planner.withLock { $0.ended(order.number, from: peer.name) } }
        let isLimited = wish.speed != nil
        try await tools.slots.take(isLimited: isLimited)
        defer { tools.slots.give(isLimited: isLimited) }
        var offers = Dictionary(order.segments.map { ($0.named, $0) }, uniquingKeysWith: { first, _ in first })
        var tracks: [UInt64: FetchedTracks] = [:]
        var current: (offer: OfferedSegment, media: ByteBuffer)?
        try await tools.client.fetch(
            order.segments.map(\.named), of: peer.stream, at: peer.base, as: wish.identity
        ) { event in
            switch event {
            case .tracks(let fingerprint, let bytes):
                tracks[fingerprint] = try FetchedTracks(bytes, fingerprint: fingerprint)
            case .segment(let name, _, let length):
                guard let offer = offers.removeValue(forKey: name), offer.length == length else {
                    throw ArchiveFailure("it sends a segment that was not asked for")
                }
                current = (offer, ByteBufferAllocator().buffer(capacity: length))
            case .media(let part):
                current?.media.writeImmutableBuffer(part)
                let delay = limit.withLock { $0.delay(after: part.readableBytes, at: tools.uptime()) }
                if delay > .zero { try await Task.sleep(for: delay) }
            case .segmentEnd:
                guard let (offer, media) = current else { return }
                current = nil
                let outcome = try await keep(offer, tracks[offer.tracksFingerprint], media, from: peer, in: store)
                let uptime = tools.uptime()
                planner.withLock { $0.received(offer, of: order.number, from: peer.name, outcome, at: uptime) }
            case .missing, .end: break
            }
        }
    }

    private func keep(
        _ offer: OfferedSegment, _ tracks: FetchedTracks?, _ media: ByteBuffer, from peer: ReplicationWish.Peer,
        in store: ArchiveStorage.ArchiveStore
    ) async throws -> StreamReplication.Outcome {
        guard let tracks else { return .wrong("a segment came before its tracks") }
        let fetched: FetchedSegment
        do throws(ArchiveError) {
            fetched = try FetchedSegment(offer, tracks: tracks, bytes: media)
        } catch {
            return .wrong("refused from \(peer.name): \(error.message)")
        }
        switch try await store.keep(fetched, of: wish.stream) {
        case .kept: return .kept
        case .covered: return .covered
        case .declined: return .declined
        }
    }
}
