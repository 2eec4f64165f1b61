// One port for everything: media requests are answered by Playback's handler, all others go on to Hummingbird.
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// The child channel of Weir's listeners (`docs/decisions/0002-media-requests-before-hummingbird.md`).
///
/// ```
/// bytes ─ fast path ─ HTTP/1.1 codec ─ pipelining ─ broken requests ─ media handler ─ entrance ─ bridge to HTTP types ─ Hummingbird
/// ```
/// NIO's pipelining handler reads the next request only when the answer to the last one is complete, whoever gave it, so
/// the two ways of answering never mix.
struct SharedPortChannel: ServerChildChannel, HTTPChannelHandler {
    typealias Value = SharedConnection

    let responder: HTTPChannelHandler.Responder
    /// Makes the handlers of one connection that stand before Hummingbird: deadlines, media answers.
    let makeHandlers: @Sendable () -> ConnectionHandlers
    let isSecure: Bool

    /// Bounds of what a client may send as a request head; beyond them `BrokenRequestHandler` answers 431.
    private static var decoderLimits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 << 10
        limits.maxHeaderListSize = 64 << 10
        limits.maxHeaderFieldCount = 100
        return limits
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            // The buffer stays with the connection: players send a few hundred bytes, and who sends more gets a larger one.
            try channel.syncOptions?.setOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 512, maximum: 64 << 10))
            let pipeline = channel.pipeline.syncOperations
            let handlers = makeHandlers()
            try pipeline.addHandlers(handlers.beforeCodec)
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: true,
                withErrorHandling: false,
                withOutboundHeaderValidation: true,
                withEncoderConfiguration: .init(),
                withDecoderLimitConfiguration: Self.decoderLimits)
            try pipeline.addHandler(BrokenRequestHandler())
            try pipeline.addHandlers(handlers.behindCodec)
            let promise = channel.eventLoop.makePromise(of: SharedConnection.Inner?.self)
            do {
                try pipeline.addHandler(HummingbirdEntrance(isSecure: isSecure, promise: promise))
            } catch {
                promise.fail(error)
                throw error
            }
            return SharedConnection(channel: channel, inner: promise.futureResult)
        }
    }

    func handle(value: SharedConnection, logger: Logger) async {
        let channel = value.channel
        let inner: SharedConnection.Inner?
        do {
            inner = try await withTaskCancellationHandler {
                try await value.inner.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            logger.debug("a connection could not be passed on: \(error)")
            return
        }
        if let inner { await handleHTTP(asyncChannel: inner, logger: logger) }
    }
}
