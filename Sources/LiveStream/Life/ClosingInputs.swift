// The sessions that a stream has ended and whose sockets are not closed yet: a source may allow one reader.
import Ingest
import NIOCore

/// Who waits until no input of before is read any more. On the stream's event loop.
final class ClosingInputs {
    private let eventLoop: any EventLoop
    /// How long a session is waited for at the longest.
    private let patience: TimeAmount
    private var nextNumber: UInt64 = 1
    /// Each with the end of the patience.
    private var open: [UInt64: Scheduled<Void>] = [:]
    private var waiting: [() -> Void] = []

    init(on eventLoop: any EventLoop, patience: TimeAmount) {
        self.eventLoop = eventLoop
        self.patience = patience
    }

    func end(_ session: any InputSession) {
        let number = nextNumber
        nextNumber += 1
        let box = NIOLoopBound(self, eventLoop: eventLoop)
        open[number] = eventLoop.scheduleTask(in: patience) { box.value.closed(number) }
        session.stop { [eventLoop] in
            if eventLoop.inEventLoop {
                box.value.closed(number)
            } else {
                eventLoop.execute { box.value.closed(number) }
            }
        }
    }

    /// At once, if there are none.
    func whenNone(_ action: @escaping () -> Void) {
        if open.isEmpty { action() } else { waiting.append(action) }
    }

    private func closed(_ number: UInt64) {
        open.removeValue(forKey: number)?.cancel()
        guard open.isEmpty else { return }
        let actions = waiting
        waiting = []
        for action in actions { action() }
    }
}
