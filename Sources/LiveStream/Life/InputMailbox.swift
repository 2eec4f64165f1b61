// Brings what the inputs of many streams left to their event loop, with one wake-up for all that came meanwhile.
import NIOConcurrencyHelpers
package import NIOCore
import Synchronization

/// Where the streams of one event loop say that their letters (`InputLetters`) want to be read.
///
/// Waking a loop costs more than what most events give it to do. So the first call wakes it at once; where one follows
/// another soon, the loop looks again by itself after `pause`, as long as it finds something each time: hundreds of
/// streams share a hundred wake-ups a second, a single one is not looked for in vain, and a call waits for `pause` at the
/// longest.
///
/// What waits is bounded: where the loop does not get to it, media that comes beyond the bound is dropped and counted, and
/// the stream has a hole there. What is not media (tracks, ends, timelines) is never dropped.
///
/// ```
/// asleep ── first call: wakes the loop ──► looks ── the look before was long ago ──► asleep
///   ▲                                        │ it was less than two pauses ago
///   └── a look finds nothing ── awake ◄──────┘
///                               └ a look finds calls: the next look after `pause` ┘
/// ```
package final class InputMailbox: Sendable {
    private struct State {
        /// Opened on the mailbox's loop only.
        var calling: [NIOLoopBound<StreamLife>] = []
        var isAwake = false
        /// When the loop last looked and found something.
        var lastLook: NIODeadline?
    }

    /// Seconds of all that a loop can be expected to carry.
    package static let waitingBytesMax = 256 << 20

    package let eventLoop: any EventLoop
    private let pause: TimeAmount
    private let waitingBytesMax: Int
    private let waitingBytes = Atomic<Int>(0)
    private let dropped = Atomic<UInt64>(0)
    private let state = NIOLockedValueBox(State())

    /// - Parameter pause: between two looks; with zero every first call wakes the loop.
    package init(
        _ eventLoop: any EventLoop, pause: TimeAmount = .zero, waitingBytesMax: Int = InputMailbox.waitingBytesMax
    ) {
        self.eventLoop = eventLoop
        self.pause = pause
        self.waitingBytesMax = waitingBytesMax
    }

    /// Batches of frames, and chunks, for which there was no room.
    package var droppedBatches: UInt64 { dropped.load(ordering: .relaxed) }

    /// From any thread. False when there is no room for so much media; what was taken is given back with `giveRoom`.
    func takeRoom(_ bytes: Int) -> Bool {
        guard bytes > 0 else { return true }
        let waiting = waitingBytes.load(ordering: .relaxed)
        guard waiting == 0 || waiting + bytes <= waitingBytesMax else {
            dropped.add(1, ordering: .relaxed)
            return false
        }
        waitingBytes.add(bytes, ordering: .relaxed)
        return true
    }

    func giveRoom(_ bytes: Int) {
        if bytes > 0 { waitingBytes.subtract(bytes, ordering: .relaxed) }
    }

    /// The letters of `life` want to be read. From any thread.
    func call(_ life: NIOLoopBound<StreamLife>) {
        let isFirst = state.withLockedValue { state in
            state.calling.append(life)
            defer { state.isAwake = true }
            return !state.isAwake
        }
        if isFirst { eventLoop.execute { self.look(isWoken: true) } }
    }

    private func look(isWoken: Bool) {
        let now = eventLoop.now
        let (calling, isDone) = state.withLockedValue { state in
            let calling = state.calling
            let isBusy = !calling.isEmpty && (!isWoken || state.lastLook.map { now - $0 < pause * 2 } ?? false)
            state.calling = []
            if !calling.isEmpty { state.lastLook = now }
            state.isAwake = isBusy && pause > .zero
            return (calling, !state.isAwake)
        }
        for life in calling { life.value.readLetters() }
        if !isDone { _ = eventLoop.scheduleTask(in: pause) { self.look(isWoken: false) } }
    }
}
