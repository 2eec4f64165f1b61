// file://: a media file below a configured root, looped in real time with its position locked to UTC.
package import Ingest
package import Media
package import NIOCore
package import NIOPosix
internal import Synchronization

/// The kind `file://`. Files are read on a thread pool, one short job per input every 80 ms: no thread of its own, and
/// nothing of it on an event loop or a receiving thread.
package struct FileInput: InputKind {
    package let schemes = ["file"]
    /// Between two batches of an input: shorter than a chunk, long enough that 200 inputs cost little.
    package static let period = TimeAmount.milliseconds(80)

    private let roots: FileRoots
    private let eventLoops: any EventLoopGroup
    private let threads: NIOThreadPool
    private let makeParser: MediaParserFactory
    private let now: @Sendable () -> MediaTime

    /// - `eventLoops`: for timers only. `threads`: a running pool, for reading. `now`: UTC.
    package init(
        roots: FileRoots, eventLoops: any EventLoopGroup, threads: NIOThreadPool,
        makeParser: @escaping MediaParserFactory, now: @escaping @Sendable () -> MediaTime
    ) {
        self.roots = roots
        self.eventLoops = eventLoops
        self.threads = threads
        self.makeParser = makeParser
        self.now = now
    }

    package func open(
        _ request: InputRequest, url: InputURL, deliver: @escaping @Sendable (InputEvent) -> Void
    ) throws(InputFailure) -> any InputSession {
        let location = try roots.locate(url)
        let makeParser = makeParser
        let session = FileSession(
            threads: threads, now: now, deliver: deliver,
            openMedia: { () throws(InputFailure) in
                LoopPlayer(try openLoopedMedia(location.open(), request: request, makeParser: makeParser))
            })
        session.start(on: eventLoops.next())
        return session
    }
}

/// The handle of an open file:// input, and the owner of its player.
private final class FileSession: InputSession {
    private let threads: NIOThreadPool
    private let now: @Sendable () -> MediaTime
    private let deliver: @Sendable (InputEvent) -> Void
    private let openMedia: @Sendable () throws(InputFailure) -> LoopPlayer
    private let state = SessionState()
    /// A job is queued or running: the next tick leaves its work to it.
    private let isBusy = Atomic<Bool>(false)
    private let playback = Mutex(Playback())
    private let ticker = InputTicker()

    private struct Playback {
        var player: LoopPlayer?
        var counters = InputCounters()
    }

    init(
        threads: NIOThreadPool, now: @escaping @Sendable () -> MediaTime,
        deliver: @escaping @Sendable (InputEvent) -> Void,
        openMedia: @escaping @Sendable () throws(InputFailure) -> LoopPlayer
    ) {
        self.threads = threads
        self.now = now
        self.deliver = deliver
        self.openMedia = openMedia
    }

    var counters: InputCounters { state.counters }

    func start(on loop: any EventLoop) {
        ticker.start(every: FileInput.period, on: loop, for: state) { [weak self] in self?.tick() }
    }

    func stop(whenClosed closed: @escaping @Sendable () -> Void) {
        if state.stop() { ticker.stop() }
        // A file has any number of readers: one that reads its last piece is in nobody's way.
        closed()
    }

    private func tick() {
        guard !isBusy.exchange(true, ordering: .acquiringAndReleasing) else { return }
        threads.submit { status in
            if status == .active, !self.state.isStopped { self.step() }
            self.isBusy.store(false, ordering: .releasing)
        }
    }

    /// On a pool thread, one at a time.
    private func step() {
        do throws(InputFailure) {
            for event in try dueEvents() where !state.isStopped { deliver(event) }
        } catch {
            if state.stop() { deliver(.ended(error)) }
            ticker.stop()
        }
    }

    private func dueEvents() throws(InputFailure) -> [InputEvent] {
        let (result, counters) = playback.withLock { playback in
            let result = Result { () throws(InputFailure) in
                if playback.player == nil { playback.player = try openMedia() }
                return try playback.player?.advance(to: now()) ?? []
            }
            if case .success(let events) = result {
                playback.counters.damagedFrames = playback.player?.damagedFrames ?? 0
                playback.counters.countFrames(of: events)
            }
            return (result, playback.counters)
        }
        _ = state.publish(counters)
        return try result.get()
    }
}
