// The answer of a tshttp:// input: its status, its media, its end.
internal import AsyncHTTPClient
internal import Ingest
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Called by the HTTP client on one event loop; the lock is never contended and makes that visible to the compiler.
final class HTTPMediaReader: HTTPClientResponseDelegate, Sendable {
    typealias Response = Void

    /// What the media did so far.
    struct Progress: Sendable {
        var parser: any MediaParser
        var counters = InputCounters()
        /// The first bytes, until it is known that they are a transport stream; then nil.
        var unknown: [UInt8]? = []
        var isOver = false
    }

    private let name: String
    private let state: SessionState
    private let deliver: @Sendable (InputEvent) -> Void
    private let progress: NIOLockedValueBox<Progress>

    init(
        name: String, parser: any MediaParser, state: SessionState,
        deliver: @escaping @Sendable (InputEvent) -> Void
    ) {
        self.name = name
        self.state = state
        self.deliver = deliver
        progress = NIOLockedValueBox(Progress(parser: parser))
    }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        guard head.status == .ok else {
            let hint =
                switch head.status {
                case .unauthorized, .forbidden: "; give user and password in the URL, or ask its operator"
                case .notFound: "; check the path"
                default: ""
                }
            return refuse(
                task,
                InputFailure(
                    code: .unreachable,
                    message: "\(name): the server answered \(head.status.code) \(head.status.reasonPhrase)\(hint)"))
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        guard !state.isStopped else { return task.eventLoop.makeSucceededVoidFuture() }
        let (isMedia, events) = progress.withLockedValue { $0.take(buffer, state: state) }
        for event in events { deliver(event) }
        guard isMedia else {
            return refuse(
                task,
                InputFailure(
                    code: .unsupportedMedia, message: "\(name): answers with something that is not a transport stream"))
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws {
        let (bytes, events) = progress.withLockedValue { progress in
            progress.parser.finish()
            return (progress.counters.bytes, progress.parser.takeEvents())
        }
        for event in events where !state.isStopped { deliver(event) }
        end(InputFailure(code: .ended, message: "\(name): the server ended the stream after \(bytes) bytes"))
    }

    func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) {
        end(Self.failure(error, name: name))
    }

    /// An operator's words for what the client throws.
    static func failure(_ error: any Error, name: String) -> InputFailure {
        let reason: String
        switch error {
        case let error as HTTPClientError where error == .connectTimeout: reason = "it did not answer in time"
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            reason = "the server closed the connection"
        case let error as HTTPClientError where [.redirectLimitReached, .redirectCycleDetected].contains(error):
            reason = "the server redirects without end"
        case let error as NIOConnectionError:
            let causes = error.connectionErrors.map { "\($0.target.ipAddress ?? "?"): \($0.error)" }
            reason =
                causes.isEmpty
                ? "host \(error.host) was not found" : "cannot connect (\(causes.joined(separator: "; ")))"
        case let error as IOError: reason = "cannot connect or went away (\(errorText(error.errnoCode)))"
        default: reason = "\(error)"
        }
        return InputFailure(code: .unreachable, message: "\(name): \(reason)")
    }

    private func refuse(_ task: HTTPClient.Task<Void>, _ failure: InputFailure) -> EventLoopFuture<Void> {
        end(failure)
        task.cancel()
        return task.eventLoop.makeSucceededVoidFuture()
    }

    private func end(_ failure: InputFailure) {
        let isFirst = progress.withLockedValue { progress in
            defer { progress.isOver = true }
            return !progress.isOver
        }
        if isFirst, !state.isStopped { deliver(.ended(failure)) }
    }
}

extension HTTPMediaReader.Progress {
    /// False when the bytes are no transport stream.
    mutating func take(_ buffer: ByteBuffer, state: SessionState) -> (isMedia: Bool, events: [InputEvent]) {
        guard !isOver else { return (true, []) }
        counters.packets += 1
        counters.bytes += UInt64(buffer.readableBytes)
        if var begin = unknown {
            begin.append(contentsOf: buffer.readableBytesView)
            guard begin.count >= TransportStreamSniffer.sufficientBytes else {
                unknown = begin
                return (true, [])
            }
            guard TransportStreamSniffer.isTransportStream(begin.prefix(4096)) else { return (false, []) }
            unknown = nil
            begin.withUnsafeBytes { parser.feed($0) }
        } else {
            buffer.withUnsafeReadableBytes { parser.feed($0) }
        }
        parser.report(into: &counters)
        _ = state.publish(counters)
        return (true, parser.takeEvents())
    }
}
