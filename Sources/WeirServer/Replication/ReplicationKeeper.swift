// The replication of all streams of the configuration, as a service: who is replicated, how it goes, in which mode.
import Archive
import ArchiveStorage
import LiveStream
import Logging
import ManagementAPI
import Media
import NIOConcurrencyHelpers
import PeerLink
import ServiceLifecycle
import SettingsLanguage

/// Starts and stops replicators as the configuration says. May be used from any thread.
final class ReplicationKeeper: Service {
    /// How one replicated stream does.
    struct Sight: Sendable {
        var mode: ReplicationModeFinder
        var peers: [(peer: String, progress: ReplicationProgress)]

        var isRunning: Bool { peers.contains { $0.progress.state == .catchingUp } }
        /// What is missing; several servers have the same.
        var remaining: MediaSpan { peers.map(\.progress.remaining).max() ?? .zero }
    }

    private struct State {
        var wishes: [ReplicationWish] = []
        var replicators: [String: StreamReplicator] = [:]
        var modes: [String: ReplicationModeFinder] = [:]
        var tasks: [String: Task<Void, Never>] = [:]
    }

    /// How often configuration and modes are looked at.
    private static let period = Duration.milliseconds(500)

    private let state = NIOLockedValueBox(State())
    private let tools: ReplicationTools
    private let own: PeerSettings?
    private let name: String
    private let liveStatus: @Sendable (_ stream: String) -> LiveStreamStatus?
    private let report: @Sendable (_ kind: String, _ stream: String, _ peer: String?, _ reason: String) -> Void

    init(
        own: PeerSettings?, name: String, tools: ReplicationTools,
        liveStatus: @escaping @Sendable (_ stream: String) -> LiveStreamStatus?,
        report: @escaping @Sendable (_ kind: String, _ stream: String, _ peer: String?, _ reason: String) -> Void
    ) {
        self.own = own
        self.name = name
        self.tools = tools
        self.liveStatus = liveStatus
        self.report = report
    }

    /// Streams that did not change go on as they are.
    func apply(_ settings: ServerSettings) {
        let wishes = ReplicationWish.all(in: settings, own: own, name: name)
        state.withLockedValue { $0.wishes = wishes }
    }

    /// Nil for a stream that is not replicated.
    func sight(of stream: String) -> Sight? {
        let (replicator, mode) = state.withLockedValue { ($0.replicators[stream], $0.modes[stream]) }
        guard let replicator, let mode else { return nil }
        return Sight(mode: mode, peers: replicator.progress())
    }

    /// By name.
    var sights: [(stream: String, sight: Sight)] {
        state.withLockedValue { $0.replicators.keys.sorted() }.compactMap { name in
            sight(of: name).map { (name, $0) }
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.reconcile()
                self.observeModes()
                // Cancellation is the only way in which the sleep fails, and it is how this service ends.
                try? await Task.sleep(for: Self.period)
            }
        }
        let tasks = state.withLockedValue { Array($0.tasks.values) }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        do { try await tools.client.shutdown() } catch { report("replication_failed", "", nil, "\(error)") }
    }

    /// Replicators of streams that are gone or changed end before others begin: one archive has one at a time.
    private func reconcile() async {
        let (wishes, running) = state.withLockedValue { ($0.wishes, $0.replicators) }
        let wanted = Dictionary(wishes.map { ($0.stream, $0) }, uniquingKeysWith: { first, _ in first })
        for (name, replicator) in running where wanted[name] != replicator.wish {
            let task = state.withLockedValue { state in
                state.replicators[name] = nil
                state.modes[name] = nil
                return state.tasks.removeValue(forKey: name)
            }
            task?.cancel()
            await task?.value
        }
        state.withLockedValue { state in
            for wish in wishes where state.tasks[wish.stream] == nil {
                let replicator = StreamReplicator(wish, tools: tools) { [weak self] in self?.observe(wish.stream) }
                state.replicators[wish.stream] = replicator
                state.modes[wish.stream] = ReplicationModeFinder(at: tools.utc())
                // Ends with this service: `run` cancels it and waits for it.
                state.tasks[wish.stream] = Task { await replicator.run() }
            }
        }
    }

    private func observeModes() {
        for name in state.withLockedValue({ $0.replicators.keys.sorted() }) { observe(name) }
    }

    /// Looks at the mode of a stream: regularly, and whenever its replication begins or ends something.
    private func observe(_ name: String) {
        guard let replicator = state.withLockedValue({ $0.replicators[name] }) else { return }
        let sighting = ReplicationModeFinder.Sighting(
            replicator.progress(), live: liveStatus(name),
            isFromPeer: { url in replicator.wish.inputs.contains(url) })
        let changed = state.withLockedValue { state -> ReplicationModeFinder? in
            guard var mode = state.modes[name] else { return nil }
            let isOther = mode.observe(sighting, at: tools.utc())
            state.modes[name] = mode
            return isOther ? mode : nil
        }
        if let changed { report("mode_changed", name, nil, "\(changed.mode.rawValue) mode: \(changed.reason)") }
    }
}

extension ReplicationModeFinder.Sighting {
    /// - Parameter isFromPeer: whether an input's URL is that of another Weir server.
    init(
        _ peers: [(peer: String, progress: ReplicationProgress)], live: LiveStreamStatus?,
        isFromPeer: (String) -> Bool
    ) {
        var lost: String?
        if let live, let active = live.activeInput {
            let better = live.inputs.enumerated().filter { index, input in
                index != active && input.priority < live.inputs[active].priority && isFromPeer(input.url)
            }
            lost = better.first.map { SecretPrinting.hidden.url($0.element.url) }
        }
        self.init(
            isCatchingUp: peers.contains { $0.progress.state == .catchingUp },
            remaining: peers.map(\.progress.remaining).max() ?? .zero,
            unreachable: peers.filter { $0.progress.state == .unreachable }.map {
                ($0.peer, $0.progress.lastError ?? "no answer")
            },
            diverged: peers.filter { $0.progress.state == .diverged }.map {
                ($0.peer, $0.progress.lastError ?? "wrong bytes")
            }, lostInput: lost)
    }
}

extension ReplicationEvent {
    /// Kind, peer and reason as events tell them.
    var telling: (kind: String, peer: String, reason: String) {
        switch self {
        case .started(let peer, let media, let bytes):
            ("replication_started", peer, "\(media.milliseconds / 1000) s (\(bytes) bytes) are missing and are fetched")
        case .finished(let peer, let media, let bytes):
            (
                "replication_finished", peer,
                "\(media.milliseconds / 1000) s (\(bytes) bytes) were fetched: the archives agree"
            )
        case .failed(let peer, let reason): ("replication_failed", peer, reason)
        case .clockDiffers(let peer, let ahead):
            (
                "clock_differs", peer,
                "its clock is \(ahead.magnitude.milliseconds) ms \(ahead > .zero ? "ahead of" : "behind") this server's: "
                    + "synchronise them (NTP)"
            )
        }
    }
}
