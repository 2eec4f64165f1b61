// One session with another server: asks, follows signed redirects, hands on what the receiver makes of the answer.
internal import AsyncHTTPClient
internal import Ingest
internal import M4F
internal import Media
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1

/// The handle of an open m4f:// input. Its events come from one event loop at a time.
final class M4FSession: InputSession {
    /// How often silence is looked for.
    private static let lookInterval = TimeAmount.seconds(1)

    private struct Asked {
        var task: HTTPClient.Task<Void>
        var connection: SourceConnection
    }

    private struct State {
        var asked: Asked?
        var timer: RepeatedTask?
        var isOver = false
    }

    let name: String
    let own: PassedServer
    let signature: PeerSignature
    let clocks: M4FClocks
    private let client: HTTPClient
    private let counting = SessionState()
    private let deliver: @Sendable (InputEvent) -> Void
    private let state = NIOLockedValueBox(State())

    init(
        name: String, client: HTTPClient, own: PassedServer, signature: PeerSignature, clocks: M4FClocks,
        deliver: @escaping @Sendable (InputEvent) -> Void
    ) {
        self.name = name
        self.client = client
        self.own = own
        self.signature = signature
        self.clocks = clocks
        self.deliver = deliver
    }

    var counters: InputCounters { counting.counters }
    var isStopped: Bool { counting.isStopped }

    func stop(whenClosed closed: @escaping @Sendable () -> Void) {
        _ = counting.stop()
        guard let asked = release() else { return closed() }
        asked.connection.end(asked.task, whenClosed: closed)
    }

    /// Asks the server at `base` (`http://host:port`). Never delivers from within.
    func ask(_ question: LiveRequest, at base: String) {
        var random = SystemRandomNumberGenerator()
        let utc = clocks.utc()
        let target = question.target
        let (fields, nonce) = signature.headers(
            method: "GET", path: target, sender: own.name, at: utc, using: &random)
        let request: HTTPClient.Request
        do {
            request = try HTTPClient.Request(
                url: base + target, headers: HTTPHeaders(fields.map { ($0.name, $0.value) }))
        } catch {
            let failure = InputFailure(
                code: .misconfigured, message: "\(name): leads to \(base), which is no address of a server")
            client.eventLoopGroup.any().execute { self.end(failure) }
            return
        }
        let reader = M4FAnswerReader(
            session: self, question: question, nonce: nonce,
            receiver: LiveReceiver(
                own: own, nonce: nonce, signature: signature, askedAt: utc, now: clocks.monotonic()))
        let connection = SourceConnection()
        let task = client.execute(request: connection.marked(request), delegate: reader)
        task.futureResult.whenComplete { result in
            connection.forget()
            // Some failures are told to the task only.
            if case .failure(let error) = result { reader.didReceiveError(task: task, error) }
        }
        let timer = task.eventLoop.scheduleRepeatedTask(
            initialDelay: Self.lookInterval, delay: Self.lookInterval
        ) { [weak reader] _ in reader?.look(task: task) }
        let isWanted = state.withLockedValue { state in
            state.timer?.cancel()
            guard !state.isOver else { return false }
            state.asked = Asked(task: task, connection: connection)
            state.timer = timer
            return true
        }
        guard !isWanted || isStopped else { return }
        timer.cancel()
        connection.end(task) {}
    }

    func emit(_ event: InputEvent) {
        if !isStopped { deliver(event) }
    }

    func publish(_ counters: InputCounters) { _ = counting.publish(counters) }

    /// The session is over; only the first reason counts.
    func end(_ failure: InputFailure) {
        let isFirst = state.withLockedValue { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard isFirst else { return }
        emit(.ended(failure))
        release()?.task.cancel()
    }

    private func release() -> Asked? {
        state.withLockedValue { state in
            state.isOver = true
            state.timer?.cancel()
            state.timer = nil
            defer { state.asked = nil }
            return state.asked
        }
    }
}
