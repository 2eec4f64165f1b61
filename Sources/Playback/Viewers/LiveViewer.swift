// One viewer of an endless stream: writes each chunk to its connection, or skips when the connection is too slow.
import LiveStream
import Media
import NIOCore
import NIOHTTP1
import Synchronization

/// What an endless answer is made of.
enum LiveForm: Sendable {
    case transportStream
    /// Fragmented MP4 of some tracks: `header` first; the answer ends when the tracks change, since a player needs a new
    /// content type then.
    case fragmentedMP4(header: ByteBuffer, tracks: TrackSet, chosen: Set<TrackID>)
}

/// Follows a stream for one connection.
///
/// The body is not chunked (HTTP/1.0 framing, ended by closing): a delivery is then one write of the shared bytes, with
/// nothing copied or framed for this viewer.
///
/// `@unchecked Sendable`: all state is touched on the connection's event loop only, which `receive`, `streamEnded` and
/// `stop` check.
final class LiveViewer: ChunkReader, @unchecked Sendable {
    let eventLoop: any EventLoop
    private let context: ChannelHandlerContext
    private let form: LiveForm
    private let counters: SessionCounters
    private let pendingBytes: (any Channel) -> Int
    private var backlog: ViewerBacklog
    private var handle: ReaderHandle?
    private var isStopped = false
    /// The answer is over by itself; the connection's handler closes.
    private let finished: () -> Void

    init(
        context: ChannelHandlerContext, form: LiveForm, counters: SessionCounters, backlog: ViewerBacklog,
        pendingBytes: @escaping (any Channel) -> Int, finished: @escaping () -> Void
    ) {
        eventLoop = context.eventLoop
        self.context = context
        self.form = form
        self.counters = counters
        self.backlog = backlog
        self.pendingBytes = pendingBytes
        self.finished = finished
    }

    func start(on stream: any ReadableStream) {
        let kind: ReaderKind =
            switch form {
            case .transportStream: .transportStream
            case .fragmentedMP4(let header, _, _):
                { () -> ReaderKind in
                    write(header)
                    return .chunks
                }()
            }
        handle = stream.attach(self, kind: kind)
        if isStopped { handle?.detach() }
    }

    /// The connection is gone or the answer is over: nothing more is written.
    func stop() {
        eventLoop.preconditionInEventLoop()
        isStopped = true
        handle?.detach()
    }

    func receive(_ delivery: ChunkDelivery) {
        eventLoop.preconditionInEventLoop()
        guard !isStopped else { return }
        if case .fragmentedMP4(_, let tracks, _) = form, delivery.chunk.tracks != tracks {
            end()
            return
        }
        switch backlog.decide(
            pendingBytes: pendingBytes(context.channel), startsWithKeyFrame: delivery.startsWithKeyFrame)
        {
        case .send: send(delivery)
        case .drop(let isFirst):
            if isFirst { counters.skips.wrappingAdd(1, ordering: .relaxed) }
        }
    }

    func streamEnded(reason: String) {
        eventLoop.preconditionInEventLoop()
        guard !isStopped else { return }
        end()
    }

    private func end() {
        stop()
        finished()
    }

    private func send(_ delivery: ChunkDelivery) {
        switch form {
        case .transportStream:
            if let bytes = delivery.transportStream { write(bytes) }
        case .fragmentedMP4(_, _, let chosen):
            for piece in delivery.chunk.pieces(of: chosen) { write(piece) }
        }
        context.flush()
    }

    private func write(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        counters.bytes.wrappingAdd(bytes.readableBytes, ordering: .relaxed)
        context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(bytes))), promise: nil)
    }
}

extension Chunk {
    /// The fragments of some tracks, neighbours joined, not copied.
    func pieces(of chosen: Set<TrackID>) -> [ByteBuffer] {
        if parts.allSatisfy({ chosen.contains($0.track) }) { return [bytes] }
        var ranges: [Range<Int>] = []
        for part in parts where chosen.contains(part.track) {
            if let last = ranges.last, last.upperBound == part.offset {
                ranges[ranges.count - 1] = last.lowerBound..<part.offset + part.length
            } else {
                ranges.append(part.offset..<part.offset + part.length)
            }
        }
        return ranges.compactMap { bytes.getSlice(at: bytes.readerIndex + $0.lowerBound, length: $0.count) }
    }
}
