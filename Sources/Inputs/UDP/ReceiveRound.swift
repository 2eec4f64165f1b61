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

    private let epoll: Int32
    private let datagrams: OpaquePointer
    private var sources: [UInt64: DatagramSource] = [:]
    private var drops: [UInt64: UInt32] = [:]
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
        let result = weir_epoll_add(epoll, source.descriptor, id)
        guard result == 0 else {
            close(source.descriptor)
            source.receiver.failed(-result)
            return false
        }
        sources[id] = source
        return true
    }

    mutating func remove(_ id: UInt64) -> Bool {
        drops[id] = nil
        guard let source = sources.removeValue(forKey: id) else { return false }
        // Closing the only descriptor of a socket takes it out of epoll as well.
        close(source.descriptor)
        return true
    }

    mutating func closeAll() {
        for source in sources.values { close(source.descriptor) }
        sources.removeAll()
    }

    /// Waits until a socket is readable or the loop is woken, then takes each readable socket's share.
    mutating func receive(now: UInt64) -> Result {
        var result = Result()
        let count = weir_epoll_wait(epoll, &readable, Int32(Self.readableAtOnce), -1)
        precondition(count >= 0, "epoll_wait on the loop's own descriptor \(epoll): errno \(-count)")
        let started = count > 0 ? monotonicNanoseconds() : now
        for index in 0..<Int(count) {
            let id = readable[index]
            guard id != 0, let source = sources[id] else { continue }
            let (taken, error) = take(from: source, id: id)
            result.fullestSocket = max(result.fullestSocket, taken)
            source.receiver.roundEnded(drops: drops[id] ?? 0, now: started)
            if error != 0 {
                _ = remove(id)
                result.failedSockets += 1
                source.receiver.failed(error)
            }
        }
        return result
    }

    private mutating func take(from source: DatagramSource, id: UInt64) -> (taken: Int, error: Int32) {
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
            if lost != 0 { drops[id] = lost }
            taken += count
            if count < Self.batch { break }
        }
        return (taken, 0)
    }
}
