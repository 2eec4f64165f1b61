// The events of one stream's inputs on their way to its event loop, and when the loop has to hear of them.
import Ingest
import Media
import NIOConcurrencyHelpers
import NIOCore

/// What the inputs of one stream left for it, in order.
///
/// Most frames complete nothing: they would wait in the chunker for those that end the chunk. They wait here instead, and
/// the loop is called with the frames that end it, or with whatever else happens. So a stream is looked after five times
/// a second instead of at each arrival, and each time all that it needs is read from memory once. The stream's own tick
/// reads what waits, whether it was expected so or not.
final class InputLetters: Sendable {
    struct Letter {
        let event: InputEvent
        let index: Int
        let number: UInt64
        let arrival: Arrival
    }

    /// When an event came.
    struct Arrival {
        let utc: MediaTime
        let monotonic: Duration
    }

    /// What the input that plays has to deliver before anything happens.
    struct Expectation {
        /// Of the session whose frames are meant.
        let number: UInt64
        var chunk: ChunkExpectation
    }

    private struct State {
        var letters: [Letter] = []
        var bytes = 0
        var expectation: Expectation?
        var hasCalled = false

        /// Whether the loop has to hear of this letter now.
        mutating func isDue(_ letter: Letter) -> Bool {
            guard case .frames(let frames) = letter.event, expectation?.number == letter.number else { return true }
            return expectation?.chunk.isMet(by: frames) ?? true
        }
    }

    private let mailbox: InputMailbox
    private let state = NIOLockedValueBox(State())

    init(mailbox: InputMailbox) { self.mailbox = mailbox }

    /// From any thread; of one session from one at a time.
    func post(_ letter: Letter, to life: NIOLoopBound<StreamLife>) {
        let bytes = letter.event.mediaBytes
        guard mailbox.takeRoom(bytes) else { return }
        let calls = state.withLockedValue { state in
            state.letters.append(letter)
            state.bytes += bytes
            guard !state.hasCalled else { return false }
            state.hasCalled = state.isDue(letter)
            return state.hasCalled
        }
        if calls { mailbox.call(life) }
    }

    func take() -> [Letter] {
        let (letters, bytes) = state.withLockedValue { state in
            defer {
                state.letters = []
                state.bytes = 0
                state.hasCalled = false
            }
            return (state.letters, state.bytes)
        }
        mailbox.giveRoom(bytes)
        return letters
    }

    /// Until frames meet `expectation` the loop need not be called for those of its session; nil: it is called for each.
    func expect(_ expectation: Expectation?, of life: NIOLoopBound<StreamLife>) {
        let calls = state.withLockedValue { state in
            state.expectation = expectation
            guard !state.hasCalled else { return false }
            // What came since `take` was judged by the expectation of before.
            for letter in state.letters where state.isDue(letter) { state.hasCalled = true }
            return state.hasCalled
        }
        if calls { mailbox.call(life) }
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
