// The timer of an input that makes its media piece by piece.
internal import Ingest
internal import Media
internal import NIOCore
internal import Synchronization

final class InputTicker: Sendable {
    private let task = Mutex<RepeatedTask?>(nil)

    /// Calls `tick` on `loop`, at once and then every `period`, until `stop` or until the session was stopped.
    func start(
        every period: TimeAmount, on loop: any EventLoop, for state: SessionState, tick: @escaping @Sendable () -> Void
    ) {
        let repeated = loop.scheduleRepeatedTask(initialDelay: .zero, delay: period) { task in
            if state.isStopped { task.cancel() } else { tick() }
        }
        task.withLock { $0 = repeated }
    }

    func stop() { task.withLock { $0?.cancel() } }
}

extension InputCounters {
    /// Adds the frames among `events`, each as a packet.
    mutating func countFrames(of events: [InputEvent]) {
        for case .frames(let frames) in events {
            packets += UInt64(frames.count)
            for frame in frames { bytes += UInt64(frame.data.readableBytes) }
        }
    }
}
