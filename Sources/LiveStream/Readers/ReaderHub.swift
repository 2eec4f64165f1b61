// The readers of one stream on one event loop.
import NIOCore

/// One stream's readers on one event loop. Its methods may be called from any thread; what they do happens on the loop,
/// in the order of the calls.
final class ReaderHub: Sendable {
    private let eventLoop: any EventLoop
    private let readers: NIOLoopBoundBox<LoopReaders>

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        readers = NIOLoopBoundBox.makeBoxSendingValue(LoopReaders(), eventLoop: eventLoop)
    }

    func add(_ reader: any ChunkReader, number: UInt64, kind: ReaderKind, backlog: [ChunkDelivery]) {
        eventLoop.execute { [readers] in
            readers.value.add(reader, number: number, kind: kind)
            reader.receive(DeliveryBatch(backlog))
        }
    }

    func remove(_ number: UInt64) {
        eventLoop.execute { [readers] in readers.value.remove(number) }
    }

    /// - Parameters:
    ///   - peers: what goes to other servers.
    ///   - viewers: what goes to all others, together.
    func deliver(peers: ChunkDelivery?, viewers: [ChunkDelivery]) {
        guard peers != nil || !viewers.isEmpty else { return }
        eventLoop.execute { [readers] in readers.value.deliver(peers: peers, viewers: viewers) }
    }

    func mediaLost(reason: String) {
        eventLoop.execute { [readers] in readers.value.mediaLost(reason: reason) }
    }

    func end(reason: String) {
        eventLoop.execute { [readers] in
            for reader in readers.value.removeAll() { reader.streamEnded(reason: reason) }
        }
    }
}

/// Lives on the readers' loop.
private struct LoopReaders {
    /// Readers of one form for which a file in memory is made.
    static let fileSharers = 16

    private struct Entry {
        var number: UInt64
        var kind: ReaderKind
        var reader: any ChunkReader
    }

    private var entries: [Entry] = []
    private var peers: [Entry] = []

    mutating func add(_ reader: any ChunkReader, number: UInt64, kind: ReaderKind) {
        let entry = Entry(number: number, kind: kind, reader: reader)
        if kind == .peer { peers.append(entry) } else { entries.append(entry) }
    }

    mutating func remove(_ number: UInt64) {
        entries.removeAll { $0.number == number }
        peers.removeAll { $0.number == number }
    }

    func deliver(peers delivery: ChunkDelivery?, viewers: [ChunkDelivery]) {
        if let delivery {
            let batch = DeliveryBatch([Self.plain(delivery)])
            for peer in peers { peer.reader.receive(batch) }
        }
        guard !viewers.isEmpty else { return }
        let muxed = entries.count { $0.kind == .transportStream }
        let plain = entries.count - muxed
        let transportStream = DeliveryBatch(viewers, sharesFiles: muxed >= Self.fileSharers)
        let chunks = DeliveryBatch(viewers.map(Self.plain), sharesFiles: plain >= Self.fileSharers)
        for entry in entries { entry.reader.receive(entry.kind == .transportStream ? transportStream : chunks) }
    }

    private static func plain(_ delivery: ChunkDelivery) -> ChunkDelivery {
        var delivery = delivery
        delivery.transportStream = nil
        return delivery
    }

    func mediaLost(reason: String) {
        for entry in peers + entries { entry.reader.mediaLost(reason: reason) }
    }

    mutating func removeAll() -> [any ChunkReader] {
        defer { (peers, entries) = ([], []) }
        return (peers + entries).map(\.reader)
    }
}
