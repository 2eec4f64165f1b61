// An answer as the bytes that go to a socket, made once for all who ask for the same.
import LiveStream
import NIOCore
import NIOHTTP1

/// Head and body of one answer with status 200 to a GET on a connection that stays open. Belongs to one event loop.
final class PreparedAnswer {
    /// Below it a file saves less than it costs.
    private static let fileBytesMin = 64 << 10
    /// So many ask for the same before a file in memory is made of it.
    private static let fileSharers = 4

    /// Of the body.
    let byteCount: Int
    private let head: ByteBuffer
    private let body: [ByteBuffer]
    private let budget: MemoryFileBudget
    private var file: MemoryFile?
    private var uses = 0

    /// - Parameter budget: room for its file.
    init(_ answer: MediaAnswer, budget: MemoryFileBudget = .process) {
        self.budget = budget
        let head = MediaRequest.responseHead(answer, version: .http1_1, isKeepAlive: true)
        var bytes = ByteBuffer(string: "HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n")
        for (name, value) in head.headers { bytes.writeString("\(name): \(value)\r\n") }
        bytes.writeString("\r\n")
        byteCount = answer.pieces.reduce(0) { $0 + $1.readableBytes }
        // What is small is one write with its head.
        let isSmall = byteCount < Self.fileBytesMin / 4
        if isSmall {
            for piece in answer.pieces { bytes.writeImmutableBuffer(piece) }
        }
        self.head = bytes
        body = isSmall ? [] : answer.pieces
    }

    /// Writes the answer, without flushing.
    ///
    /// - Parameter mayUseFiles: the bytes go to the socket as they are, without TLS.
    func write(to context: ChannelHandlerContext, mayUseFiles: Bool) {
        guard mayUseFiles, let file = sharedFile() else {
            context.write(NIOAny(IOData.byteBuffer(head)), promise: nil)
            for piece in body { context.write(NIOAny(IOData.byteBuffer(piece)), promise: nil) }
            return
        }
        // The file stays open until the socket has taken all of it.
        let written = context.eventLoop.makePromise(of: Void.self)
        let kept = NIOLoopBound(file, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in _ = kept.value.length }
        context.write(NIOAny(IOData.fileRegion(file.region)), promise: written)
    }

    /// With the head in it: one call of the kernel sends it all.
    private func sharedFile() -> MemoryFile? {
        guard byteCount >= Self.fileBytesMin else { return nil }
        uses += 1
        // Without one, as when there is no room for more, the bytes do as well; asked once.
        if uses == Self.fileSharers { file = MemoryFile([head] + body, budget: budget) }
        return file
    }
}
