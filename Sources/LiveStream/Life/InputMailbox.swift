// Brings the events of many inputs to one event loop, with one wake-up for all that came meanwhile.
import Ingest
import NIOConcurrencyHelpers
package import NIOCore

/// Where the inputs of all streams of one event loop leave their events.
///
/// Waking a loop costs more than what most events give it to do. So the first event wakes it at once, and then the loop
/// looks again by itself after `pause`, as long as it finds something each time: hundreds of streams share a hundred
/// wake-ups a second, and an event waits for `pause` at the longest. The events of one input keep their order.
///
/// ```
/// asleep ── first event: wakes the loop ──► awake ── a look finds nothing ──► asleep
///                                           └ a look finds events: the next look after `pause` ┘
/// ```
package final class InputMailbox: Sendable {
    struct Letter {
        /// Opened on the mailbox's loop only.
        let life: NIOLoopBound<StreamLife>
        let event: InputEvent
        let index: Int
        let number: UInt64
    }

    private struct State {
        var letters: [Letter] = []
        var isAwake = false
    }

    package let eventLoop: any EventLoop
    private let pause: TimeAmount
    private let state = NIOLockedValueBox(State())

    /// - Parameter pause: between two looks; with zero every first event of an empty mailbox wakes the loop.
    package init(_ eventLoop: any EventLoop, pause: TimeAmount = .zero) {
        self.eventLoop = eventLoop
        self.pause = pause
    }

    /// From any thread.
    func post(_ letter: Letter) {
        let isFirst = state.withLockedValue { state in
            state.letters.append(letter)
            defer { state.isAwake = true }
            return !state.isAwake
        }
        if isFirst { eventLoop.execute { self.look() } }
    }

    /// Hands over what is there now. On the loop; for whoever must not be overtaken by what comes the usual way.
    func empty() {
        eventLoop.assertInEventLoop()
        let letters = state.withLockedValue { state in
            defer { state.letters = [] }
            return state.letters
        }
        for letter in letters { letter.life.value.received(letter.event, from: letter.index, number: letter.number) }
    }

    private func look() {
        let isDone = state.withLockedValue { state in
            guard state.letters.isEmpty || pause == .zero else { return false }
            state.isAwake = false
            return true
        }
        empty()
        if !isDone { _ = eventLoop.scheduleTask(in: pause) { self.look() } }
    }
}
