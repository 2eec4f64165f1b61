// The receiving threads of a server: one per core, each new socket on the one with the fewest.

/// A fixed set of receive loops.
package final class ReceiveLoopGroup: Sendable {
    private let loops: [ReceiveLoop]

    /// - Throws: `ReceiveLoopError` when a thread cannot be started; those started before are stopped.
    package init(threadCount: Int) throws(ReceiveLoopError) {
        precondition(threadCount > 0, "a server needs at least one receiving thread, not \(threadCount)")
        var loops: [ReceiveLoop] = []
        for _ in 0..<threadCount {
            do throws(ReceiveLoopError) {
                loops.append(try ReceiveLoop())
            } catch {
                for loop in loops { loop.stop() }
                throw error
            }
        }
        self.loops = loops
    }

    /// The loop with the fewest sockets; the first of equal ones.
    package func next() -> ReceiveLoop {
        var best = loops[0]
        for loop in loops.dropFirst() where loop.sourceCount < best.sourceCount { best = loop }
        return best
    }

    /// Closes all sockets and ends the threads.
    package func stop() {
        for loop in loops { loop.stop() }
    }
}
