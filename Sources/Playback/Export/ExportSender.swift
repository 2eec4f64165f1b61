// Sends an exported file to one connection, a piece after the other as the client takes them.
import NIOCore
import NIOHTTP1
import NIOPosix

/// Lives on the connection's event loop. At most one piece is in memory or under way.
final class ExportSender {
    private let body: ExportBody
    private let end: Int64
    private let threads: NIOThreadPool
    private let context: ChannelHandlerContext
    private let sendsFiles: Bool
    /// Told once: whether all was sent.
    private let finished: (Bool) -> Void
    private var position: Int64
    private var isOver = false

    /// - Parameter sendsFiles: the kernel may copy from file to socket; false where TLS has to see the bytes.
    init(
        _ body: ExportBody, _ range: Range<Int64>, threads: NIOThreadPool, context: ChannelHandlerContext,
        sendsFiles: Bool, finished: @escaping (Bool) -> Void
    ) {
        self.body = body
        position = range.lowerBound
        end = range.upperBound
        self.threads = threads
        self.context = context
        self.sendsFiles = sendsFiles
        self.finished = finished
    }

    /// The connection is gone.
    func stop() { isOver = true }

    func send() {
        guard !isOver else { return }
        guard position < end else { return finish(true) }
        let (body, position, end, sendsFiles) = (body, position, end, sendsFiles)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        threads.runIfActive(eventLoop: context.eventLoop) {
            try body.piece(at: position, before: end, asFile: sendsFiles)
        }.whenComplete { result in
            switch result {
            case .success(let piece): bound.value.write(piece)
            case .failure: bound.value.finish(false)
            }
        }
    }

    private func write(_ piece: ExportBody.Piece) {
        guard !isOver, piece.length > 0 else {
            if case .file(let segment) = piece { segment.close() }
            return finish(false)
        }
        let part: HTTPServerResponsePart
        switch piece {
        case .bytes(let bytes): part = .body(.byteBuffer(bytes))
        case .file(let segment): part = .body(.fileRegion(segment.region))
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        written.futureResult.whenComplete { result in
            if case .file(let segment) = piece { segment.close() }
            guard case .success = result else { return bound.value.finish(false) }
            bound.value.position += piece.length
            bound.value.send()
        }
        context.writeAndFlush(NIOAny(part), promise: written)
    }

    private func finish(_ isWhole: Bool) {
        guard !isOver else { return }
        isOver = true
        finished(isWhole)
    }
}
