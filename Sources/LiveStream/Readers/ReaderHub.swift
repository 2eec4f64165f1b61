// The readers of one stream on one event loop.
import NIOCore

/// One stream's readers on one event loop. Its methods may be called from any thread; what they do happens on the loop,
/// in the order of the calls.
final class ReaderHub: Sendable {
    private struct Entry {
        var number: UInt64
        var kind: ReaderKind
        var reader: any ChunkReader
    }

    private final class Entries {
        var list: [Entry] = []
    }

    private let eventLoop: any EventLoop
    private let entries: NIOLoopBoundBox<Entries>

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        entries = NIOLoopBoundBox.makeBoxSendingValue(Entries(), eventLoop: eventLoop)
    }

    func add(_ reader: any ChunkReader, number: UInt64, kind: ReaderKind, backlog: [ChunkDelivery]) {
        eventLoop.execute { [entries] in
            entries.value.list.append(Entry(number: number, kind: kind, reader: reader))
            for delivery in backlog { reader.receive(delivery) }
        }
    }

    func remove(_ number: UInt64) {
        eventLoop.execute { [entries] in
            entries.value.list.removeAll { $0.number == number }
        }
    }

    func deliver(_ delivery: ChunkDelivery) {
        eventLoop.execute { [entries] in
            var plain = delivery
            plain.transportStream = nil
            for entry in entries.value.list {
                entry.reader.receive(entry.kind == .transportStream ? delivery : plain)
            }
        }
    }

    func end(reason: String) {
        eventLoop.execute { [entries] in
            let list = entries.value.list
            entries.value.list = []
            for entry in list { entry.reader.streamEnded(reason: reason) }
        }
    }
}
