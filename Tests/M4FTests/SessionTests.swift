// Sender and receiver of a live session, tied together without a network.
import Archive
import Ingest
import M4F
import Media
import NIOCore
import Testing

/// A session from `from` to `to`, whose bytes are handed over at once.
struct Tie {
    let from: PassedServer
    let to: PassedServer
    var sender: LiveSender
    var receiver: LiveReceiver
    var events: [LiveReceiver.Event] = []

    init(from: String, to: String, receiverKey: String = "abcd") {
        self.from = Sample.server(from)
        self.to = Sample.server(to)
        sender = LiveSender(own: self.from, receiver: self.to)
        receiver = LiveReceiver(
            own: self.to, nonce: Sample.nonce, signature: PeerSignature(key: receiverKey), askedAt: Sample.noon,
            now: .zero)
        hand([
            sender.opening(
                stream: "cam", at: Sample.noon + .milliseconds(3010), nonce: Sample.nonce,
                signature: Sample.signature)
        ])
    }

    mutating func hand(_ pieces: [ByteBuffer]) {
        for piece in pieces {
            receiver.receive(piece, utc: Sample.noon + .milliseconds(20), now: .milliseconds(20), into: &events)
        }
    }

    mutating func send(_ chunks: [Chunk], on anchor: TimelineAnchor? = Sample.anchor) {
        for chunk in chunks { hand(sender.send(chunk, on: anchor).pieces) }
    }

    var chunks: [Chunk] {
        events.compactMap { if case .chunk(let chunk) = $0 { chunk } else { nil } }
    }
    var end: EndMessage? {
        events.lazy.compactMap { if case .ended(let end) = $0 { end } else { nil } }.first
    }
}

@Suite struct SessionTests {
    let chunks = Sample.chunks(3)

    @Test func whatIsReceivedIsWhatWasSent() throws {
        var tie = Tie(from: "one", to: "two")
        tie.send(chunks)
        tie.hand(tie.sender.end(EndMessage(.stopped, "over")).pieces)
        #expect(tie.chunks.count == chunks.count)
        for (a, b) in zip(tie.chunks, chunks) {
            #expect(a.bytes == b.bytes && a.tracks == b.tracks && a.parts == b.parts && a.start == b.start)
            #expect(a.passed == [Sample.server("one")])
        }
        #expect(tie.receiver.counters.verifiedSegments == 3)
        #expect(tie.end == EndMessage(.stopped, "over"))
    }

    /// The sender's clock is 3 s ahead; the answer came 20 ms after the question.
    @Test func theDifferenceOfTheClocksIsMeasured() throws {
        let tie = Tie(from: "one", to: "two")
        guard case .opened(let session, let ahead, let uncertainty) = try #require(tie.events.first) else {
            Issue.record("not opened: \(tie.events)")
            return
        }
        #expect(session.stream == "cam" && session.server.name == "one")
        #expect(ahead == .milliseconds(3000) && uncertainty == .milliseconds(10))
    }

    @Test func theMediaBytesAreNotCopiedToBeSent() {
        var tie = Tie(from: "one", to: "two")
        let pieces = tie.sender.send(chunks[0], on: nil).pieces
        let storage = { (buffer: ByteBuffer) in buffer.withUnsafeReadableBytes { $0.baseAddress } }
        #expect(pieces.last.map(storage) == storage(chunks[0].bytes))
    }

    @Test func aSenderWithoutTheKeyIsNotBelieved() {
        let tie = Tie(from: "one", to: "two", receiverKey: "other")
        #expect(tie.events.count == 1)
        #expect(tie.end?.reason.contains("cluster_key") == true)
    }

    @Test func aDamagedSegmentEndsTheSession() throws {
        var tie = Tie(from: "one", to: "two")
        for chunk in chunks {
            var pieces = tie.sender.send(chunk, on: nil).pieces
            if chunk.start == chunks[1].start, var media = pieces.popLast() {
                media.setInteger(UInt8(0xaa), at: media.writerIndex - 2)
                pieces.append(media)
            }
            tie.hand(pieces)
        }
        #expect(tie.end?.reason.contains("digest") == true)
        #expect(tie.receiver.counters.verifiedSegments == 0)
    }

    @Test func aSessionBeginsWithASegment() {
        var tie = Tie(from: "one", to: "two")
        tie.send(Array(chunks[2...]))
        let first = chunks[2...].firstIndex { $0.startsSegment }
        #expect(tie.chunks.first?.start == first.map { chunks[$0].start })
    }

    @Test func mediaThatPassedTheReceiverIsNotSent() throws {
        var tie = Tie(from: "one", to: "two")
        let circling = chunks.map { chunk in
            var chunk = chunk
            chunk.passed = [Sample.server("two"), Sample.server("three")]
            return chunk
        }
        // By the sender itself: the receiver would say the same of the path, but has to hear of none.
        var sender = LiveSender(own: tie.from, receiver: tie.to)
        let output = sender.send(circling[0], on: nil)
        var bytes = ByteBuffer()
        for piece in output.pieces { bytes.writeImmutableBuffer(piece) }
        let said = try messages(bytes, inPiecesOf: 1 << 20)
        guard said.count == 1, case .end(let end) = said[0] else {
            Issue.record("more than an end is sent: \(said)")
            return
        }
        #expect(end.code == .loop && output.isOver)
        tie.send(circling)
        #expect(tie.chunks.isEmpty)
        #expect(tie.end?.code == .loop && tie.end?.reason.contains("two → three → one") == true)
    }

    /// A sender that is older or wrong and does not look: the receiver looks as well.
    @Test func mediaThatPassedTheReceiverIsNotTaken() {
        var tie = Tie(from: "one", to: "two")
        tie.hand([M4FMessage.path([Sample.server("two"), Sample.server("one")]).bytes])
        #expect(tie.end?.code == .loop)
    }

    @Test func aPathThatChangesInTheMiddleIsToldAndRefused() {
        var tie = Tie(from: "one", to: "two")
        var moved = chunks
        for index in moved.indices where moved[index].start >= chunks[5].segmentStart {
            moved[index].passed = [Sample.server("three")]
        }
        for index in moved.indices where moved[index].start >= Sample.noon + .seconds(2) {
            moved[index].passed = [Sample.server("two")]
        }
        tie.send(moved)
        #expect(tie.chunks.last?.passed.map(\.name) == ["three", "one"])
        #expect(tie.chunks.last.map { $0.start < Sample.noon + .seconds(2) } == true)
        #expect(tie.end?.code == .loop)
        #expect(tie.receiver.counters.verifiedSegments >= 1)
    }

    @Test func aSilentSenderIsNoticed() {
        var tie = Tie(from: "one", to: "two")
        tie.send([chunks[0]])
        tie.receiver.tick(now: .milliseconds(5019), into: &tie.events)
        #expect(tie.end == nil)
        tie.hand(tie.sender.keepAlive(at: Sample.noon).pieces)
        tie.receiver.tick(now: .milliseconds(5021), into: &tie.events)
        #expect(tie.end?.reason.contains("no sign of it for 5 s") == true)
    }

    @Test func aTimelineIsToldOnceAndWhenItChanges() {
        var tie = Tie(from: "one", to: "two")
        tie.send(Array(chunks[..<4]))
        tie.send(Array(chunks[4...]), on: .utc)
        let told = tie.events.compactMap { if case .timeline(let anchor) = $0 { anchor } else { nil } }
        #expect(told == [Sample.anchor, .utc])
    }

    @Test func messagesInAWrongOrderEndTheSession() {
        for (message, word) in [
            (M4FMessage.chunk(chunks[0]), "before it said"),
            (
                .segmentEnd(SegmentDigest(start: Sample.noon, duration: .zero, digest: MediaDigest(high: 0, low: 0))),
                "not open"
            ),
            (MessageTests.samples[0], "second time"),
        ] {
            var tie = Tie(from: "one", to: "two")
            tie.hand([message.bytes])
            #expect(tie.end?.reason.contains(word) == true, "\(String(describing: tie.end))")
        }
        var tie = Tie(from: "one", to: "two")
        tie.send(Array(chunks[..<3]))
        tie.hand([M4FMessage.chunk(chunks[1]).bytes])
        #expect(tie.end?.reason.contains("back in time") == true)
    }
}
