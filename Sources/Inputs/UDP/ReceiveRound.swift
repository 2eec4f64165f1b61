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
        /// Somebody has left a command for the loop.
        var isWoken = false
        /// When it began to receive, in nanoseconds of the monotonic clock.
        var began: UInt64 = 0
    }

    private static let batch = 32
    /// The largest UDP payload over IPv4 is 65507 bytes; pages that no datagram reaches are never touched.
    private static let largestDatagram = 65536
    private static let readableAtOnce = 256
    /// So often a socket is asked for the datagrams that it lost, in nanoseconds; and whenever it had a whole batch.
    private static let dropsInterval: UInt64 = 1_000_000_000

    /// A class: each round looks at each socket, and a copy would count references of all that is in it.
    private final class Slot {
        let id: UInt64
        let source: DatagramSource
        /// Datagrams that the kernel dropped on this socket so far.
        var drops: UInt32 = 0
        var dropsAsked: UInt64 = 0

        init(id: UInt64, source: DatagramSource) {
            self.id = id
            self.source = source
        }
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
    mutating func receive() -> Result {
        var result = Result()
        let count = weir_epoll_wait(epoll, &readable, Int32(Self.readableAtOnce), -1)
        precondition(count >= 0, "epoll_wait on the loop's own descriptor \(epoll): errno \(-count)")
        result.began = monotonicNanoseconds()
        for index in 0..<Int(count) {
            let token = Int(readable[index])
            if token == 0 { result.isWoken = true }
            guard token != 0, token <= slots.count, let slot = slots[token - 1] else { continue }
            let (taken, error) = take(from: slot.source)
            result.fullestSocket = max(result.fullestSocket, taken)
            if taken >= Self.batch || result.began - slot.dropsAsked >= Self.dropsInterval {
                // A kernel that does not tell leaves the number as it is.
                slot.drops = UInt32(exactly: weir_udp_drops(slot.source.descriptor)) ?? slot.drops
                slot.dropsAsked = result.began
            }
            slot.source.receiver.roundEnded(drops: slot.drops, now: result.began)
            if error != 0 {
                _ = remove(slot.id)
                result.failedSockets += 1
                slot.source.receiver.failed(error)
            }
        }
        return result
    }

    private func take(from source: DatagramSource) -> (taken: Int, error: Int32) {
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
            taken += count
            if count < Self.batch { break }
        }
        return (taken, 0)
    }
}
