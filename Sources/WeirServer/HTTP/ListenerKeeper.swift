// Keeps the listening ports those of the configuration: opens and closes them while the server runs.
import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
import SettingsLanguage

/// All listeners as one service. Those of the start must open, or the server does not start; those of a reload must open, or
/// the reload is refused. One that closes by itself is opened again, when the connections that it had have ended.
final class ListenerKeeper: Service {
    /// Makes the service of one port, which calls `opened` once the port is open.
    typealias Making = @Sendable (_ listener: ListenerSettings, _ opened: @escaping @Sendable () -> Void) -> any Service

    private struct Order: Sendable {
        var listener: ListenerSettings
        var answer: Answer
    }

    private let first: [ListenerSettings]
    private let certificates: ServerCertificates
    private let make: Making
    /// Before a port is opened again.
    private let pause: Duration
    private let logger: Logger
    private let open = NIOLockedValueBox<[ListenerSettings: ServiceGroup]>([:])
    private let orders = AsyncStream.makeStream(of: Order.self)

    init(
        _ first: [ListenerSettings], certificates: ServerCertificates, logger: Logger,
        pause: Duration = .seconds(1), make: @escaping Making
    ) {
        self.first = first
        self.certificates = certificates
        self.logger = logger
        self.make = make
        self.pause = pause
    }

    func run() async throws {
        try await withThrowingDiscardingTaskGroup { tasks in
            for listener in first {
                tasks.addTask {
                    do {
                        try await self.serve(listener) {}
                    } catch {
                        // Ends the loop below too: the server does not start without one of its ports.
                        self.orders.continuation.finish()
                        throw error
                    }
                }
            }
            for await order in orders.stream.cancelOnGracefulShutdown() {
                tasks.addTask {
                    do {
                        try await self.serve(order.listener) { order.answer.give(.success(())) }
                        order.answer.give(.failure(LaunchError("the server is shutting down")))
                    } catch {
                        order.answer.give(.failure(error))
                    }
                }
            }
        }
    }

    /// Makes the open ports those of `listeners`, with the certificates that are in their files now. Connections of a port that
    /// is closed end with the answer that is under way, or at once where there is none; endless answers go on until they end by
    /// themselves.
    ///
    /// Returns what was done, one line for each port. Throws `LaunchError` when a port cannot be opened or a certificate cannot be
    /// used; nothing has changed then.
    func apply(_ listeners: [ListenerSettings]) async throws -> [String] {
        let now = open.withLockedValue { Set($0.keys) }
        let closing = now.filter { !listeners.contains($0) }
        let opening = listeners.filter { !now.contains($0) }
        // A port of which only the certificate or the address is another can be opened only when it has been closed.
        let replacing = opening.filter { new in closing.contains { $0.collides(with: new) } }
        let renewed = try certificates.renewed(listeners.filter(now.contains).compactMap(\.tls))
        var opened: [ListenerSettings] = []
        do {
            for listener in opening where !replacing.contains(listener) {
                try await start(listener)
                opened.append(listener)
            }
        } catch {
            for listener in opened { await stop(listener) }
            throw error
        }
        for listener in closing { await stop(listener) }
        for listener in replacing { try await startAgain(listener) }
        certificates.show(renewed)
        return closing.map { "port \($0.place) closed" }.sorted() + opening.map { "port \($0.place) opened" }
            + renewed.keys.map { "certificate \($0.certificate) read anew" }.sorted()
    }

    /// Serves until the port is taken away or the server ends. Throws when the port cannot be opened at first.
    private func serve(_ listener: ListenerSettings, opened: @escaping @Sendable () -> Void) async throws {
        let wasOpen = NIOLockedValueBox(false)
        var last: ServiceGroup?
        defer {
            open.withLockedValue { if $0[listener] === last { $0[listener] = nil } }
        }
        while true {
            let group = group(listener) {
                wasOpen.withLockedValue { $0 = true }
                opened()
            }
            let isWanted = open.withLockedValue { groups in
                // A reload may have taken the port away since it closed.
                guard last == nil || groups[listener] === last else { return false }
                groups[listener] = group
                return true
            }
            guard isWanted else { return }
            last = group
            var reason = "the system takes no connections for it"
            do {
                try await group.run()
            } catch let error where wasOpen.withLockedValue({ $0 }) && !Task.isCancelled {
                reason = "\(error)"
            }
            // A port that is taken away is forgotten before it is closed.
            guard open.withLockedValue({ $0[listener] === group }), !Task.isShuttingDownGracefully, !Task.isCancelled
            else { return }
            logger.error("port \(listener.place) closed by itself and will be opened again: \(reason)")
            // It fails when the server ends, and then the port is wanted no more.
            guard (try? await cancelWhenGracefulShutdown { try await ContinuousClock().sleep(for: self.pause) }) != nil
            else { return }
        }
    }

    private func group(_ listener: ListenerSettings, opened: @escaping @Sendable () -> Void) -> ServiceGroup {
        let service = ServiceGroupConfiguration.ServiceConfiguration(
            service: make(listener, opened), successTerminationBehavior: .gracefullyShutdownGroup)
        return ServiceGroup(configuration: ServiceGroupConfiguration(services: [service], logger: logger))
    }

    private func start(_ listener: ListenerSettings) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let answer = Answer(continuation)
            if case .terminated = orders.continuation.yield(Order(listener: listener, answer: answer)) {
                answer.give(.failure(LaunchError("the server is shutting down")))
            }
        }
    }

    private func stop(_ listener: ListenerSettings) async {
        let group = open.withLockedValue { $0.removeValue(forKey: listener) }
        await group?.triggerGracefulShutdown()
    }

    /// The port is free a moment after its listener was told to stop.
    private func startAgain(_ listener: ListenerSettings) async throws {
        for _ in 0..<50 {
            if (try? await start(listener)) != nil { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        try await start(listener)
    }

    /// An answer that is given once, by whoever is first.
    private final class Answer: Sendable {
        private let continuation: NIOLockedValueBox<CheckedContinuation<Void, any Error>?>

        init(_ continuation: CheckedContinuation<Void, any Error>) {
            self.continuation = NIOLockedValueBox(continuation)
        }

        func give(_ result: Result<Void, any Error>) {
            let waiting = continuation.withLockedValue { waiting in
                defer { waiting = nil }
                return waiting
            }
            waiting?.resume(with: result)
        }
    }
}
