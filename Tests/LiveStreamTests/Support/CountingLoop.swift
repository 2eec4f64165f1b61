// An event loop that the test turns, and that counts what comes to it from elsewhere.
import Dispatch
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded

final class CountingLoop: EventLoop {
    let base = EmbeddedEventLoop()
    private let count = NIOLockedValueBox(0)

    /// What was given to the loop to do: on a thread of its own, each may wake it.
    var crossings: Int { count.withLockedValue { $0 } }

    var inEventLoop: Bool { base.inEventLoop }

    @preconcurrency func execute(_ task: @escaping @Sendable () -> Void) {
        count.withLockedValue { $0 += 1 }
        base.execute(task)
    }

    @preconcurrency func scheduleTask<T>(
        deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        base.scheduleTask(deadline: deadline, task)
    }

    @preconcurrency func scheduleTask<T>(
        in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        base.scheduleTask(in: delay, task)
    }

    @preconcurrency func shutdownGracefully(
        queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void
    ) {
        base.shutdownGracefully(queue: queue, callback)
    }
}
