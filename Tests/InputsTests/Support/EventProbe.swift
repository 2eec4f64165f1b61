// Collects the events of an input and lets a test wait for what it looks for.
import Ingest
import Media

/// The events of one session, in order.
final class EventProbe: Sendable {
    let deliver: @Sendable (InputEvent) -> Void
    private let events: AsyncStream<InputEvent>

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: InputEvent.self)
        events = stream
        deliver = { continuation.yield($0) }
    }

    /// Waits until `isEnough` is true of everything so far, or the session ended. One call per probe at a time.
    func gather(until isEnough: (Gathered) -> Bool) async -> Gathered {
        var gathered = Gathered()
        for await event in events {
            gathered.append(event)
            if isEnough(gathered) || gathered.failure != nil { break }
        }
        return gathered
    }

    /// Waits for the end.
    func failure() async -> InputFailure? { await gather { _ in false }.failure }
}

/// Events, sorted by what tests ask.
struct Gathered {
    var trackSets: [TrackSet] = []
    var clocks: [SourceClock] = []
    var frames: [Frame] = []
    var batches = 0
    var clockJumps = 0
    var failure: InputFailure?
    var notices: [String] = []
    /// Frames came before any tracks: never right.
    var isOutOfOrder = false

    mutating func append(_ event: InputEvent) {
        switch event {
        case .tracks(let set, let clock):
            trackSets.append(set)
            clocks.append(clock)
        case .frames(let new):
            if trackSets.isEmpty { isOutOfOrder = true }
            frames += new
            batches += 1
        case .clockJump: clockJumps += 1
        case .notice(let text): notices.append(text)
        case .chunk, .timeline: break
        case .ended(let failure): self.failure = failure
        }
    }

    mutating func append(contentsOf events: [InputEvent]) {
        for event in events { append(event) }
    }

    func frames(of kind: Track.Kind) -> [Frame] {
        frames.filter { trackSets.last?[$0.track]?.kind == kind }
    }
}
