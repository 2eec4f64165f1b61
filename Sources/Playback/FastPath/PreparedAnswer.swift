// An answer as the bytes that go to a socket, made once for all who ask for the same.
import LiveStream
import NIOCore
import NIOHTTP1

/// Head and body of one answer with status 200 to a GET on a connection that stays open. Belongs to one event loop.
final class PreparedAnswer {
    /// Below it a file saves less than it costs.
    private static let fileBytesMin = 64 << 10
    /// So many sockets leave something of it before a file in memory is made.
    private static let fileSharers = 4

    /// Of the body.
    let byteCount: Int
    /// With the head.
    private let whole: GatheredBytes
    private let budget: MemoryFileBudget
    private var file: MemoryFile?
    private var rests = 0

    /// - Parameter budget: room for its file.
    init(_ answer: MediaAnswer, budget: MemoryFileBudget = .process) {
        self.budget = budget
        let head = MediaRequest.responseHead(answer, version: .http1_1, isKeepAlive: true)
        var bytes = ByteBuffer(string: "HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n")
        for (name, value) in head.headers { bytes.writeString("\(name): \(value)\r\n") }
        bytes.writeString("\r\n")
        whole = GatheredBytes([bytes] + answer.pieces)
        byteCount = whole.byteCount - bytes.readableBytes
    }

    /// Gives the answer to `socket`; what that leaves is written to the channel, without flushing.
    ///
    /// - Parameters:
    ///   - socket: nil: all is written to the channel.
    ///   - mayUseFiles: the bytes go to the socket as they are, without TLS.
    /// - Returns: something was written to the channel.
    func send(to context: ChannelHandlerContext, past socket: (any DirectSocket)?, mayUseFiles: Bool) -> Bool {
        let taken = socket?.take(whole) ?? 0
        guard taken < whole.byteCount else { return false }
        guard mayUseFiles, let file = sharedFile() else {
            for piece in whole.dropFirst(taken) { context.write(NIOAny(IOData.byteBuffer(piece)), promise: nil) }
            return true
        }
        // It stays open until the socket has taken all of it.
        let written = context.eventLoop.makePromise(of: Void.self)
        let kept = NIOLoopBound(file, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in _ = kept.value.length }
        context.write(NIOAny(IOData.fileRegion(file.region(from: taken))), promise: written)
        return true
    }

    /// For those who cannot take it at once: the kernel sends its pages, however often it has to come back.
    private func sharedFile() -> MemoryFile? {
        guard byteCount >= Self.fileBytesMin else { return nil }
        rests += 1
        // Without one, as when there is no room for more, the bytes do as well; asked once.
        if rests == Self.fileSharers { file = MemoryFile(whole.pieces, budget: budget) }
        return file
    }
}
