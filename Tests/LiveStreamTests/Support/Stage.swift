// A stream on an event loop that the test turns, with inputs and clocks that the test holds.
import Ingest
import LiveStream
import Media
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import TestSupport

final class Stage {
    let loop = EmbeddedEventLoop()
    let opener = FakeOpener()
    let mailbox: InputMailbox
    let stream: LiveStream
    private let elapsed = NIOLockedValueBox(Duration.zero)
    private let log = NIOLockedValueBox<[StreamEvent]>([])
    private let made = NIOLockedValueBox<[Chunk]>([])
    private let reaction = NIOLockedValueBox<(@Sendable (StreamEvent) -> Void)?>(nil)

    init(
        _ urls: [String], hot: Set<String> = [], segment: MediaSpan = .seconds(1),
        limits: LiveWindow.Limits = LiveWindow.Limits(segments: 100), continuing: StreamContinuation? = nil,
        pause: TimeAmount = .zero, waitingBytesMax: Int = InputMailbox.waitingBytesMax
    ) {
        let elapsed = elapsed
        let log = log
        let made = made
        let reaction = reaction
        mailbox = InputMailbox(loop, pause: pause, waitingBytesMax: waitingBytesMax)
        stream = LiveStream(
            Self.definition(urls, hot: hot, segment: segment, limits: limits), at: mailbox,
            environment: LiveStream.Environment(
                opener: opener, monotonic: { elapsed.withLockedValue { $0 } },
                utc: {
                    Sample.noon + MediaSpan(ticks: Int64(elapsed.withLockedValue { $0 / .milliseconds(1) }) * 90)
                },
                report: { event in
                    log.withLockedValue { $0.append(event) }
                    reaction.withLockedValue { $0 }?(event)
                },
                chunkMade: { chunk, _ in made.withLockedValue { $0.append(chunk) } }),
            continuing: continuing)
        loop.run()
    }

    static func definition(
        _ urls: [String], hot: Set<String> = [], title: String? = nil, segment: MediaSpan = .seconds(1),
        limits: LiveWindow.Limits = LiveWindow.Limits(segments: 100)
    ) -> LiveStreamDefinition {
        LiveStreamDefinition(
            name: "cam", title: title,
            inputs: urls.enumerated().map {
                LiveStreamDefinition.Input(
                    url: $1, choice: InputSelection.Choice(priority: $0 + 1, isHot: hot.contains($1)))
            }, segmentDuration: segment, windowLimits: limits)
    }

    /// Milliseconds since the stage was built.
    var now: Int64 { Int64(elapsed.withLockedValue { $0 / .milliseconds(1) }) }
    var events: [StreamEvent] { log.withLockedValue { $0 } }
    var chunks: [Chunk] { made.withLockedValue { $0 } }

    /// What happens on the loop while it tells of an event.
    func whenReported(_ action: @escaping @Sendable (StreamEvent) -> Void) {
        reaction.withLockedValue { $0 = action }
    }

    /// The newest session of an input; nil when it was never opened.
    func session(_ url: String) -> FakeSession? {
        opener.sessions.withLockedValue { $0.last { $0.url == url } }
    }

    func opened(_ url: String) -> Int { opener.sessions.withLockedValue { $0.filter { $0.url == url }.count } }

    /// Ends the stream and lets its loop run out.
    func finish() {
        stream.stop(reason: "the test is over")
        loop.run()
    }

    func send(_ event: InputEvent, from session: FakeSession?) {
        session?.deliver(event)
        loop.run()
    }

    func wait(milliseconds: Int64) {
        elapsed.withLockedValue { $0 += .milliseconds(milliseconds) }
        loop.advanceTime(by: .milliseconds(milliseconds))
    }

    /// Time passes while the sessions send their programmes in reads of 40 ms. Their timestamps are UTC and an offset.
    func play(
        _ sessions: [FakeSession?], milliseconds: Int64, offset: Int64 = 0, offsets: [Int64] = [], hasKeys: Bool = true
    ) {
        let end = now + milliseconds
        while now < end {
            for (index, session) in sessions.enumerated() {
                let frames = Sample.programme(
                    now, now + 40,
                    origin: Sample.noon.ticks + (offsets.indices.contains(index) ? offsets[index] : offset),
                    mark: UInt8(index + 1), hasKeys: hasKeys)
                if !frames.isEmpty { send(.frames(frames), from: session) }
            }
            wait(milliseconds: 40)
        }
    }
}

/// A reader that keeps what it gets.
final class Listener: ChunkReader {
    let eventLoop: any EventLoop
    private let kept = NIOLockedValueBox<[ChunkDelivery]>([])
    private let sizes = NIOLockedValueBox<[Int]>([])
    private let ends = NIOLockedValueBox<[String]>([])

    init(on loop: any EventLoop) { eventLoop = loop }

    var deliveries: [ChunkDelivery] { kept.withLockedValue { $0 } }
    var starts: [MediaTime] { deliveries.map(\.chunk.start) }
    var endings: [String] { ends.withLockedValue { $0 } }
    var bytes: ByteBuffer {
        deliveries.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1.transportStream ?? ByteBuffer()) }
    }

    /// How many chunks came together, each time.
    var batches: [Int] { sizes.withLockedValue { $0 } }
    func forgetBatches() { sizes.withLockedValue { $0 = [] } }

    func receive(_ batch: DeliveryBatch) {
        sizes.withLockedValue { $0.append(batch.deliveries.count) }
        for delivery in batch.deliveries { receive(delivery) }
    }
    func receive(_ delivery: ChunkDelivery) { kept.withLockedValue { $0.append(delivery) } }
    func streamEnded(reason: String) { ends.withLockedValue { $0.append(reason) } }
}
