// The sending end of a live session: chunks in, bytes out, and when it must be over.
internal import Archive
package import Ingest
package import Media
package import NIOCore

/// What one receiver of a stream is sent. One for a session.
///
/// ```
/// opening ─► [path] [tracks] [timeline] chunk … segmentEnd ─► … ─► end
/// ```
/// It begins with a segment. The bytes of a chunk are handed on as they are, not copied.
package struct LiveSender: Sendable {
    /// Bytes to write, in order.
    package struct Output: Sendable {
        package var pieces: [ByteBuffer] = []
        /// Nothing follows these.
        package var isOver = false
    }

    private struct OpenSegment: Sendable {
        var start: MediaTime
        var end: MediaTime
        var hasher = MediaHasher()
    }

    private let own: PassedServer
    private let receiver: PassedServer
    private var path: [PassedServer]?
    private var tracks: TrackSet?
    /// What was said of the timeline; nil: nothing yet.
    private var timeline: TimelineAnchor??
    private var segment: OpenSegment?
    private var isOver = false

    /// - Parameters:
    ///   - own: this server.
    ///   - receiver: the server that asks.
    package init(own: PassedServer, receiver: PassedServer) {
        self.own = own
        self.receiver = receiver
    }

    /// The first bytes of the session. `nonce` is that of the request, which the receiver finds answered here.
    package func opening(
        stream: String, at utc: MediaTime, nonce: String, signature: PeerSignature
    ) -> ByteBuffer {
        var session = SessionMessage(server: own, utc: utc, stream: stream)
        session.sign(answering: nonce, with: signature)
        return bytes(of: .session(session))
    }

    /// The next chunk of the stream, and the timeline that it is on.
    package mutating func send(_ chunk: Chunk, on anchor: TimelineAnchor?) -> Output {
        var output = Output()
        guard !isOver else { return output }
        guard chunk.startsSegment || segment != nil else { return output }
        if let refusal = Self.refusal(of: chunk.passed, by: own, for: receiver) {
            finish(refusal, into: &output)
            return output
        }
        if chunk.startsSegment { closeSegment(into: &output) }
        let path = chunk.passed + [own]
        if self.path != path {
            self.path = path
            output.pieces.append(bytes(of: .path(path)))
        }
        if tracks != chunk.tracks {
            tracks = chunk.tracks
            output.pieces.append(bytes(of: .tracks(chunk.tracks)))
        }
        if timeline != .some(anchor) {
            timeline = .some(anchor)
            output.pieces.append(bytes(of: .timeline(anchor)))
        }
        if chunk.startsSegment { segment = OpenSegment(start: chunk.start, end: chunk.end) }
        segment?.hasher.update(chunk.bytes)
        segment?.end = chunk.end
        output.pieces.append(M4FMessage.headOfChunk(chunk))
        output.pieces.append(chunk.bytes)
        return output
    }

    /// All that is said to a server that asks for the timeline only.
    package mutating func tell(_ anchor: TimelineAnchor?) -> Output {
        var output = Output()
        guard !isOver else { return output }
        output.pieces.append(bytes(of: .timeline(anchor)))
        finish(EndMessage(.other, "the timeline is told"), into: &output)
        return output
    }

    /// Nothing was sent for a while.
    package mutating func keepAlive(at utc: MediaTime) -> Output {
        isOver ? Output() : Output(pieces: [bytes(of: .keepAlive(utc))])
    }

    /// The session ends for a reason of the sender.
    package mutating func end(_ message: EndMessage) -> Output {
        var output = Output()
        guard !isOver else { return output }
        // Where chunks were left out the segment is not whole.
        if message.code != .tooSlow { closeSegment(into: &output) }
        finish(message, into: &output)
        return output
    }

    /// Why `receiver` must not have media that passed `passed` before it came to `own`; nil when it may.
    package static func refusal(
        of passed: [PassedServer], by own: PassedServer, for receiver: PassedServer
    ) -> EndMessage? {
        if receiver == own { return EndMessage(.loop, "server \(own) asks itself") }
        let walk = (passed + [own]).map(\.name).joined(separator: " → ")
        if passed.contains(receiver) {
            return EndMessage(.loop, "the media of \(own) come from \(receiver) itself (\(walk))")
        }
        guard passed.count < M4FLimits.servers else {
            return EndMessage(.loop, "the media have passed \(passed.count) servers (\(walk))")
        }
        return nil
    }

    private mutating func closeSegment(into output: inout Output) {
        guard let closed = segment else { return }
        segment = nil
        let digest = SegmentDigest(
            start: closed.start, duration: closed.end - closed.start, digest: closed.hasher.finalize())
        output.pieces.append(bytes(of: .segmentEnd(digest)))
    }

    private mutating func finish(_ message: EndMessage, into output: inout Output) {
        isOver = true
        output.isOver = true
        output.pieces.append(bytes(of: .end(message)))
    }

    private func bytes(of message: M4FMessage) -> ByteBuffer {
        var buffer = ByteBuffer()
        message.write(into: &buffer)
        return buffer
    }
}

extension SessionMessage {
    /// Sets `proof` to the signature of this message as the answer to the request with `nonce`.
    package mutating func sign(answering nonce: String, with signature: PeerSignature) {
        proof = Hex.bytes(signature.signAnswer(to: nonce, status: 200, body: signedBytes)) ?? []
    }

    /// True when it was made by somebody with the key, for the request with `nonce`.
    package func isSigned(answering nonce: String, with signature: PeerSignature) -> Bool {
        signature.accepts(Hex.text(proof), ofAnswerTo: nonce, status: 200, body: signedBytes)
    }
}
