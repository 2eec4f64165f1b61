// Brings each chunk of a stream to all who follow it: once per event loop, not once per reader.
import NIOCore

/// The readers of one stream, grouped by event loop. Lives on the stream's event loop; every method is called there.
///
/// A chunk crosses to another loop once, whatever the number of readers there. Because a reader's backlog and all later
/// chunks take the same way (stream loop → reader's loop, in order), a reader gets each chunk once and misses none.
struct FanOut {
    private struct Member {
        var loop: ObjectIdentifier
        var kind: ReaderKind
    }

    private var hubs: [ObjectIdentifier: ReaderHub] = [:]
    private var members: [UInt64: Member] = [:]
    private var nextReader: UInt64 = 0
    private(set) var transportStreamReaders = 0

    var readerCount: Int { members.count }

    /// Adds a reader and hands it the backlog first.
    mutating func add(_ reader: any ChunkReader, kind: ReaderKind, backlog: [ChunkDelivery]) -> UInt64 {
        let number = nextReader
        nextReader += 1
        let loop = reader.eventLoop
        let key = ObjectIdentifier(loop)
        let hub = hubs[key] ?? ReaderHub(eventLoop: loop)
        hubs[key] = hub
        members[number] = Member(loop: key, kind: kind)
        if kind == .transportStream { transportStreamReaders += 1 }
        hub.add(reader, number: number, kind: kind, backlog: backlog)
        return number
    }

    mutating func remove(_ number: UInt64) {
        guard let member = members.removeValue(forKey: number) else { return }
        if member.kind == .transportStream { transportStreamReaders -= 1 }
        hubs[member.loop]?.remove(number)
        if !members.values.contains(where: { $0.loop == member.loop }) {
            hubs[member.loop] = nil
        }
    }

    func deliver(_ delivery: ChunkDelivery) {
        for hub in hubs.values { hub.deliver(delivery) }
    }

    func mediaLost(reason: String) {
        for hub in hubs.values { hub.mediaLost(reason: reason) }
    }

    /// Tells every reader that the stream is over and forgets them.
    mutating func end(reason: String) {
        for hub in hubs.values { hub.end(reason: reason) }
        hubs.removeAll()
        members.removeAll()
        transportStreamReaders = 0
    }
}
