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
/// bytes ─ HTTP/1.1 codec ─ pipelining ─ broken requests ─ media handler ─ bridge to HTTP types ─ Hummingbird
/// ```
/// NIO's pipelining handler reads the next request only when the answer to the last one is complete, whoever gave it, so
/// the two ways of answering never mix.
struct SharedPortChannel: ServerChildChannel, HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: HTTPChannelHandler.Responder
    /// Makes the handlers of one connection that stand before Hummingbird: deadlines, media answers.
    let makeHandlers: @Sendable () -> [any ChannelHandler]
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
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: true,
                withErrorHandling: false,
                withOutboundHeaderValidation: true,
                withEncoderConfiguration: .init(),
                withDecoderLimitConfiguration: Self.decoderLimits)
            try pipeline.addHandler(BrokenRequestHandler())
            try pipeline.addHandlers(makeHandlers())
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: isSecure))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value asyncChannel: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: asyncChannel, logger: logger)
    }
}
