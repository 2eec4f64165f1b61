// Waits until a client has taken what was written to it.
package import NIOCore

/// Ends `channel` once its client has taken all that was written. For who stands behind the HTTP codec: NIO's `close` throws away
/// what waits for the socket. `ConnectionDeadlineHandler` ends the connection of a client that takes nothing.
package func closeWhenTaken(_ channel: any Channel) {
    do {
        let front = try channel.pipeline.syncOperations.context(handlerType: FastPathHandler.self)
        // What was written may not have been flushed, and is with TLS then.
        writeNothing(front) { channel.close(promise: nil) }
    } catch {
        channel.close(promise: nil)
    }
}

/// Calls `then` once the client has taken all that was written, at once where nothing waits. Not at all when the connection
/// ends before.
///
/// - Parameter front: of a handler that sees bytes.
func whenTaken(_ front: ChannelHandlerContext, then: @escaping () -> Void) {
    guard bufferedWritableBytes(of: front.channel) > 0 else { return then() }
    writeNothing(front, then: then)
}

private func writeNothing(_ front: ChannelHandlerContext, then: @escaping () -> Void) {
    let bound = NIOLoopBound((front, then), eventLoop: front.eventLoop)
    let taken = front.eventLoop.makePromise(of: Void.self)
    taken.futureResult.whenSuccess {
        let (front, then) = bound.value
        // Another answer may have been given meanwhile.
        whenTaken(front, then: then)
    }
    front.writeAndFlush(NIOAny(IOData.byteBuffer(ByteBuffer())), promise: taken)
}
