// Brings each chunk of a stream to all who follow it: once per event loop, not once per reader.
import NIOCore

/// The readers of one stream, grouped by event loop. Lives on the stream's event loop; every method is called there.
///
/// A chunk crosses to another loop once, whatever the number of readers there, and for a crowd together with the one before
/// (`ReaderCrowd`). Because a reader's backlog and all later chunks take the same way (stream loop → reader's loop, in
/// order), a reader gets each chunk once and misses none.
struct FanOut {
    private struct Member {
        var loop: ObjectIdentifier
        var kind: ReaderKind
    }

    private struct Branch {
        let loop: ObjectIdentifier
        let hub: ReaderHub
        var crowd = ReaderCrowd()

        mutating func release() { hub.deliver(peers: nil, viewers: crowd.release()) }
    }

    /// At most one for each event loop of the server.
    private var branches: [Branch] = []
    private var members: [UInt64: Member] = [:]
    private var nextReader: UInt64 = 0
    private var nextDelivery: UInt64 = 0
    private(set) var transportStreamReaders = 0

    var readerCount: Int { members.count }

    /// Adds a reader and hands it the backlog first.
    mutating func add(_ reader: any ChunkReader, kind: ReaderKind, backlog: [ChunkDelivery]) -> UInt64 {
        let number = nextReader
        nextReader += 1
        let loop = reader.eventLoop
        let key = ObjectIdentifier(loop)
        let place = branches.firstIndex { $0.loop == key } ?? branches.count
        if place == branches.count { branches.append(Branch(loop: key, hub: ReaderHub(eventLoop: loop))) }
        // What waits is part of the new viewer's backlog, so it goes to the others first.
        if kind != .peer { branches[place].release() }
        branches[place].crowd.add(kind)
        members[number] = Member(loop: key, kind: kind)
        if kind == .transportStream { transportStreamReaders += 1 }
        branches[place].hub.add(reader, number: number, kind: kind, backlog: backlog)
        return number
    }

    mutating func remove(_ number: UInt64) {
        guard let member = members.removeValue(forKey: number) else { return }
        if member.kind == .transportStream { transportStreamReaders -= 1 }
        guard let place = branches.firstIndex(where: { $0.loop == member.loop }) else { return }
        branches[place].hub.remove(number)
        branches[place].crowd.remove(member.kind)
        if branches[place].crowd.isEmpty { branches.remove(at: place) }
    }

    /// The next chunk. Returns a number for `release` where it begins to wait for another one: it is to be released
    /// after `ReaderCrowd.patience`.
    mutating func deliver(_ delivery: ChunkDelivery) -> UInt64? {
        let number = nextDelivery
        nextDelivery += 1
        var waits = false
        for place in branches.indices {
            let viewers = branches[place].crowd.take(delivery, number: number)
            branches[place].hub.deliver(peers: branches[place].crowd.peers > 0 ? delivery : nil, viewers: viewers)
            waits = waits || branches[place].crowd.hasBegunToWait(with: number)
        }
        return waits ? number : nil
    }

    /// What has waited since that chunk for another one goes out without it.
    mutating func release(keptSince number: UInt64) {
        for place in branches.indices {
            branches[place].hub.deliver(peers: nil, viewers: branches[place].crowd.release(keptSince: number))
        }
    }

    /// What came before the loss goes out before it is told.
    mutating func mediaLost(reason: String) {
        for place in branches.indices {
            branches[place].release()
            branches[place].hub.mediaLost(reason: reason)
        }
    }

    /// Tells every reader that the stream is over and forgets them.
    mutating func end(reason: String) {
        for place in branches.indices {
            branches[place].release()
            branches[place].hub.end(reason: reason)
        }
        branches.removeAll()
        members.removeAll()
        transportStreamReaders = 0
    }
}
