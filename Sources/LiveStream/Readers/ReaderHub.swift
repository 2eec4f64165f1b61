// The readers of one stream on one event loop.
import NIOCore

/// One stream's readers on one event loop. Its methods may be called from any thread; what they do happens on the loop,
/// in the order of the calls.
final class ReaderHub: Sendable {
    private let eventLoop: any EventLoop
    private let crowd: NIOLoopBoundBox<ReaderCrowd>

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        crowd = NIOLoopBoundBox.makeBoxSendingValue(ReaderCrowd(), eventLoop: eventLoop)
    }

    func add(_ reader: any ChunkReader, number: UInt64, kind: ReaderKind, backlog: [ChunkDelivery]) {
        eventLoop.execute { [crowd] in
            crowd.value.add(reader, number: number, kind: kind)
            reader.receive(DeliveryBatch(backlog))
        }
    }

    func remove(_ number: UInt64) {
        eventLoop.execute { [crowd] in crowd.value.remove(number) }
    }

    func deliver(_ delivery: ChunkDelivery) {
        eventLoop.execute { [self] in
            guard crowd.value.take(delivery) else { return }
            // What was kept back goes out with the next chunk, or without it if that does not come in time.
            let number = crowd.value.firstKept
            _ = eventLoop.scheduleTask(in: ReaderCrowd.patience) { [crowd] in
                if crowd.value.firstKept == number { crowd.value.release() }
            }
        }
    }

    func mediaLost(reason: String) {
        eventLoop.execute { [crowd] in crowd.value.mediaLost(reason: reason) }
    }

    func end(reason: String) {
        eventLoop.execute { [crowd] in
            crowd.value.release()
            for reader in crowd.value.removeAll() { reader.streamEnded(reason: reason) }
        }
    }
}
