// The receiving end of a live session: bytes in, chunks out, and what of them is believed.
internal import Archive
package import Ingest
package import Media
package import NIOCore

/// What one session brings. Feed it the bytes of the answer; after `.ended` it says nothing more.
///
/// ```
/// opening ── session, signed ─► open ── path · tracks · timeline · chunk · segmentEnd ─► open ── end · silence · mistake ─► over
/// ```
package struct LiveReceiver: Sendable {
    /// Without any message for so long the sender or the way to it is dead. It speaks once a second.
    package static let silenceMax = Duration.seconds(5)

    package enum Event: Sendable {
        /// The sender has the key. `clockAhead`: how far its UTC is ahead of ours, exact to `uncertainty` either way.
        case opened(SessionMessage, clockAhead: MediaSpan, uncertainty: MediaSpan)
        case timeline(TimelineAnchor?)
        /// With its tracks and the servers that it passed.
        case chunk(Chunk)
        case ended(EndMessage)
    }

    /// What the session did so far.
    package struct Counters: Hashable, Sendable {
        package var bytes: UInt64 = 0
        package var chunks: UInt64 = 0
        package var verifiedSegments: UInt64 = 0
    }

    private struct OpenSegment: Sendable {
        var start: MediaTime
        var end: MediaTime
        var hasher = MediaHasher()
    }

    package private(set) var counters = Counters()
    private let own: PassedServer
    private let nonce: String
    private let signature: PeerSignature
    private let askedAt: MediaTime
    private var parser = MessageParser()
    private var isOpen = false
    private var isOver = false
    private var lastSign: Duration
    private var path: [PassedServer] = []
    private var tracks: TrackSet?
    private var segment: OpenSegment?
    private var sentEnd: MediaTime?

    /// - Parameters:
    ///   - own: this server.
    ///   - nonce: that of the request.
    ///   - utc: when the request was sent.
    ///   - now: monotonic, at the same moment.
    package init(own: PassedServer, nonce: String, signature: PeerSignature, askedAt utc: MediaTime, now: Duration) {
        self.own = own
        self.nonce = nonce
        self.signature = signature
        askedAt = utc
        lastSign = now
    }

    /// Takes the next bytes of the answer.
    package mutating func receive(
        _ bytes: ByteBuffer, utc: MediaTime, now: Duration, into events: inout [Event]
    ) {
        guard !isOver else { return }
        counters.bytes += UInt64(bytes.readableBytes)
        lastSign = now
        parser.feed(bytes)
        do throws(MessageError) {
            while !isOver, let message = try parser.next() { take(message, utc: utc, into: &events) }
        } catch {
            fail("it sends \(error)", into: &events)
        }
    }

    /// Time has passed.
    package mutating func tick(now: Duration, into events: inout [Event]) {
        guard !isOver, now - lastSign >= Self.silenceMax else { return }
        fail("no sign of it for \((now - lastSign).components.seconds) s, not even that it is alive", into: &events)
    }

    private mutating func take(_ message: M4FMessage, utc: MediaTime, into events: inout [Event]) {
        guard isOpen else {
            open(message, utc: utc, into: &events)
            return
        }
        switch message {
        case .session: fail("it opens the session a second time", into: &events)
        case .path(let servers):
            path = servers
            if servers.contains(own) {
                let walk = servers.map(\.name).joined(separator: " → ")
                finish(EndMessage(.loop, "its media come from this server itself (\(walk))"), into: &events)
            }
        case .tracks(let set): tracks = set
        case .timeline(let anchor): events.append(.timeline(anchor))
        case .chunk(let chunk): take(chunk, into: &events)
        case .segmentEnd(let digest): close(digest, into: &events)
        case .keepAlive: break
        case .end(let end): finish(end, into: &events)
        }
    }

    private mutating func open(_ message: M4FMessage, utc: MediaTime, into events: inout [Event]) {
        switch message {
        case .session(let session):
            guard session.isSigned(answering: nonce, with: signature) else {
                fail("its answer is not signed with this server's cluster_key", into: &events)
                return
            }
            guard session.server != own else {
                finish(EndMessage(.loop, "the URL leads to this server itself"), into: &events)
                return
            }
            isOpen = true
            let half = MediaSpan(ticks: max(0, (utc - askedAt).ticks) / 2)
            events.append(.opened(session, clockAhead: session.utc - (askedAt + half), uncertainty: half))
        default: fail("it does not say who it is", into: &events)
        }
    }

    private mutating func take(_ received: Chunk, into events: inout [Event]) {
        guard let tracks, !path.isEmpty else {
            fail("it sends media before it said of what and from where", into: &events)
            return
        }
        guard received.parts.allSatisfy({ tracks[$0.track] != nil }) else {
            fail("it sends media of a track that it has not named", into: &events)
            return
        }
        if let sentEnd, received.start < sentEnd {
            fail("its media go back in time", into: &events)
            return
        }
        if received.startsSegment {
            segment = OpenSegment(start: received.start, end: received.end)
        } else if segment?.start != received.segmentStart {
            fail("it sends a piece of a segment without its beginning", into: &events)
            return
        }
        segment?.hasher.update(received.bytes)
        segment?.end = received.end
        sentEnd = received.end
        counters.chunks += 1
        var chunk = received
        chunk.tracks = tracks
        chunk.passed = path
        events.append(.chunk(chunk))
    }

    private mutating func close(_ told: SegmentDigest, into events: inout [Event]) {
        guard let closed = segment, closed.start == told.start else {
            fail("it closes a segment that is not open", into: &events)
            return
        }
        segment = nil
        guard closed.end - closed.start == told.duration, closed.hasher.finalize() == told.digest else {
            fail("a segment came damaged: its digest is not that of what was sent", into: &events)
            return
        }
        counters.verifiedSegments += 1
    }

    private mutating func fail(_ reason: String, into events: inout [Event]) {
        finish(EndMessage(.other, reason), into: &events)
    }

    private mutating func finish(_ end: EndMessage, into events: inout [Event]) {
        isOver = true
        events.append(.ended(end))
    }
}
