// Makes Hummingbird's part of a connection when a request comes that is for it: most connections of viewers never need one.
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Playback

/// A connection as Hummingbird's server keeps it: its part comes later, or never.
struct SharedConnection: ServerChildChannelValue {
    typealias Inner = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let channel: any Channel
    /// Hummingbird's part; nil when the connection ended without one.
    let inner: EventLoopFuture<Inner?>
}

/// Stands where Hummingbird's handlers will be, and makes way for them with the first request that gets here.
///
/// An asynchronous channel costs several kilobytes and four handlers, which thousands of viewers would have for nothing.
final class HummingbirdEntrance: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let isSecure: Bool
    private var promise: EventLoopPromise<SharedConnection.Inner?>?

    init(isSecure: Bool, promise: EventLoopPromise<SharedConnection.Inner?>) {
        self.isSecure = isSecure
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let promise else {
            context.fireChannelRead(data)
            return
        }
        self.promise = nil
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: isSecure))
            promise.succeed(
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: context.channel,
                    configuration: .init(isOutboundHalfClosureEnabled: true)))
            context.fireChannelRead(data)
            pipeline.removeHandler(context: context, promise: nil)
        } catch {
            promise.fail(error)
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Hummingbird ends a connection whose client sends nothing more, and so does its entrance.
        if promise != nil, case .inputClosed? = event as? ChannelEvent { closeWhenTaken(context.channel) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        giveUp()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { giveUp() }

    private func giveUp() {
        promise?.succeed(nil)
        promise = nil
    }
}
