// One server's part in the group, alive: gives `ClusterNode` what happens and does what it asks for.
package import Cluster
package import Logging
import M4F
import NIOConcurrencyHelpers
package import NIOCore
import ServiceLifecycle

/// Runs on the event loop that it is given, which should have no media to carry.
package actor ClusterService {
    /// How often captures are looked at. A change of theirs is told to the group this much later at most.
    private static let lookInterval = TimeAmount.milliseconds(200)
    private static let looksPerLoad = 10
    private static let looksPerLocals = 5
    /// A shutdown waits so long for others to take this server's streams over.
    private static let longestDrain = TimeSpan.seconds(4)

    private typealias Job = @Sendable () async -> Void

    package nonisolated let tally: PollTally
    private let eventLoop: any EventLoop
    private let node: NIOLockedValueBox<ClusterNode>
    private let control: any CaptureControl
    private let client: PeerClient
    private let now: @Sendable () -> Moment
    private let logger: Logger
    private let jobs = AsyncStream<Job>.makeStream()
    private var addresses: GroupAddresses
    private var waiting: [PollTicket: CheckedContinuation<PeerReport?, Never>] = [:]
    private var nextTicket: UInt64 = 0
    private var wake: (at: MonotonicTime, task: Scheduled<Void>)?
    private var lastStates: [StreamName: CaptureState] = [:]
    private var lastLoad = PeerLoad()
    private var lastLocals: [StreamName: Bool] = [:]
    private var looks = 0
    private var isEnded = false
    private var drained: CheckedContinuation<Void, Never>?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - settings: checked; names this server among the peers.
    ///   - now: both clocks; the monotonic one must never go back.
    package init(
        settings: ClusterSettings, addresses: GroupAddresses, instance: InstanceID, software: String,
        control: any CaptureControl, client: PeerClient, eventLoop: any EventLoop,
        now: @escaping @Sendable () -> Moment, tally: PollTally = PollTally(), logger: Logger
    ) {
        self.tally = tally
        self.eventLoop = eventLoop
        self.addresses = addresses
        self.control = control
        self.client = client
        self.now = now
        self.logger = logger
        node = NIOLockedValueBox(ClusterNode(settings: settings, instance: instance, software: software, at: now()))
    }

    // MARK: - For any thread

    package nonisolated var snapshot: ClusterSnapshot { node.withLockedValue { $0.snapshot() } }

    /// What is known of one stream of the group; fast enough for a player's request.
    package nonisolated func stream(named name: StreamName) -> ClusterSnapshot.Stream? {
        node.withLockedValue { $0.stream(named: name) }
    }

    /// Where a viewer of a stream should go; fast enough for a player's request.
    package nonisolated func place(of name: StreamName) -> StreamPlace {
        node.withLockedValue { $0.place(of: name) }
    }

    // MARK: - Life

    /// Runs until the graceful shutdown of the task's service group.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [jobs] in
                await withDiscardingTaskGroup { running in
                    for await job in jobs.stream { running.addTask { await job() } }
                    running.cancelAll()
                }
            }
            handle(.wake)
            look()
            try? await gracefulShutdown()
            await leave()
            end()
        }
        do { try await client.shutdown() } catch {
            logger.warning("the connections to the peers did not end well", metadata: ["error": "\(error)"])
        }
    }

    /// An orderly end gives the streams away first, if somebody is there to take them, and goes on answering until they have them:
    /// who had not heard that a stream was let go would wait for this server's `stale_timeout`.
    private func leave() async {
        handle(.drainRequested)
        guard snapshot.peers.contains(where: { $0.state == .alive }), !control.captureStates().isEmpty else { return }
        await withCheckedContinuation { continuation in
            drained = continuation
            eventLoop.scheduleTask(in: .microseconds(Self.longestDrain.microseconds)) {
                self.assumeIsolated { $0.stopWaiting() }
            }
        }
    }

    private func stopWaiting() {
        drained?.resume()
        drained = nil
    }

    private func end() {
        isEnded = true
        wake?.task.cancel()
        for continuation in waiting.values { continuation.resume(returning: nil) }
        waiting = [:]
        jobs.continuation.finish()
    }

    // MARK: - Events

    /// Settings of a reload: what did not change is not touched.
    package func apply(_ settings: ClusterSettings, _ addresses: GroupAddresses) {
        self.addresses = addresses
        handle(.settingsChanged(settings))
    }

    package func setDraining(_ isDraining: Bool) { handle(isDraining ? .drainRequested : .drainCancelled) }

    /// A peer polls: waits for a change, at most as long as the message says. Nil when this server is ending.
    package func report(for message: PollMessage) async -> PeerReport? {
        guard !isEnded else { return nil }
        nextTicket += 1
        let ticket = PollTicket(nextTicket)
        let hold = min(max(.zero, .milliseconds(message.hold)), PollWire.longestHold)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiting[ticket] = continuation
                handle(.pollReceived(ticket, from: message.sender, known: message.known, hold: hold))
            }
        } onCancel: {
            eventLoop.execute { self.assumeIsolated { $0.abandon(ticket) } }
        }
    }

    private func abandon(_ ticket: PollTicket) {
        guard let continuation = waiting.removeValue(forKey: ticket) else { return }
        continuation.resume(returning: nil)
        handle(.pollAbandoned(ticket))
    }

    /// Captures are looked at now: something happened to one of them.
    package func lookAtCaptures() {
        guard !isEnded else { return }
        var states: [StreamName: CaptureState] = [:]
        for state in control.captureStates().sorted(by: { $0.stream < $1.stream }) {
            states[state.stream] = state
            let last = lastStates[state.stream]
            if last?.health != state.health { handle(.captureChanged(state.stream, state.health)) }
            if let continuation = state.continuation, last?.continuation.map({ $0.isNews(continuation) }) ?? true {
                handle(.continuationChanged(state.stream, continuation))
            }
        }
        lastStates = states
    }

    private func look() {
        guard !isEnded else { return }
        lookAtCaptures()
        looks += 1
        if looks % Self.looksPerLocals == 1 {
            let locals = control.localStreams()
            if locals != lastLocals {
                lastLocals = locals
                handle(.localStreamsChanged(locals))
            }
        }
        if looks % Self.looksPerLoad == 1 {
            let load = control.load()
            if load != lastLoad {
                lastLoad = load
                handle(.loadChanged(load))
            }
        }
        eventLoop.scheduleTask(in: Self.lookInterval) { self.assumeIsolated { $0.look() } }
    }

    private func handle(_ event: NodeEvent) {
        guard !isEnded else { return }
        let effects = node.withLockedValue { $0.handle(event, at: now()) }
        for effect in effects { perform(effect) }
        if drained != nil, node.withLockedValue({ $0.hasGivenAllAway }) { stopWaiting() }
    }

    // MARK: - Effects

    private func perform(_ effect: NodeEffect) {
        switch effect {
        case .poll(let request): poll(request)
        case .answer(let ticket, let report): waiting.removeValue(forKey: ticket)?.resume(returning: report)
        case .startCapture(let stream, _, let reason, let continuation):
            // What was seen of an earlier capture says nothing of this one.
            lastStates[stream] = nil
            if !control.startCapture(of: stream, reason: reason, continuing: continuation) {
                eventLoop.execute {
                    self.assumeIsolated {
                        $0.handle(.captureStopped(stream, reason: "the stream is not in this server's settings"))
                    }
                }
            }
        case .stopCapture(let stream, let reason):
            sayWhereItStands(stream)
            add { service in
                await service.control.stopCapture(of: stream, reason: reason)
                await service.handle(.captureStopped(stream, reason: nil))
            }
        case .event(let event): control.happened(event)
        case .wake(let time): wake(at: time)
        }
    }

    /// The next server counts on from the newest numbers.
    private func sayWhereItStands(_ stream: StreamName) {
        guard let state = control.captureStates().first(where: { $0.stream == stream }),
            let continuation = state.continuation
        else { return }
        eventLoop.execute { self.assumeIsolated { $0.handle(.continuationChanged(stream, continuation)) } }
    }

    private func poll(_ request: PollRequest) {
        guard let place = addresses.places[request.peer] else { return }
        let message = PollMessage(
            sender: node.withLockedValue { $0.settings.own }, known: request.known, hold: request.hold)
        let signature = PeerSignature(key: addresses.key)
        add { service in
            do throws(PollFailure) {
                var bytes = 0
                let report = try await service.client.poll(
                    message, at: place, signature: signature, timeout: request.timeout, received: { bytes = $0 })
                service.tally.polled(request.peer, bytes: bytes)
                await service.handle(.pollAnswered(request.peer, request.id, report))
            } catch {
                service.tally.polled(request.peer, bytes: nil)
                await service.handle(.pollFailed(request.peer, request.id, error))
            }
        }
    }

    private func add(_ job: @escaping @Sendable (ClusterService) async -> Void) {
        jobs.continuation.yield { [self] in await job(self) }
    }

    /// One timer at a time: only an earlier time needs a new one, a later one is asked for again when this one fires.
    private func wake(at time: MonotonicTime) {
        if let wake {
            guard time < wake.at else { return }
            wake.task.cancel()
        }
        let delay = max(.zero, time - now().monotonic)
        let task = eventLoop.scheduleTask(in: .microseconds(delay.microseconds)) { self.assumeIsolated { $0.woke() } }
        wake = (time, task)
    }

    private func woke() {
        wake = nil
        handle(.wake)
    }
}
