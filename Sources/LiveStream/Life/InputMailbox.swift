// Brings the events of many inputs to one event loop, with one wake-up for all that came meanwhile.
import Ingest
import Media
import NIOConcurrencyHelpers
package import NIOCore

/// Where the inputs of all streams of one event loop leave their events.
///
/// Waking a loop costs more than what most events give it to do. So the first event wakes it at once, and then the loop
/// looks again by itself after `pause`, as long as it finds something each time: hundreds of streams share a hundred
/// wake-ups a second, and an event waits for `pause` at the longest. The events of one input keep their order.
///
/// What waits is bounded: where the loop does not get to it, media that comes beyond the bound is dropped and counted, and
/// the stream has a hole there. What is not media (tracks, ends, timelines) is never dropped.
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
        var waitingBytes = 0
        var droppedBatches: UInt64 = 0
        var isAwake = false
    }

    /// Seconds of all that a loop can be expected to carry.
    package static let waitingBytesMax = 256 << 20

    package let eventLoop: any EventLoop
    private let pause: TimeAmount
    private let waitingBytesMax: Int
    private let state = NIOLockedValueBox(State())

    /// - Parameter pause: between two looks; with zero every first event of an empty mailbox wakes the loop.
    package init(
        _ eventLoop: any EventLoop, pause: TimeAmount = .zero, waitingBytesMax: Int = InputMailbox.waitingBytesMax
    ) {
        self.eventLoop = eventLoop
        self.pause = pause
        self.waitingBytesMax = waitingBytesMax
    }

    /// Batches of frames, and chunks, for which there was no room.
    package var droppedBatches: UInt64 { state.withLockedValue { $0.droppedBatches } }

    /// From any thread.
    func post(_ letter: Letter) {
        let bytes = letter.event.mediaBytes
        let isFirst = state.withLockedValue { state in
            guard bytes == 0 || state.waitingBytes == 0 || state.waitingBytes + bytes <= waitingBytesMax else {
                state.droppedBatches += 1
                return false
            }
            state.letters.append(letter)
            state.waitingBytes += bytes
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
            state.waitingBytes = 0
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

extension InputEvent {
    /// Zero for what is not media.
    fileprivate var mediaBytes: Int {
        switch self {
        case .frames(let frames): frames.reduce(0) { $0 + $1.data.readableBytes }
        case .chunk(let chunk): chunk.bytes.readableBytes
        case .tracks, .clockJump, .timeline, .notice, .ended: 0
        }
    }
}
