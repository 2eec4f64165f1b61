// A stream's life on its event loop: drives input selection, timeline and chunker, fills the window, feeds readers.
import Ingest
import Media
import NIOConcurrencyHelpers
import NIOCore

/// The life of one stream. All methods are called on `eventLoop`, the mailbox's.
final class StreamLife {
    private static let tickInterval = TimeAmount.milliseconds(250)
    /// A hot input is kept for so much of the silence of a better one.
    private static let hotSilenceMax = Duration.seconds(20)
    /// So long a start waits for the timelines of other servers.
    private static let timelinePatience = TimeAmount.seconds(1)

    private let eventLoop: any EventLoop
    private let mailbox: InputMailbox
    private let environment: LiveStream.Environment
    private let published: NIOLockedValueBox<PublishedStream>
    private var definition: LiveStreamDefinition
    private var selection: InputSelection
    private var sessions: InputSessions
    private var segmenter: Segmenter
    private var lastPlayed: Int?
    /// Another server's timeline waits for the first source, which goes on with it where its timestamps fit.
    private var isHandedOver: Bool
    /// The input of ready chunks that plays has not yet gone on with the stream.
    private var awaitsChunk = false
    /// The chunk with which the stream passes over to an input of ready chunks, while that happens.
    private var joiningChunk: Chunk?
    /// What is taken comes from the backup.
    private var isFilling = false
    /// When media of the input that plays came last.
    private var lastArrival = MediaTime(ticks: 0)
    /// The input that plays now was resumed from its buffer, so that its next frames follow those that it has.
    private var hasResumed = false
    /// The chunker makes chunks again that the stream has: those before this instant.
    private var resumedAt: MediaTime?
    private var window: LiveWindow
    private var readers = FanOut()
    private var transportStream = TransportStreamFeed()
    private var random = SystemRandomNumberGenerator()
    private var tick: RepeatedTask?
    private var hadMedia = false
    /// Questions for the timeline that wait for their answers; the inputs open after them.
    private var asking: [any InputSession] = []
    private var timelinesTold = 0
    private var hasBegun = false
    private var reason = "the stream is starting"
    private var isStopped = false

    init(
        _ definition: LiveStreamDefinition, mailbox: InputMailbox, environment: LiveStream.Environment,
        continuing continuation: StreamContinuation?, published: NIOLockedValueBox<PublishedStream>
    ) {
        self.definition = definition
        self.mailbox = mailbox
        eventLoop = mailbox.eventLoop
        self.environment = environment
        self.published = published
        isHandedOver = continuation?.media != nil
        selection = InputSelection(definition.inputs.map(\.choice), at: environment.monotonic())
        sessions = InputSessions(count: definition.inputs.count)
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

    /// Asks the other servers among the inputs for the timeline that they are on, so that a server which comes back to
    /// its source cuts where they do. Where the best input is another server, its session tells it anyway.
    private func askTimelines() {
        let best = definition.inputs.indices.min {
            (definition.inputs[$0].choice.priority, $0) < (definition.inputs[$1].choice.priority, $1)
        }
        let box = NIOLoopBound(self, eventLoop: eventLoop)
        var waiting = 0
        if !isHandedOver {
            for (index, input) in definition.inputs.enumerated() {
                let request = InputRequest(stream: definition.name, url: input.url, options: input.options)
                let session = environment.opener.askTimeline(request) { [eventLoop] anchor in
                    eventLoop.execute { box.value.toldTimeline(anchor) }
                }
                guard let session else { continue }
                asking.append(session)
                waiting += index == best ? 0 : 1
            }
        }
        guard waiting > 0, waiting == asking.count else { return begin() }
        eventLoop.scheduleTask(in: Self.timelinePatience) { box.value.begin() }
    }

    private func toldTimeline(_ anchor: TimelineAnchor?) {
        guard !asking.isEmpty else { return }
        timelinesTold += 1
        if let anchor {
            segmenter = Segmenter(
                segmentDuration: definition.segmentDuration,
                continuing: SegmenterContinuation(anchor: anchor, end: nil, tracks: nil))
            isHandedOver = true
        } else if timelinesTold < asking.count {
            return
        }
        begin()
    }

    /// Opens the inputs, once.
    private func begin() {
        for session in asking { session.stop() }
        asking = []
        guard !hasBegun, !isStopped else { return }
        hasBegun = true
        perform(selection.start(at: environment.monotonic()))
    }

    private func timePassed() {
        guard hasBegun else { return }
        perform(selection.tick(at: environment.monotonic(), using: &random))
        publishStatus()
    }

    func stop(reason: String) {
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
        for session in asking { session.stop() }
        asking = []
        hasBegun = true
        sessions.closeAll()
        finishMedia()
        sessions = InputSessions(count: new.inputs.count, after: sessions)
        if inputsChanged {
            lastPlayed = nil
            isHandedOver = false
        }
        segmenter = Segmenter(segmentDuration: new.segmentDuration, continuing: segmenter.handover)
        selection = InputSelection(new.inputs.map(\.choice), at: environment.monotonic())
        perform(selection.start(at: environment.monotonic()))
    }

    // MARK: Inputs

    private func perform(_ effects: [InputSelection.Effect]) {
        for effect in effects {
            switch effect {
            case .open(let index): open(index)
            case .close(let index): sessions.close(index)
            case .play(let index, let reason): play(index, reason: reason)
            case .pause(let reason): pause(reason: reason)
            }
        }
    }

    private func open(_ index: Int) {
        let input = definition.inputs[index]
        let request = InputRequest(stream: definition.name, url: input.url, options: input.options)
        let number = sessions.reserve(index)
        let box = NIOLoopBound(self, eventLoop: eventLoop)
        do {
            let session = try environment.opener.open(request) { [mailbox] event in
                mailbox.post(InputMailbox.Letter(life: box, event: event, index: index, number: number))
            }
            sessions.set(session, for: index, number: number)
        } catch {
            // Reported like a session that ended at once, but after the effects that are being performed now.
            eventLoop.execute { box.value.received(.ended(error), from: index, number: number) }
        }
    }

    func received(_ event: InputEvent, from index: Int, number: UInt64) {
        guard !isStopped, sessions.isCurrent(index, number: number) else { return }
        switch event {
        case .tracks(let tracks, let clock):
            sessions.setTracks(tracks, clock: clock, for: index)
            if selection.active == index, sessions.isPlaying(index) { tracksChanged(tracks, clock: clock) }
        case .frames(let frames):
            receivedFrames(frames, from: index)
        case .clockJump:
            if selection.active == index { segmenter.clockJumped() }
        case .chunk(let chunk):
            receivedChunk(chunk, from: index)
        case .timeline(let anchor): sessions.setTimeline(anchor, for: index)
        case .notice(let text):
            environment.report(
                StreamEvent(.inputNotice, stream: definition.name, reason: "input \(index + 1): \(text)"))
        case .ended(let failure):
            sessions.forget(index)
            environment.report(
                StreamEvent(.inputLost, stream: definition.name, reason: "input \(index + 1): \(failure.message)"))
            perform(selection.ended(index, failure, at: environment.monotonic(), using: &random))
            publishStatus()
        }
    }

    /// Chunks that another server cut.
    private func receivedChunk(_ chunk: Chunk, from index: Int) {
        if selection.active == index, sessions.isPlaying(index) {
            perform(selection.delivered(index, withKeyFrame: false, at: environment.monotonic()))
        } else {
            let joins = sessions.joins(chunk, of: index, after: window.segments.last)
            joiningChunk = joins ? chunk : nil
            perform(selection.delivered(index, withKeyFrame: joins, at: environment.monotonic()))
            joiningChunk = nil
            guard selection.active == index, sessions.isPlaying(index) else {
                if definition.inputs[index].choice.isHot { sessions.keep(chunk, of: index, span: hotSpan) }
                return
            }
        }
        playChunk(chunk, from: index)
    }

    private func playChunk(_ chunk: Chunk, from index: Int) {
        var chunk = chunk
        lastArrival = environment.utc()
        if awaitsChunk {
            let newest = window.segments.last
            switch ChunkJoining.place(of: chunk, after: newest) {
            case .continuesSegment: break
            case .startsSegment(let isContinuation): if !isContinuation { chunk.isDiscontinuous = true }
            case .repeats, .none: return
            }
            awaitsChunk = false
        }
        let timeline = sessions.timeline(of: index)
        // What the chunker goes on from when an input with frames takes over.
        segmenter = Segmenter(
            segmentDuration: definition.segmentDuration,
            continuing: SegmenterContinuation(anchor: timeline, end: chunk.end, tracks: chunk.tracks))
        isHandedOver = timeline != nil
        take([chunk])
    }

    private func receivedFrames(_ frames: [Frame], from index: Int) {
        // Without tracks nobody knows what they are (`InputEvent` promises that they come first).
        guard sessions.hasTracks(index) else { return }
        let leading = sessions.leadingTrack(of: index)
        let firstKey = frames.firstIndex { $0.isKey && $0.track == leading }
        let wasActive = selection.active == index
        hasResumed = false
        perform(selection.delivered(index, withKeyFrame: firstKey != nil, at: environment.monotonic()))
        guard selection.active == index, sessions.isPlaying(index) else {
            if definition.inputs[index].choice.isHot {
                sessions.keep(frames, of: index, at: environment.utc(), span: hotSpan)
            }
            return
        }
        // A switch happens at a key frame: what came before it in the same batch is not played.
        let useful = wasActive || hasResumed ? frames : Array(frames[(firstKey ?? 0)...])
        var chunks: [Chunk] = []
        lastArrival = environment.utc()
        segmenter.take(useful, at: lastArrival, into: &chunks)
        reportAnchorings()
        if let end = resumedAt {
            chunks.removeAll { $0.start < end }
            if !chunks.isEmpty { resumedAt = nil }
        }
        take(chunks)
    }

    private func play(_ index: Int, reason: String) {
        let buffer = sessions.takeBuffer(of: index)
        var left: [Chunk] = []
        var chunks: [Chunk] = []
        var ready: ArraySlice<Chunk> = []
        if let buffer, let resumption = resumption(from: buffer, of: index) {
            segmenter = resumption.segmenter
            chunks = resumption.chunks
            resumedAt = chunks.isEmpty ? window.segments.last?.end : nil
            hasResumed = true
        } else {
            ready = buffer.map { $0.chunks(after: window.segments.last) } ?? []
            segmenter.sourceStarts(
                sameSource: lastPlayed == index || isHandedOver, before: (joiningChunk ?? ready.first)?.start,
                into: &left)
            resumedAt = nil
            // An input of ready chunks has no tracks of its own: each chunk says what it is made of.
            if let source = sessions.source(of: index) {
                segmenter.tracksChanged(source.tracks, clock: source.clock, into: &left)
            }
            if let buffer, let leading = sessions.leadingTrack(of: index) {
                for batch in buffer.frames(since: lastArrival, leading: leading) {
                    segmenter.take(batch.frames, at: batch.arrival, into: &chunks)
                    hasResumed = true
                }
                reportAnchorings()
            }
        }
        isHandedOver = false
        awaitsChunk = true
        lastPlayed = index
        sessions.setPlaying(index)
        // What the source before left is still its own.
        take(left)
        isFilling = definition.inputs[index].choice.isBackup
        take(chunks)
        self.reason = reason
        if isFilling { readers.mediaLost(reason: reason) }
        environment.report(StreamEvent(.inputSwitched, stream: definition.name, reason: reason))
        for chunk in ready { playChunk(chunk, from: index) }
    }

    /// How the stream goes on in the middle of its open segment with what a hot input has delivered.
    private func resumption(from buffer: HotBuffer, of index: Int) -> HotBuffer.Resumption? {
        guard let source = sessions.source(of: index), let newest = window.segments.last,
            let anchor = segmenter.handover.anchor
        else { return nil }
        return buffer.resume(
            after: newest, on: anchor, tracks: source.tracks, clock: source.clock,
            segmentDuration: definition.segmentDuration)
    }

    /// What is kept of a hot input: from before the start of the open segment, over the time in which a silent input is
    /// noticed.
    private var hotSpan: MediaSpan {
        let timeouts = definition.inputs.lazy.filter { !$0.choice.isBackup }.map(\.choice.sourceTimeout)
        let silence = min(timeouts.max() ?? .zero, Self.hotSilenceMax)
        return definition.segmentDuration * 2 + .milliseconds(Int64(silence / .milliseconds(1))) + .seconds(2)
    }

    private func pause(reason: String) {
        finishMedia()
        self.reason = reason
        environment.report(StreamEvent(.mediaLost, stream: definition.name, reason: reason))
        readers.mediaLost(reason: reason)
        hadMedia = false
    }

    private func tracksChanged(_ tracks: TrackSet, clock: SourceClock) {
        var chunks: [Chunk] = []
        segmenter.tracksChanged(tracks, clock: clock, into: &chunks)
        take(chunks)
        let names = tracks.tracks.map(\.codec.displayName).joined(separator: ", ")
        environment.report(StreamEvent(.tracksChanged, stream: definition.name, reason: "now \(names)"))
    }

    private func reportAnchorings() {
        guard !segmenter.anchorings.isEmpty else { return }
        // The first anchor of a source is told by the switch to it.
        for anchoring in segmenter.anchorings where anchoring != .firstFrame {
            environment.report(StreamEvent(.timelineRestarted, stream: definition.name, reason: "\(anchoring)"))
        }
        segmenter.anchorings.removeAll()
    }

    // MARK: Chunks

    private func take(_ chunks: [Chunk]) {
        guard !chunks.isEmpty else { return }
        for chunk in chunks {
            window.append(chunk)
            let packets = transportStream.next(
                chunk, isWanted: readers.transportStreamReaders > 0,
                oldest: window.segments.first?.start ?? chunk.start)
            if readers.readerCount > 0 {
                readers.deliver(
                    ChunkDelivery(
                        chunk: chunk, transportStream: packets,
                        startsWithKeyFrame: window.canBegin(with: chunk),
                        timeline: segmenter.handover.anchor))
            }
            environment.chunkMade?(chunk, isFilling)
        }
        // Nobody has to wait for the next segment's first chunk to hear that this one is complete.
        if let next = segmenter.chunker.openSegmentStart, let last = window.segments.last, next >= last.end {
            window.closeOpenSegment()
        }
        published.withLockedValue { $0.window = window }
        if !hadMedia {
            hadMedia = true
            environment.report(StreamEvent(.mediaStarted, stream: definition.name, reason: reason))
            publishStatus()
        }
    }

    private func finishMedia() {
        var chunks: [Chunk] = []
        segmenter.sourceLost(into: &chunks)
        take(chunks)
        window.closeOpenSegment()
        published.withLockedValue { $0.window = window }
    }

    // MARK: Readers

    func attach(_ reader: any ChunkReader, kind: ReaderKind) -> UInt64? {
        if isStopped {
            reader.eventLoop.execute { reader.streamEnded(reason: "the stream has stopped") }
            return nil
        }
        let backlog = window.backlog
        let packets =
            kind == .transportStream ? transportStream.backlog(backlog) : Array(repeating: nil, count: backlog.count)
        var deliveries: [ChunkDelivery] = []
        for (chunk, packets) in zip(backlog, packets) {
            if kind == .transportStream, packets == nil { continue }
            deliveries.append(
                ChunkDelivery(
                    chunk: chunk, transportStream: packets,
                    startsWithKeyFrame: window.canBegin(with: chunk),
                    timeline: segmenter.handover.anchor))
        }
        let number = readers.add(reader, kind: kind, backlog: deliveries)
        if selection.active.map({ definition.inputs[$0].choice.isBackup }) ?? true {
            reader.eventLoop.execute { [reason] in reader.mediaLost(reason: reason) }
        }
        return number
    }

    func detach(_ number: UInt64) {
        readers.remove(number)
    }

    // MARK: Status

    private func publishStatus() {
        let now = environment.monotonic()
        var status = LiveStreamStatus()
        status.isAlive = selection.hasMedia(at: now) && !isStopped
        status.activeInput = selection.active
        status.inputs = definition.inputs.enumerated().map { index, input in
            let (state, trouble, retries) = selection.state(of: index)
            return LiveStreamStatus.Input(
                url: input.url, priority: input.choice.priority, isBackup: input.choice.isBackup, state: state,
                trouble: trouble, retries: retries, counters: sessions.counters(of: index))
        }
        status.tracks = window.segments.last?.tracks ?? TrackSet([])
        status.selection = selection.counters
        status.bitrate = window.kilobitsPerSecond
        status.readers = readers.readerCount
        status.skippedFrames = segmenter.strayFrames + segmenter.chunker.refusedFrames
        status.continuation = StreamContinuation(media: segmenter.handover, sequence: window.continuation)
        status.reason = reason
        published.withLockedValue { $0.status = status }
    }
}
