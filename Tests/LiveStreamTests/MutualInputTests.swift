// Two servers that have one another as inputs beside the real source: whatever is lost and comes back in whatever order,
// whoever has the source gives it to the other, and nothing goes in a circle.
import Ingest
import LiveStream
import M4F
import Media
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

/// Real lives of one stream on two servers, tied by real sessions, on virtual time.
final class Pair {
    static let names = ["one", "two"]
    let loop = EmbeddedEventLoop()
    private(set) var streams: [LiveStream] = []
    private let elapsed = NIOLockedValueBox(Duration.zero)
    private let made = NIOLockedValueBox<[[Chunk]]>([[], []])
    private let sources = NIOLockedValueBox<[[FakeSession]]>([[], []])
    private let log = NIOLockedValueBox<[[StreamEvent]]>([[], []])
    var hasSource = [true, true]
    /// Milliseconds by which the source's frames come later than they were made.
    var lag: [Int64] = [0, 0]
    private let all = NIOLockedValueBox<[LiveStream]>([])
    private let inputs: [[String]]

    /// - Parameter inputs: of each server, best first: `source` or `peer`.
    init(_ inputs: [[String]] = [["source", "peer"], ["peer", "source"]]) {
        self.inputs = inputs
        streams = [make(0), make(1)]
        all.withLockedValue { $0 = streams }
        loop.run()
    }

    private func make(_ side: Int) -> LiveStream {
        let utc: @Sendable () -> MediaTime = { [elapsed] in
            Sample.noon + MediaSpan(ticks: Int64(elapsed.withLockedValue { $0 / .milliseconds(1) }) * 90)
        }
        let monotonic: @Sendable () -> Duration = { [elapsed] in elapsed.withLockedValue { $0 } }
        let definition = LiveStreamDefinition(
            name: "cam",
            inputs: inputs[side].enumerated().map {
                LiveStreamDefinition.Input(
                    url: $1, choice: InputSelection.Choice(priority: $0 + 1, sourceTimeout: .seconds(1)))
            }, segmentDuration: .seconds(1), windowLimits: LiveWindow.Limits(segments: 4))
        let opener = PairOpener(
            side: side, sources: sources, loop: loop, monotonic: monotonic, utc: utc,
            other: { [all] in all.withLockedValue { $0.count == 2 ? $0[1 - side] : nil } })
        return LiveStream(
            definition, on: loop,
            environment: LiveStream.Environment(
                opener: opener, monotonic: monotonic, utc: utc,
                report: { [log] event in log.withLockedValue { $0[side].append(event) } },
                chunkMade: { [made] chunk, _ in made.withLockedValue { $0[side].append(chunk) } }))
    }

    /// The server is gone, and another life of it starts.
    func restart(_ side: Int) {
        streams[side].stop(reason: "restart")
        loop.run()
        made.withLockedValue { $0[side] = [] }
        streams[side] = make(side)
        all.withLockedValue { $0 = streams }
        loop.run()
    }

    func chunks(of side: Int) -> [Chunk] { made.withLockedValue { $0[side] } }
    func reasons(of side: Int) -> [String] {
        log.withLockedValue { $0[side].map { "\($0.kind.rawValue): \($0.reason)" } }
    }
    private var now: Int64 { Int64(elapsed.withLockedValue { $0 / .milliseconds(1) }) }

    /// Time goes on by 200 ms; who has the source gets its frames.
    func step() {
        let from = now
        for side in 0...1 where hasSource[side] {
            let frames = Sample.programme(from - lag[side], from + 200 - lag[side], origin: 900_000, mark: 1)
            for session in sources.withLockedValue({ $0[side] }) where !session.isStopped {
                session.deliver(.frames(frames))
            }
        }
        elapsed.withLockedValue { $0 += .milliseconds(200) }
        loop.advanceTime(by: .milliseconds(200))
    }

    /// Steps until `condition` holds and has held for a second.
    func settle(_ condition: () -> Bool) -> Bool {
        var held = 0
        for _ in 0..<300 {
            step()
            held = condition() ? held + 1 : 0
            if held > 5 { return true }
        }
        return false
    }

    func finish() {
        for stream in streams { stream.stop(reason: "over") }
        loop.advanceTime(by: .seconds(2))
        streams = []
    }
}

private struct PairOpener: InputOpener {
    let side: Int
    let sources: NIOLockedValueBox<[[FakeSession]]>
    let loop: EmbeddedEventLoop
    let monotonic: @Sendable () -> Duration
    let utc: @Sendable () -> MediaTime
    let other: @Sendable () -> LiveStream?

    func open(
        _ request: InputRequest, deliver: @escaping @Sendable (InputEvent) -> Void
    ) throws(InputFailure) -> any InputSession {
        let session = FakeSession(url: request.url, deliver: deliver)
        if request.url == "source" {
            sources.withLockedValue { sources in
                sources[side].removeAll(where: \.isStopped)
                sources[side].append(session)
            }
            loop.execute { deliver(.tracks(Sample.both, clock: .free)) }
        } else {
            let own = PassedServer(instance: UInt64(side), name: Pair.names[side])
            let peer = PassedServer(instance: UInt64(1 - side), name: Pair.names[1 - side])
            loop.execute {
                guard let stream = other() else {
                    return deliver(.ended(InputFailure(code: .unreachable, message: "not up yet")))
                }
                Link(from: peer, to: own, session: session, loop: loop, monotonic: monotonic, utc: utc).start(
                    on: stream)
            }
        }
        return session
    }

    func askTimeline(
        _ request: InputRequest, answer: @escaping @Sendable (TimelineAnchor?) -> Void
    ) -> (any InputSession)? {
        guard request.url == "peer" else { return nil }
        guard let stream = other() else {
            loop.execute { answer(nil) }
            return FakeSession(url: request.url, deliver: { _ in })
        }
        let question = TimelineQuestion(eventLoop: loop, answer: answer)
        let handle = stream.attach(question, kind: .chunks)
        question.handle.withLockedValue { $0 = handle }
        return FakeSession(url: request.url, deliver: { _ in })
    }
}

private final class TimelineQuestion: ChunkReader {
    let eventLoop: any EventLoop
    let handle = NIOLockedValueBox<ReaderHandle?>(nil)
    private let answer: @Sendable (TimelineAnchor?) -> Void

    init(eventLoop: any EventLoop, answer: @escaping @Sendable (TimelineAnchor?) -> Void) {
        self.eventLoop = eventLoop
        self.answer = answer
    }

    func receive(_ delivery: ChunkDelivery) { tell(delivery.timeline) }
    func mediaLost(reason: String) { tell(nil) }
    func streamEnded(reason: String) { tell(nil) }

    private func tell(_ anchor: TimelineAnchor?) {
        guard
            let handle = handle.withLockedValue({ handle in
                defer { handle = nil }
                return handle
            })
        else { return }
        handle.detach()
        answer(anchor)
    }
}

/// One session over a wire without delay. All on the one loop of the pair.
private final class Link: ChunkReader {
    private static let signature = PeerSignature(key: "abcd")
    let eventLoop: any EventLoop
    private let session: FakeSession
    private let monotonic: @Sendable () -> Duration
    private let utc: @Sendable () -> MediaTime
    private let ends: NIOLockedValueBox<(sender: LiveSender, receiver: LiveReceiver, handle: ReaderHandle?)>

    init(
        from: PassedServer, to: PassedServer, session: FakeSession, loop: EmbeddedEventLoop,
        monotonic: @escaping @Sendable () -> Duration, utc: @escaping @Sendable () -> MediaTime
    ) {
        eventLoop = loop
        self.session = session
        self.monotonic = monotonic
        self.utc = utc
        ends = NIOLockedValueBox(
            (
                LiveSender(own: from, receiver: to),
                LiveReceiver(own: to, nonce: "nonce", signature: Self.signature, askedAt: utc(), now: monotonic()), nil
            ))
    }

    func start(on stream: LiveStream) {
        carry([
            ends.withLockedValue {
                $0.sender.opening(stream: "cam", at: utc(), nonce: "nonce", signature: Self.signature)
            }
        ])
        let handle = stream.attach(self, kind: .chunks)
        ends.withLockedValue { $0.handle = handle }
    }

    func receive(_ delivery: ChunkDelivery) {
        put(ends.withLockedValue { $0.sender.send(delivery.chunk, on: delivery.timeline) })
    }

    func mediaLost(reason: String) { put(ends.withLockedValue { $0.sender.end(EndMessage(.noMedia, reason)) }) }
    func streamEnded(reason: String) { put(ends.withLockedValue { $0.sender.end(EndMessage(.stopped, reason)) }) }

    private func put(_ output: LiveSender.Output) {
        carry(output.pieces)
        if output.isOver || session.isStopped { ends.withLockedValue { $0.handle }?.detach() }
    }

    private func carry(_ pieces: [ByteBuffer]) {
        var events: [LiveReceiver.Event] = []
        ends.withLockedValue { ends in
            for piece in pieces { ends.receiver.receive(piece, utc: utc(), now: monotonic(), into: &events) }
        }
        guard !session.isStopped else { return }
        for event in events {
            switch event {
            case .opened: break
            case .timeline(let anchor): session.deliver(.timeline(anchor))
            case .chunk(let chunk): session.deliver(.chunk(chunk))
            case .ended(let end):
                session.stop()
                session.deliver(.ended(InputFailure(code: .ended, message: end.reason)))
            }
        }
    }
}

@Suite struct MutualInputTests {
    /// All orders of losing and regaining the source, on either side or both.
    static let orders = (0..<32).map { number in (0..<5).map { number >> $0 & 1 } }

    @Test(arguments: orders)
    func whoeverHasTheSourceGivesItToTheOther(order: [Int]) throws {
        let pair = Pair()
        defer { pair.finish() }
        for (count, turned) in ([nil] + order).enumerated() {
            if let turned { pair.hasSource[turned].toggle() }
            let expected: [Int?] =
                switch (pair.hasSource[0], pair.hasSource[1]) {
                // The first server has its source first and the other server second; the second the other way round.
                case (true, _): [0, 0]
                case (false, true): [1, 1]
                case (false, false): [nil, nil]
                }
            let settled = pair.settle {
                pair.streams.map(\.status.activeInput) == expected
                    && pair.streams.allSatisfy { $0.status.isAlive == (expected[0] != nil) }
            }
            #expect(
                settled,
                "after \(count) of \(order) the source is at \(pair.hasSource), and \(pair.streams.map(\.status.activeInput)) play; \(pair.reasons(of: 0).suffix(6)); \(pair.reasons(of: 1).suffix(6))"
            )
        }
        for side in 0...1 {
            let chunks = pair.chunks(of: side)
            let own = PassedServer(instance: UInt64(side), name: "")
            #expect(chunks.allSatisfy { !$0.passed.contains(own) && $0.passed.count <= 1 })
            #expect(zip(chunks, chunks.dropFirst()).allSatisfy { $0.end <= $1.start }, "nothing twice")
        }
        // One source, one timeline handed to and fro: the same bytes wherever both have them.
        let first = Dictionary(pair.chunks(of: 0).map { ($0.start, $0) }, uniquingKeysWith: { a, _ in a })
        let common = pair.chunks(of: 1).filter { first[$0.start]?.duration == $0.duration }
        #expect(common.count > 10)
        #expect(common.allSatisfy { first[$0.start]?.bytes == $0.bytes })
    }

    /// A server that starts anew asks the other for the timeline before it takes the source: though the source reaches it
    /// later than the other, it cuts the same and writes the same bytes.
    @Test func aServerThatComesBackGoesOnWithTheTimelineOfTheOther() throws {
        let pair = Pair([["source", "peer"], ["source", "peer"]])
        defer { pair.finish() }
        #expect(pair.settle { pair.streams.map(\.status.activeInput) == [0, 0] })
        // More than the 200 ms in which frames arrive together: without the timeline each frame would be put later.
        pair.lag[0] = 240
        pair.restart(0)
        #expect(pair.settle { pair.streams.map(\.status.activeInput) == [0, 0] && pair.chunks(of: 0).count > 10 })
        let all = Dictionary(pair.chunks(of: 1).map { ($0.start, $0) }, uniquingKeysWith: { a, _ in a })
        let own = pair.chunks(of: 0)
        #expect(own.allSatisfy { $0.passed.isEmpty && all[$0.start].map { $0.passed.isEmpty } ?? true })
        let both = own.filter { all[$0.start] != nil }
        #expect(both.count > 10)
        #expect(both.allSatisfy { all[$0.start]?.bytes == $0.bytes })
    }

    /// The better server comes back while the source plays: not one frame is lost or doubled, and players see no seam.
    @Test func theStreamPassesOverToTheOtherServerWithoutASeam() throws {
        let pair = Pair()
        defer { pair.finish() }
        pair.hasSource = [false, true]
        #expect(pair.settle { pair.streams.map(\.status.activeInput) == [1, 1] })
        pair.hasSource = [true, true]
        #expect(pair.settle { pair.streams.map(\.status.activeInput) == [0, 0] })
        let chunks = pair.chunks(of: 1)
        let turn = try #require(chunks.firstIndex { !$0.passed.isEmpty })
        #expect(turn > 0)
        #expect(chunks[turn].start == chunks[turn - 1].end)
        #expect(!chunks[turn].isDiscontinuous)
        #expect(chunks.filter(\.isDiscontinuous).isEmpty)
    }
}
