// What comes from the inputs: tracks, frames, ready chunks, ends.
import Ingest
import Media
import NIOConcurrencyHelpers
import NIOCore

extension StreamLife {
    func perform(_ effects: [InputSelection.Effect]) {
        for effect in effects {
            switch effect {
            case .open(let index): open(index)
            case .close(let index): sessions.close(index)
            case .play(let index, let reason): play(index, reason: reason)
            case .pause(let reason): pause(reason: reason)
            }
        }
    }

    func open(_ index: Int) {
        let input = definition.inputs[index]
        let request = InputRequest(stream: definition.name, url: input.url, options: input.options)
        let number = sessions.reserve(index)
        let box = NIOLoopBound(self, eventLoop: eventLoop)
        do {
            let session = try environment.opener.open(request) { [letters, environment] event in
                letters.post(
                    InputLetters.Letter(event: event, index: index, number: number, arrival: environment.arrival),
                    to: box)
            }
            sessions.set(session, for: index, number: number)
        } catch {
            // Reported like a session that ended at once, but after the effects that are being performed now.
            eventLoop.execute {
                let life = box.value
                life.received(.ended(error), from: index, number: number, at: life.environment.arrival)
            }
        }
    }

    /// Reads what the inputs have left, and says what of them it waits for next.
    func readLetters() {
        for letter in letters.take() {
            received(letter.event, from: letter.index, number: letter.number, at: letter.arrival)
        }
        expectFrames()
    }

    /// To be called after whatever may have changed what the stream is made of.
    func expectFrames() {
        var expectation: InputLetters.Expectation?
        if let active = selection.active, sessions.isPlaying(active), let chunk = segmenter.expectation {
            expectation = InputLetters.Expectation(number: sessions.number(of: active), chunk: chunk)
        }
        letters.expect(expectation, of: NIOLoopBound(self, eventLoop: eventLoop))
    }

    func received(_ event: InputEvent, from index: Int, number: UInt64, at arrival: InputLetters.Arrival) {
        guard !isStopped, sessions.isCurrent(index, number: number) else { return }
        switch event {
        case .tracks(let tracks, let clock):
            toldLosses[index] = nil
            sessions.setTracks(tracks, clock: clock, for: index)
            if selection.active == index, sessions.isPlaying(index) { tracksChanged(tracks, clock: clock) }
        case .frames(let frames):
            receivedFrames(frames, from: index, at: arrival)
        case .clockJump:
            if selection.active == index { segmenter.clockJumped() }
        case .chunk(let chunk):
            if !toldLosses.isEmpty { toldLosses[index] = nil }
            receivedChunk(chunk, from: index)
        case .timeline(let anchor): sessions.setTimeline(anchor, for: index)
        case .notice(let text):
            environment.report(
                StreamEvent(.inputNotice, stream: definition.name, reason: "input \(index + 1): \(text)"))
        case .ended(let failure):
            sessions.forget(index)
            tellLoss(of: index, failure.message)
            perform(selection.ended(index, failure, at: environment.monotonic(), using: &random))
            publishStatus()
        }
    }

    /// An input that fails again and again for one reason is told once: how often it was tried its facts say.
    private func tellLoss(of index: Int, _ message: String) {
        guard toldLosses.updateValue(message, forKey: index) != message else { return }
        environment.report(
            StreamEvent(.inputLost, stream: definition.name, reason: "input \(index + 1): \(message)"))
    }

    /// Chunks that another server cut.
    func receivedChunk(_ chunk: Chunk, from index: Int) {
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

    func playChunk(_ chunk: Chunk, from index: Int) {
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

    func receivedFrames(_ frames: [Frame], from index: Int, at arrival: InputLetters.Arrival) {
        // Without tracks nobody knows what they are (`InputEvent` promises that they come first).
        guard sessions.hasTracks(index) else { return }
        let leading = sessions.leadingTrack(of: index)
        let firstKey = frames.firstIndex { $0.isKey && $0.track == leading }
        let wasActive = selection.active == index
        hasResumed = false
        perform(selection.delivered(index, withKeyFrame: firstKey != nil, at: arrival.monotonic))
        guard selection.active == index, sessions.isPlaying(index) else {
            if definition.inputs[index].choice.isHot {
                sessions.keep(frames, of: index, at: arrival.utc, span: hotSpan)
            }
            return
        }
        // A switch happens at a key frame: what came before it in the same batch is not played.
        let useful = wasActive || hasResumed ? frames : Array(frames[(firstKey ?? 0)...])
        var chunks: [Chunk] = []
        lastArrival = arrival.utc
        segmenter.take(useful, at: lastArrival, into: &chunks)
        reportAnchorings()
        if let end = resumedAt {
            chunks.removeAll { $0.start < end }
            if !chunks.isEmpty { resumedAt = nil }
        }
        take(chunks)
    }
}

extension LiveStream.Environment {
    fileprivate var arrival: InputLetters.Arrival { InputLetters.Arrival(utc: utc(), monotonic: monotonic()) }
}
