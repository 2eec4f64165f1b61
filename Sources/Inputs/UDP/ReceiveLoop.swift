// A thread that receives the datagrams of many sockets: epoll and recvmmsg, a bounded share for each socket in each round.
internal import CLinux
internal import Glibc
internal import Synchronization

/// Takes the datagrams of one socket. Made, called and released on the loop's thread only, so it needs no locks.
package protocol DatagramReceiver: AnyObject {
    /// One datagram; the bytes are valid during the call.
    func received(_ datagram: UnsafeRawBufferPointer)
    /// All datagrams of this round were handed over: deliver now what they made.
    ///
    /// - `drops`: datagrams that the kernel dropped on this socket so far.
    /// - `now`: nanoseconds of the monotonic clock at the round's begin.
    func roundEnded(drops: UInt32, now: UInt64)
    /// The socket failed with this error and is closed; nothing follows.
    func failed(_ error: Int32)
}

/// An open socket with its receiver. The loop closes the descriptor.
package struct DatagramSource {
    package var descriptor: Int32
    package var receiver: any DatagramReceiver

    package init(descriptor: Int32, receiver: any DatagramReceiver) {
        self.descriptor = descriptor
        self.receiver = receiver
    }
}

/// One receiving thread.
///
/// A round is: wait until a socket is readable, take at most `ReceivePacing.budget` datagrams from each, then rest a few
/// milliseconds (`ReceivePacing`) so that more datagrams share one wake-up. The rest adds at most 40 ms of latency.
package final class ReceiveLoop: Sendable {
    private enum Command: Sendable {
        case add(UInt64, @Sendable () -> DatagramSource?)
        case remove(UInt64, then: @Sendable () -> Void)
        case stop
    }

    private struct Inbox {
        var commands: [Command] = []
        var nextID: UInt64 = 1
        var isStopped = false
        /// All sockets are closed, and no command will be looked at.
        var isOver = false
    }

    private let inbox = Mutex(Inbox())
    private let wake: Int32
    private let load = Atomic<Int>(0)

    /// Starts the thread.
    ///
    /// - Throws: `ReceiveLoopError` when the kernel gives no descriptors or no thread.
    package init() throws(ReceiveLoopError) {
        wake = weir_wake_create()
        guard wake >= 0 else { throw ReceiveLoopError(operation: "eventfd", error: -wake) }
        let epoll = weir_epoll_create()
        guard epoll >= 0 else {
            close(wake)
            throw ReceiveLoopError(operation: "epoll_create1", error: -epoll)
        }
        let added = weir_epoll_add(epoll, wake, 0)
        let start = Unmanaged.passRetained(Start(loop: self, epoll: epoll))
        var thread = pthread_t()
        let failure = added < 0 ? -added : pthread_create(&thread, nil, receiveThread, start.toOpaque())
        guard failure == 0 else {
            start.release()
            close(epoll)
            // `wake` stays to be closed by `deinit`.
            throw ReceiveLoopError(operation: "pthread_create", error: failure)
        }
        pthread_detach(thread)
    }

    deinit { close(wake) }

    /// Sockets on this loop, those on their way in or out included.
    package var sourceCount: Int { load.load(ordering: .relaxed) }

    /// Adds a socket. `open` runs on the loop's thread; it reports a failure itself and then returns nil.
    ///
    /// Returns the number to remove it by. After `stop()` nothing is opened.
    package func add(_ open: @escaping @Sendable () -> DatagramSource?) -> UInt64 {
        load.add(1, ordering: .relaxed)
        let id = inbox.withLock { inbox in
            let id = inbox.nextID
            inbox.nextID += 1
            if !inbox.isStopped { inbox.commands.append(.add(id, open)) }
            return id
        }
        signal()
        return id
    }

    /// Closes a socket on the loop's thread and releases its receiver. Unknown numbers are ignored.
    ///
    /// - Parameter closed: called once on any thread when no socket of this number is open.
    package func remove(_ id: UInt64, then closed: @escaping @Sendable () -> Void) {
        let isOver = inbox.withLock { inbox in
            if !inbox.isOver { inbox.commands.append(.remove(id, then: closed)) }
            return inbox.isOver
        }
        if isOver { closed() } else { signal() }
    }

    /// Closes all sockets and ends the thread. Twice is harmless.
    package func stop() {
        inbox.withLock { inbox in
            inbox.isStopped = true
            inbox.commands.append(.stop)
        }
        signal()
    }

    private func signal() {
        let result = weir_wake_signal(wake)
        precondition(result == 0, "the loop's own eventfd \(wake) cannot be written: errno \(-result)")
    }

    /// The thread's life. All state of the sockets is local to it.
    fileprivate func run(epoll: Int32) {
        var round = ReceiveRound(epoll: epoll)
        let pacing = ReceivePacing()
        var lastRound: UInt64 = 0
        var isWoken = true
        while true {
            var commands = isWoken ? takeCommands()[...] : []
            while let command = commands.popFirst() {
                switch command {
                case .add(let id, let open):
                    let added = open().map { round.add($0, id: id) } ?? false
                    if !added { load.subtract(1, ordering: .relaxed) }
                case .remove(let id, let closed):
                    if round.remove(id) { load.subtract(1, ordering: .relaxed) }
                    closed()
                case .stop:
                    round.closeAll()
                    close(epoll)
                    return end(leaving: commands)
                }
            }
            let result = round.receive()
            load.subtract(result.failedSockets, ordering: .relaxed)
            let rest = pacing.rest(
                fullestSocket: result.fullestSocket,
                interval: Int32(clamping: (result.began - lastRound) / 1_000_000),
                elapsed: Int32(clamping: (monotonicNanoseconds() - result.began) / 1_000_000))
            lastRound = result.began
            isWoken = result.isWoken
            if rest > 0, weir_wake_wait(wake, rest) != 0 { isWoken = true }
        }
    }

    private func takeCommands() -> [Command] {
        _ = weir_wake_clear(wake)
        return inbox.withLock { inbox in
            defer { inbox.commands = [] }
            return inbox.commands
        }
    }
}

extension ReceiveLoop {
    /// All sockets are closed: tells so whoever waits for it.
    private func end(leaving commands: ArraySlice<Command>) {
        let late = inbox.withLock { inbox in
            inbox.isOver = true
            defer { inbox.commands = [] }
            return inbox.commands
        }
        for case .remove(_, let closed) in commands + late { closed() }
    }
}

/// Why a receive loop could not start.
package struct ReceiveLoopError: Error, CustomStringConvertible {
    package var operation: String
    package var error: Int32
    package var description: String { "cannot start a receiving thread: \(operation): \(errorText(error))" }
}

/// What the new thread needs; passed through `pthread_create` as one pointer.
private final class Start {
    let loop: ReceiveLoop
    let epoll: Int32
    init(loop: ReceiveLoop, epoll: Int32) {
        self.loop = loop
        self.epoll = epoll
    }
}

/// The thread's entry. A free function: a closure in another isolation would trap when C calls it.
private func receiveThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    weir_thread_name("weir-receive")
    start.loop.run(epoll: start.epoll)
    return nil
}

func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

/// The system's words for an error number.
func errorText(_ error: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(error, &buffer, buffer.count) == 0 else { return "error \(error)" }
    return buffer.withUnsafeBufferPointer { text in text.baseAddress.map { String(cString: $0) } ?? "error \(error)" }
}
