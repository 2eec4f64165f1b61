// Any bytes as a session of M4F: the cuts do not matter, what is read is written and read as the same, and a receiver bears it.
import Ingest
import M4F
import Media
import NIOCore

enum M4FCheck {
    private enum Outcome: Equatable {
        case message([UInt8])
        case error(MessageError)
    }

    static func run(_ bytes: UnsafeRawBufferPointer) throws(FuzzFinding) {
        let whole = outcomes(of: bytes, inPiecesOf: max(1, bytes.count))
        for size in [bytes.count <= 1024 ? 1 : 61, 1021] {
            let cut = outcomes(of: bytes, inPiecesOf: size)
            try demand(cut == whole, "in pieces of \(size): \(cut.count) messages, else \(whole.count)")
        }
        for case .message(let written) in whole {
            let again = written.withUnsafeBytes { outcomes(of: $0, inPiecesOf: written.count) }
            try demand(again == [.message(written)], "our own message is read as \(again.count) others")
        }
        try receive(bytes)
    }

    /// The messages as they are written, then the mistake if there is one.
    private static func outcomes(of bytes: UnsafeRawBufferPointer, inPiecesOf size: Int) -> [Outcome] {
        var parser = MessageParser()
        var outcomes: [Outcome] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            parser.feed(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + size)]))
            do throws(MessageError) {
                while let message = try parser.next() {
                    var written = ByteBuffer()
                    message.write(into: &written)
                    outcomes.append(.message(Array(written.readableBytesView)))
                }
            } catch {
                outcomes.append(.error(error))
                return outcomes
            }
        }
        return outcomes
    }

    /// The bytes as what a sender with the key says after it has opened the session.
    private static func receive(_ bytes: UnsafeRawBufferPointer) throws(FuzzFinding) {
        let own = PassedServer(instance: 1, name: "own")
        let signature = PeerSignature(key: "key")
        let start = MediaTime(unixMilliseconds: 1_700_000_000_000)
        var receiver = LiveReceiver(own: own, nonce: "n", signature: signature, askedAt: start, now: .zero)
        var session = SessionMessage(server: PassedServer(instance: 2, name: "other"), utc: start, stream: "s")
        session.sign(answering: "n", with: signature)
        var opening = ByteBuffer()
        M4FMessage.session(session).write(into: &opening)
        var events: [LiveReceiver.Event] = []
        receiver.receive(opening, utc: start, now: .zero, into: &events)
        receiver.receive(ByteBuffer(bytes: bytes), utc: start, now: .zero, into: &events)
        var end: MediaTime?
        for (index, event) in events.enumerated() {
            switch event {
            case .opened: try demand(index == 0, "opened twice")
            case .chunk(let chunk):
                try demand(end.map { chunk.start >= $0 } ?? true, "media go back in time")
                try demand(!chunk.passed.contains(own), "media come back to where they were")
                try demand(
                    chunk.parts.allSatisfy { chunk.bytes(of: $0.track) != nil && chunk.tracks[$0.track] != nil },
                    "a part outside of its chunk or its tracks")
                end = chunk.end
            case .ended: try demand(index == events.count - 1, "something follows the end")
            case .timeline: break
            }
        }
    }
}
