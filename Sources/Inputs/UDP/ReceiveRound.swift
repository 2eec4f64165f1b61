// The sockets of one receiving thread, and one round over those that are readable.
internal import CLinux
internal import Glibc

/// Confined to its loop's thread.
struct ReceiveRound: ~Copyable {
    /// What a round found.
    struct Result {
        /// Datagrams taken from the socket that had the most.
        var fullestSocket = 0
        var failedSockets = 0
    }

    private static let batch = 32
    /// The largest UDP payload over IPv4 is 65507 bytes; pages that no datagram reaches are never touched.
    private static let largestDatagram = 65536
    private static let readableAtOnce = 256

    private struct Slot {
        var id: UInt64
        var source: DatagramSource
        /// Datagrams that the kernel dropped on this socket so far.
        var drops: UInt32 = 0
    }

    private let epoll: Int32
    private let datagrams: OpaquePointer
    /// The kernel tells the place of a socket here plus one; zero is the loop's own descriptor.
    private var slots: [Slot?] = []
    private var free: [Int] = []
    private var places: [UInt64: Int] = [:]
    private var readable = [UInt64](repeating: 0, count: readableAtOnce)

    init(epoll: Int32) {
        self.epoll = epoll
        guard let datagrams = weir_datagrams_create(UInt32(Self.batch), Self.largestDatagram) else {
            preconditionFailure("no memory for the \(Self.batch) datagrams of a receiving thread")
        }
        self.datagrams = datagrams
    }

    deinit { weir_datagrams_destroy(datagrams) }

    /// False when the kernel refuses to watch the socket: it is closed and its receiver told.
    mutating func add(_ source: DatagramSource, id: UInt64) -> Bool {
        let place = free.last ?? slots.count
        let result = weir_epoll_add(epoll, source.descriptor, UInt64(place + 1))
        guard result == 0 else {
            close(source.descriptor)
            source.receiver.failed(-result)
            return false
        }
        if free.popLast() == nil { slots.append(nil) }
        slots[place] = Slot(id: id, source: source)
        places[id] = place
        return true
    }

    mutating func remove(_ id: UInt64) -> Bool {
        guard let place = places.removeValue(forKey: id), let slot = slots[place] else { return false }
        // Closing the only descriptor of a socket takes it out of epoll as well: its place may be given away, since
        // sockets come and go between rounds or after their own turn in one.
        close(slot.source.descriptor)
        slots[place] = nil
        free.append(place)
        return true
    }

    mutating func closeAll() {
        for slot in slots { if let slot { close(slot.source.descriptor) } }
        slots.removeAll()
        free.removeAll()
        places.removeAll()
    }

    /// Waits until a socket is readable or the loop is woken, then takes each readable socket's share.
    mutating func receive(now: UInt64) -> Result {
        var result = Result()
        let count = weir_epoll_wait(epoll, &readable, Int32(Self.readableAtOnce), -1)
        precondition(count >= 0, "epoll_wait on the loop's own descriptor \(epoll): errno \(-count)")
        let started = count > 0 ? monotonicNanoseconds() : now
        for index in 0..<Int(count) {
            let token = Int(readable[index])
            guard token != 0, token <= slots.count, let slot = slots[token - 1] else { continue }
            var drops = slot.drops
            let (taken, error) = take(from: slot.source, drops: &drops)
            result.fullestSocket = max(result.fullestSocket, taken)
            if drops != slot.drops { slots[token - 1]?.drops = drops }
            slot.source.receiver.roundEnded(drops: drops, now: started)
            if error != 0 {
                _ = remove(slot.id)
                result.failedSockets += 1
                slot.source.receiver.failed(error)
            }
        }
        return result
    }

    private func take(from source: DatagramSource, drops: inout UInt32) -> (taken: Int, error: Int32) {
        var taken = 0
        while taken < ReceivePacing.budget {
            let count = Int(weir_datagrams_receive(datagrams, source.descriptor))
            guard count >= 0 else { return (taken, Int32(-count)) }
            guard count > 0 else { break }
            for index in 0..<UInt32(count) {
                var length = 0
                let bytes = weir_datagrams_bytes(datagrams, index, &length)
                source.receiver.received(UnsafeRawBufferPointer(start: bytes, count: length))
            }
            // The counter only rises, so the last datagram of a batch knows it best.
            let lost = weir_datagrams_drops(datagrams, UInt32(count - 1))
            if lost != 0 { drops = lost }
            taken += count
            if count < Self.batch { break }
        }
        return (taken, 0)
    }
}
