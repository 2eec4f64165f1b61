// Decides when a client is too slow to be kept: a machine over one connection's requests and responses.
package import NIOCore

/// How long a connection may take for what. Each bound ends in closing the connection, without an answer.
package struct ConnectionLimits: Hashable, Sendable {
    /// From the connection's begin, or from the end of the last response, to a whole request head.
    package var requestHead: TimeAmount
    /// From a request's head to its end; of what is sent up, from one piece of the body to the next.
    package var requestBody: TimeAmount
    /// From the head to the end of what is sent up (POST, PUT, PATCH).
    package var upload: TimeAmount
    /// While a response is under way: without a single byte taken by the client.
    package var writeStall: TimeAmount

    package init(
        requestHead: TimeAmount = .seconds(30), requestBody: TimeAmount = .seconds(10),
        upload: TimeAmount = .seconds(60), writeStall: TimeAmount = .seconds(20)
    ) {
        self.requestHead = requestHead
        self.requestBody = requestBody
        self.upload = upload
        self.writeStall = writeStall
    }
}

/// States of a connection:
///
///     awaitingRequest ── head ─► receiving ── end ─► responding ── response end ─► awaitingRequest
///
/// `check` is called every few seconds; it compares what the client has taken with the last look.
struct ConnectionDeadlines {
    enum Verdict: Hashable {
        case keep
        case close(reason: String)
    }

    private enum State {
        case awaitingRequest(since: NIODeadline)
        case receiving(since: NIODeadline)
        case receivingUpload(since: NIODeadline, progressAt: NIODeadline)
        case responding
    }

    private var state: State
    private let limits: ConnectionLimits
    private var bufferedBytes = 0
    private var acknowledged: Int64?
    private var progressAt: NIODeadline

    init(limits: ConnectionLimits, at now: NIODeadline) {
        self.limits = limits
        state = .awaitingRequest(since: now)
        progressAt = now
    }

    mutating func headReceived(isUpload: Bool = false, at now: NIODeadline) {
        state = isUpload ? .receivingUpload(since: now, progressAt: now) : .receiving(since: now)
    }

    mutating func bodyReceived(at now: NIODeadline) {
        if case .receivingUpload(let since, _) = state { state = .receivingUpload(since: since, progressAt: now) }
    }

    mutating func requestEndReceived() {
        switch state {
        case .receiving, .receivingUpload: state = .responding
        case .awaitingRequest, .responding: break
        }
    }

    mutating func responseEnded(at now: NIODeadline) { state = .awaitingRequest(since: now) }

    /// Nothing that waits is progress, and so is whatever the client has taken since the last look.
    ///
    /// - Parameters:
    ///   - bufferedBytes: what is written but not yet taken by our socket.
    ///   - acknowledged: what the client has taken since the connection began, while something waits. nil where that is not
    ///     known: then fewer bytes that wait are progress.
    mutating func check(bufferedBytes now: Int, acknowledged: Int64?, at time: NIODeadline) -> Verdict {
        let hasTaken =
            if let acknowledged, let last = self.acknowledged { acknowledged > last } else { now < bufferedBytes }
        if now == 0 || bufferedBytes == 0 || hasTaken { progressAt = time }
        bufferedBytes = now
        self.acknowledged = acknowledged
        if time - progressAt >= limits.writeStall { return .close(reason: "client takes no bytes") }
        switch state {
        case .awaitingRequest(let since) where now == 0 && time - since >= limits.requestHead:
            return .close(reason: "no request")
        case .receiving(let since) where time - since >= limits.requestBody:
            return .close(reason: "request does not end")
        case .receivingUpload(let since, let progressAt)
        where time - since >= limits.upload || time - progressAt >= limits.requestBody:
            return .close(reason: "request does not end")
        default: return .keep
        }
    }
}
