// fake://: a test source that needs no encoder, file or library, locked to UTC.
package import Ingest
package import Media
package import NIOCore
internal import Synchronization

/// The kind `fake://`. Frames are made on an event loop; 80 ms of a stream take some tens of microseconds.
///
/// What a stream shows at an instant, and its bytes, depend on the stream's name, `bitrate=` and UTC alone, so servers
/// with the same UTC play the same. The URL's host (`fake://fake`) has no meaning.
package struct FakeInput: InputKind {
    package let schemes = ["fake"]
    /// Between two batches of an input: shorter than a chunk, long enough that 200 inputs cost little.
    package static let period = TimeAmount.milliseconds(80)

    private let eventLoops: any EventLoopGroup
    private let now: @Sendable () -> MediaTime

    /// - `eventLoops`: each input runs on one. `now`: UTC.
    package init(eventLoops: any EventLoopGroup, now: @escaping @Sendable () -> MediaTime) {
        self.eventLoops = eventLoops
        self.now = now
    }

    /// Option `bitrate`: bits per second, 200 000 if absent; the source pads itself to it.
    package func open(
        _ request: InputRequest, url: InputURL, deliver: @escaping @Sendable (InputEvent) -> Void
    ) throws(InputFailure) -> any InputSession {
        var bitRate = FakeVideo.standardBitRate
        if let text = request.options["bitrate"] {
            guard let value = Int64(text), value > 0, value <= 1_000_000_000 else {
                throw InputFailure(
                    code: .misconfigured,
                    message: "\(url): bitrate «\(text)» is not a number of bits per second from 1 to 1000000000")
            }
            bitRate = value
        }
        let session = FakeSession(
            player: FakePlayer(name: request.stream, bitRate: bitRate), now: now, deliver: deliver)
        session.start(on: eventLoops.next())
        return session
    }
}

/// The handle of an open fake:// input, and the owner of its player.
private final class FakeSession: InputSession {
    private let now: @Sendable () -> MediaTime
    private let deliver: @Sendable (InputEvent) -> Void
    private let state = SessionState()
    private let playback: Mutex<Playback>
    private let ticker = InputTicker()

    private struct Playback {
        var player: FakePlayer
        var counters = InputCounters()
    }

    init(
        player: FakePlayer, now: @escaping @Sendable () -> MediaTime,
        deliver: @escaping @Sendable (InputEvent) -> Void
    ) {
        playback = Mutex(Playback(player: player))
        self.now = now
        self.deliver = deliver
    }

    var counters: InputCounters { state.counters }

    func start(on loop: any EventLoop) {
        ticker.start(every: FakeInput.period, on: loop, for: state) { [weak self] in self?.tick() }
    }

    func stop(whenClosed closed: @escaping @Sendable () -> Void) {
        if state.stop() { ticker.stop() }
        // There is no source that would count its readers.
        closed()
    }

    private func tick() {
        let (events, counters) = playback.withLock { playback in
            let events = playback.player.advance(to: now())
            playback.counters.countFrames(of: events)
            return (events, playback.counters)
        }
        guard state.publish(counters) else { return }
        for event in events where !state.isStopped { deliver(event) }
    }
}
