// A stream's life on its event loop: drives input selection, timeline and chunker, fills the window, feeds readers.
import Ingest
import Media
import NIOConcurrencyHelpers
import NIOCore

/// The life of one stream. All methods are called on `eventLoop`, the mailbox's.
final class StreamLife {
    static let tickInterval = TimeAmount.milliseconds(250)
    /// A hot input is kept for so much of the silence of a better one.
    static let hotSilenceMax = Duration.seconds(20)
    /// So long a start waits for the timelines of other servers.
    static let timelinePatience = TimeAmount.seconds(1)

    let eventLoop: any EventLoop
    let letters: InputLetters
    let environment: LiveStream.Environment
    let published: NIOLockedValueBox<PublishedStream>
    var definition: LiveStreamDefinition
    var selection: InputSelection
    var sessions: InputSessions
    var segmenter: Segmenter
    var lastPlayed: Int?
    /// Another server's timeline waits for the first source, which goes on with it where its timestamps fit.
    var isHandedOver: Bool
    /// The input of ready chunks that plays has not yet gone on with the stream.
    var awaitsChunk = false
    /// What was told of inputs that have given nothing since.
    var toldLosses: [Int: String] = [:]
    /// The chunk with which the stream passes over to an input of ready chunks, while that happens.
    var joiningChunk: Chunk?
    /// What is taken comes from the backup.
    var isFilling = false
    /// When media of the input that plays came last.
    var lastArrival = MediaTime(ticks: 0)
    /// The input that plays now was resumed from its buffer, so that its next frames follow those that it has.
    var hasResumed = false
    /// The chunker makes chunks again that the stream has: those before this instant.
    var resumedAt: MediaTime?
    var window: LiveWindow
    var readers = FanOut()
    var transportStream = TransportStreamFeed()
    var random = SystemRandomNumberGenerator()
    var tick: RepeatedTask?
    var hadMedia = false
    /// Questions for the timeline that wait for their answers; the inputs open after them.
    var asking: [any InputSession] = []
    var timelinesTold = 0
    var hasBegun = false
    var reason = "the stream is starting"
    var isStopped = false

    init(
        _ definition: LiveStreamDefinition, mailbox: InputMailbox, environment: LiveStream.Environment,
        continuing continuation: StreamContinuation?, published: NIOLockedValueBox<PublishedStream>
    ) {
        self.definition = definition
        letters = InputLetters(mailbox: mailbox)
        eventLoop = mailbox.eventLoop
        self.environment = environment
        self.published = published
        isHandedOver = continuation?.media != nil
        selection = InputSelection(definition.inputs.map(\.choice), at: environment.monotonic())
        sessions = InputSessions(
            count: definition.inputs.count,
            closing: ClosingInputs(on: mailbox.eventLoop, patience: environment.closingPatience))
        segmenter = Segmenter(segmentDuration: definition.segmentDuration, continuing: continuation?.media)
        window = LiveWindow(
            limits: definition.windowLimits, segmentDuration: definition.segmentDuration,
            continuing: continuation?.sequence)
    }

    func start() {
        askTimelines()
        // The repeated task keeps the life alive until `stop`, which cancels it.
        let box = NIOLoopBound(self, eventLoop: eventLoop)
        tick = eventLoop.scheduleRepeatedTask(initialDelay: Self.tickInterval, delay: Self.tickInterval) { _ in
            box.value.timePassed()
        }
    }

    func timePassed() {
        guard hasBegun else { return }
        // Frames that complete no chunk are signs of life as well.
        readLetters()
        perform(selection.tick(at: environment.monotonic(), using: &random))
        expectFrames()
        publishStatus()
    }

    /// - Parameter closed: called when no source is read any more.
    func stop(reason: String, whenClosed closed: @escaping () -> Void) {
        defer { sessions.whenClosed(closed) }
        guard !isStopped else { return }
        isStopped = true
        for session in asking { session.stop() }
        asking = []
        tick?.cancel()
        tick = nil
        sessions.closeAll()
        finishMedia()
        readers.end(reason: reason)
        publishStatus()
        // A session may be in the middle of a round: what it still leaves is read and forgotten at once, for no tick comes any more.
        letters.expect(nil, of: NIOLoopBound(self, eventLoop: eventLoop))
    }

    func update(_ new: LiveStreamDefinition) {
        let inputsChanged = new.inputs != definition.inputs
        let needsRestart = inputsChanged || new.segmentDuration != definition.segmentDuration
        definition = new
        window.setLimits(new.windowLimits)
        published.withLockedValue {
            $0.title = new.title
            $0.prefersTransportStreamSegments = new.prefersTransportStreamSegments
            $0.window = window
        }
        guard needsRestart, !isStopped else { return }
        hasBegun = false
        sessions.closeAll()
        finishMedia()
        sessions = InputSessions(count: new.inputs.count, after: sessions)
        if inputsChanged {
            lastPlayed = nil
            isHandedOver = false
        }
        segmenter = Segmenter(segmentDuration: new.segmentDuration, continuing: segmenter.handover)
        selection = InputSelection(new.inputs.map(\.choice), at: environment.monotonic())
        begin()
    }
}
