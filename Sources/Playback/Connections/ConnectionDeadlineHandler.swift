// Closes the connections of clients that are too slow; sits between the HTTP codec and whoever answers.
package import NIOCore
package import NIOHTTP1

/// Feeds `ConnectionDeadlines` with what passes by and looks at the clock every few seconds.
///
/// Its place is behind the pipelining handler and before `MediaRequestHandler`. It bounds every connection, whoever
/// answers: a client that sends nothing, sends without end or takes nothing is closed.
package final class ConnectionDeadlineHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundIn = HTTPServerResponsePart
    package typealias OutboundOut = HTTPServerResponsePart

    /// How often the clock is looked at: a bound may be exceeded by as much.
    private static let period = TimeAmount.seconds(5)
    private static let lookStep = TimeAmount.milliseconds(250)

    private let limits: ConnectionLimits
    private let bufferedBytes: (any Channel) -> Int
    private let acknowledged: (any Channel) -> Int64?
    private var deadlines: ConnectionDeadlines?
    private var timer: Scheduled<Void>?
    /// Told when an answer is over, so that it may take the next request.
    weak var fastPath: FastPathHandler?

    package convenience init(limits: ConnectionLimits = ConnectionLimits()) {
        self.init(limits: limits, bufferedBytes: bufferedWritableBytes)
    }

    /// - Parameters:
    ///   - bufferedBytes: written and not yet taken by the socket.
    ///   - acknowledged: taken by the client since the connection began; asked for only while something is buffered.
    init(
        limits: ConnectionLimits, bufferedBytes: @escaping (any Channel) -> Int,
        acknowledged: @escaping (any Channel) -> Int64? = acknowledgedBytes
    ) {
        self.limits = limits
        self.bufferedBytes = bufferedBytes
        self.acknowledged = acknowledged
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        deadlines = ConnectionDeadlines(limits: limits, at: context.eventLoop.now)
        waitForNextLook(context: context)
    }

    /// All connections of a loop look at the same moments, a few times a second: one wake-up for many of them.
    private func waitForNextLook(context: ChannelHandlerContext) {
        let step = Self.lookStep.nanoseconds
        let steps = (context.eventLoop.now + Self.period).uptimeNanoseconds / UInt64(step) + 1
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: .uptimeNanoseconds(steps * UInt64(step))) {
            let (handler, context) = bound.value
            handler.look(context: context)
        }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    package func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        context.fireChannelInactive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // Players send no body.
            let isUpload = head.method == .POST || head.method == .PUT || head.method == .PATCH
            deadlines?.headReceived(isUpload: isUpload, at: context.eventLoop.now)
        case .body: deadlines?.bodyReceived(at: context.eventLoop.now)
        case .end: deadlines?.requestEndReceived()
        }
        context.fireChannelRead(data)
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            deadlines?.responseEnded(at: context.eventLoop.now)
            fastPath?.answered()
        }
        context.write(data, promise: promise)
    }

    /// A request was answered that never came here.
    func answeredBefore(at now: NIODeadline) { deadlines?.responseEnded(at: now) }

    private func look(context: ChannelHandlerContext) {
        guard timer != nil else { return }
        waitForNextLook(context: context)
        guard context.channel.isActive else { return }
        let buffered = bufferedBytes(context.channel)
        let verdict = deadlines?.check(
            bufferedBytes: buffered, acknowledged: buffered > 0 ? acknowledged(context.channel) : nil,
            at: context.eventLoop.now)
        if case .close = verdict { context.close(promise: nil) }
    }
}
