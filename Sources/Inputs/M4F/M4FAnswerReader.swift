// The answer to one request for live media: a session, a redirect or a refusal.
internal import AsyncHTTPClient
internal import Ingest
internal import M4F
internal import Media
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1

/// Called by the HTTP client on one event loop; the lock is never contended and makes that visible to the compiler.
final class M4FAnswerReader: HTTPClientResponseDelegate, Sendable {
    typealias Response = Void

    /// What of a refusal is read and shown.
    private static let textMax = 2048

    private struct State {
        var receiver: LiveReceiver
        var head: HTTPResponseHead?
        var text = ByteBuffer()
    }

    private let session: M4FSession
    private let question: LiveRequest
    private let nonce: String
    private let state: NIOLockedValueBox<State>

    init(session: M4FSession, question: LiveRequest, nonce: String, receiver: LiveReceiver) {
        self.session = session
        self.question = question
        self.nonce = nonce
        state = NIOLockedValueBox(State(receiver: receiver))
    }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLockedValue { $0.head = head }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let session = session
        guard !session.isStopped else { return task.eventLoop.makeSucceededVoidFuture() }
        let events = state.withLockedValue { state -> [LiveReceiver.Event] in
            var events: [LiveReceiver.Event] = []
            if state.head?.status == .ok {
                state.receiver.receive(
                    buffer, utc: session.clocks.utc(), now: session.clocks.monotonic(), into: &events)
                session.publish(InputCounters(state.receiver.counters))
            } else if state.text.readableBytes < Self.textMax {
                state.text.writeImmutableBuffer(buffer)
            }
            return events
        }
        for event in events { take(event) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws {
        let (head, text) = state.withLockedValue { ($0.head, $0.text) }
        guard let head, head.status != .ok else {
            fail("the server closed the connection", code: .ended)
            return
        }
        let isSigned =
            head.headers.first(name: SignatureHeader.signature).map {
                session.signature.accepts(
                    $0, ofAnswerTo: nonce, status: Int(head.status.code), body: Array(text.readableBytesView))
            } ?? false
        let words = String(decoding: text.readableBytesView.prefix(Self.textMax), as: UTF8.self)
        if head.status == .temporaryRedirect {
            follow(words, isSigned: isSigned)
        } else if isSigned || head.status == .unauthorized || head.status == .forbidden {
            fail(words)
        } else {
            fail("the server answered \(head.status.code) \(head.status.reasonPhrase): it is no Weir, or an older one")
        }
    }

    func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) {
        session.end(HTTPMediaReader.failure(error, name: session.name))
    }

    /// Time has passed.
    func look(task: HTTPClient.Task<Void>) {
        let events = state.withLockedValue { state in
            var events: [LiveReceiver.Event] = []
            state.receiver.tick(now: session.clocks.monotonic(), into: &events)
            return events
        }
        for event in events { take(event) }
    }

    /// A server with the key says who has the stream.
    private func follow(_ location: String, isSigned: Bool) {
        guard isSigned else {
            fail("a redirect is not signed with this server's cluster_key, so it is not followed")
            return
        }
        guard let next = question.redirected, location.hasSuffix(next.target) else {
            fail("the servers redirect without end")
            return
        }
        session.ask(next, at: String(location.dropLast(next.target.count)))
    }

    private func take(_ event: LiveReceiver.Event) {
        switch event {
        case .opened(let opened, let ahead, let uncertainty):
            if opened.stream != question.stream {
                session.emit(
                    .notice(
                        "\(session.name): there is no stream '\(question.stream)' on \(opened.server); its stream "
                            + "'\(opened.stream)', of the same name as this one, is taken: write that name in the URL"))
            }
            if ahead.magnitude > uncertainty + Self.clockTolerance {
                let word = ahead > .zero ? "ahead of" : "behind"
                session.emit(
                    .notice(
                        "\(session.name): the clock of \(opened.server) is \(ahead.magnitude.milliseconds) ms "
                            + "\(word) this server's: synchronise them (NTP)"))
            }
        case .timeline(let anchor): session.emit(.timeline(anchor))
        case .chunk(let chunk): session.emit(.chunk(chunk))
        case .ended(let end): fail(end.reason, code: .ended)
        }
    }

    /// A difference that is told.
    private static let clockTolerance = MediaSpan.seconds(1)

    private func fail(_ reason: String, code: InputFailure.Code = .unreachable) {
        session.end(InputFailure(code: code, message: "\(session.name): \(reason)"))
    }
}

extension InputCounters {
    fileprivate init(_ received: LiveReceiver.Counters) {
        self.init()
        bytes = received.bytes
        packets = received.chunks
    }
}
