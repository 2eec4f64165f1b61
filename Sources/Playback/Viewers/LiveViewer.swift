// One viewer of an endless stream: writes each chunk to its connection, or skips when the connection is too slow.
import LiveStream
import Media
import NIOCore
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
/// The body is not chunked (HTTP/1.0 framing, ended by closing): what comes is then one write of the shared bytes, with
/// nothing copied or framed for this viewer. The socket gets it in one call; what it leaves waits in the channel, as part of a file in
/// memory where many share it.
///
/// `@unchecked Sendable`: all state is touched on the connection's event loop only, which `receive`, `streamEnded` and
/// `stop` check.
final class LiveViewer: ChunkReader, @unchecked Sendable {
    let eventLoop: any EventLoop
    private let body: BodyPen
    private let form: LiveForm
    private let counters: SessionCounters
    private let pendingBytes: (any Channel) -> Int
    private let mayUseFiles: Bool
    private var backlog: ViewerBacklog
    private var handle: ReaderHandle?
    private var isStopped = false
    private var files = FilesUnderWay()
    /// The answer is over by itself; the connection's handler closes.
    private let finished: () -> Void

    /// - Parameter mayUseFiles: the bytes go to the socket as they are, without TLS.
    init(
        context: ChannelHandlerContext, form: LiveForm, counters: SessionCounters, backlog: ViewerBacklog,
        mayUseFiles: Bool, pendingBytes: @escaping (any Channel) -> Int, finished: @escaping () -> Void
    ) {
        eventLoop = context.eventLoop
        body = BodyPen(context, socket: mayUseFiles ? KernelSocket(of: context.channel) : nil)
        self.form = form
        self.counters = counters
        self.backlog = backlog
        self.mayUseFiles = mayUseFiles
        self.pendingBytes = pendingBytes
        self.finished = finished
    }

    func start(on stream: any ReadableStream) {
        if case .fragmentedMP4(let header, _, _) = form { write(header) }
        handle = stream.attach(self, kind: kind)
        if isStopped { handle?.detach() }
    }

    private var kind: ReaderKind {
        switch form {
        case .transportStream: .transportStream
        case .fragmentedMP4: .chunks
        }
    }

    /// The connection is gone or the answer is over: nothing more is written.
    func stop() {
        eventLoop.preconditionInEventLoop()
        isStopped = true
        handle?.detach()
    }

    func receive(_ delivery: ChunkDelivery) { receive(DeliveryBatch([delivery])) }

    func receive(_ batch: DeliveryBatch) {
        eventLoop.preconditionInEventLoop()
        guard !isStopped else { return }
        var end = batch.deliveries.count
        if case .fragmentedMP4(_, let tracks, _) = form {
            end = batch.deliveries.firstIndex { $0.chunk.tracks != tracks } ?? end
        }
        let waiting = pendingBytes(body.channel)
        files.release(waiting: waiting)
        // Of one batch the last ones are sent, or none: a skip ends within it or lasts.
        var first = end
        for index in 0..<end {
            switch backlog.decide(
                pendingBytes: waiting, startsWithKeyFrame: batch.deliveries[index].startsWithKeyFrame)
            {
            case .send: first = min(first, index)
            case .drop(let isFirst):
                if isFirst { counters.skips.wrappingAdd(1, ordering: .relaxed) }
            }
        }
        if first < end { send(batch, first..<end) }
        if end < batch.deliveries.count { finish() }
    }

    func streamEnded(reason: String) {
        eventLoop.preconditionInEventLoop()
        guard !isStopped else { return }
        finish()
    }

    private func finish() {
        stop()
        body.keepUntilWritten(files.all)
        finished()
    }

    private func send(_ batch: DeliveryBatch, _ range: Range<Int>) {
        if mayUseFiles, range == batch.deliveries.indices, isWhole(batch) {
            let all = batch.bytes(kind)
            let taken = body.give(all)
            counters.bytes.wrappingAdd(taken, ordering: .relaxed)
            if taken < all.byteCount { writeRest(of: all, from: taken, batch) }
            return
        }
        for delivery in batch.deliveries[range] {
            switch form {
            case .transportStream:
                if let bytes = delivery.transportStream { write(bytes) }
            case .fragmentedMP4(_, _, let chosen):
                for piece in delivery.chunk.pieces(of: chosen) { write(piece) }
            }
        }
        body.flush()
    }

    /// What the socket left of a batch.
    private func writeRest(of all: GatheredBytes, from offset: Int, _ batch: DeliveryBatch) {
        if let file = batch.file(kind) {
            counters.bytes.wrappingAdd(file.length - offset, ordering: .relaxed)
            body.write(.fileRegion(file.region(from: offset)))
            files.handed(file, last: file.length - offset)
        } else {
            for piece in all.dropFirst(offset) { write(piece) }
        }
        body.flush()
        if body.isWritten { files.release(waiting: 0) }
    }

    /// The viewer wants all that the batch has.
    private func isWhole(_ batch: DeliveryBatch) -> Bool {
        guard case .fragmentedMP4(_, _, let chosen) = form else { return true }
        return batch.deliveries.allSatisfy { $0.chunk.parts.allSatisfy { chosen.contains($0.track) } }
    }

    private func write(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        counters.bytes.wrappingAdd(bytes.readableBytes, ordering: .relaxed)
        files.handed(bytes.readableBytes)
        body.write(.byteBuffer(bytes))
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
