// A live session over M4F in the simulated group: the real sender and receiver, and the line between them.
import Ingest
import M4F
import Media
import NIOCore

/// The input of a server that takes its media from another one.
struct LiveRelay {
    let peer: String
    private var sender: LiveSender
    private var receiver: LiveReceiver
    /// Sent, and on a line that is cut: comes when it is whole again.
    private var held: [ByteBuffer] = []
    private(set) var end: EndMessage?
    /// How far the other's clock is ahead, as the session's opening told, and how exactly.
    private(set) var clock: (ahead: MediaSpan, uncertainty: MediaSpan)?

    private static let signature = PeerSignature(key: "abcd")

    static func identity(_ name: String) -> PassedServer {
        PassedServer(instance: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) }, name: name)
    }

    init(from peer: SimulatedServer, to server: SimulatedServer, nonce: String) {
        self.peer = peer.name
        let (from, to) = (Self.identity(peer.name), Self.identity(server.name))
        sender = LiveSender(own: from, receiver: to)
        receiver = LiveReceiver(
            own: to, nonce: nonce, signature: Self.signature, askedAt: server.bench.utc, now: server.bench.uptime)
        held = [sender.opening(stream: "cam", at: peer.bench.utc, nonce: nonce, signature: Self.signature)]
    }

    /// - Parameter chunk: what the other has made or taken just now; nil: it has no media.
    /// - Returns: the chunks that came.
    mutating func pass(_ chunk: Chunk?, isCut: Bool, to server: SimulatedServer) -> [Chunk] {
        if let chunk {
            held += sender.send(chunk, on: nil).pieces
        } else {
            held += sender.end(EndMessage(.noMedia, "its source is away")).pieces
        }
        var events: [LiveReceiver.Event] = []
        if !isCut {
            for piece in held {
                receiver.receive(piece, utc: server.bench.utc, now: server.bench.uptime, into: &events)
            }
            held = []
        }
        receiver.tick(now: server.bench.uptime, into: &events)
        var chunks: [Chunk] = []
        for event in events {
            switch event {
            case .opened(_, let ahead, let uncertainty): clock = (ahead, uncertainty)
            case .timeline: break
            case .chunk(let chunk): chunks.append(chunk)
            case .ended(let message): end = message
            }
        }
        return chunks
    }
}
