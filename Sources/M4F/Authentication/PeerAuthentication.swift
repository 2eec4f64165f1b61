// Whether a request comes from a peer of the group, now and for the first time.
import DequeModule
package import Media

/// Why a request of a peer is refused. The text goes back to the peer, whose operator reads it.
package enum PeerRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case unsigned
    case otherKey
    /// Milliseconds that the sender's clock is ahead of ours.
    case clock(ahead: Int64)
    case replay
    case busy

    /// Names the refusal in the header `Weir-Refusal`.
    package var word: String {
        switch self {
        case .unsigned: "unsigned"
        case .otherKey: "key"
        case .clock: "clock"
        case .replay: "replay"
        case .busy: "busy"
        }
    }

    package var description: String {
        switch self {
        case .unsigned: "the request is not signed as peers of a group sign"
        case .otherKey:
            "the signature is not made with this server's cluster_key: the key must be the same on all peers"
        case .clock(let ahead):
            "the clocks of the two servers differ by \(abs(ahead) / 1000) s, the asking one is "
                + "\(ahead > 0 ? "ahead" : "behind"); at most \(PeerAuthentication.longestAge.milliseconds / 1000) s are "
                + "accepted: synchronise the clocks (NTP)"
        case .replay: "this request was seen before: somebody repeats what peers send"
        case .busy: "too many signed requests in a minute to tell new ones from repeated ones"
        }
    }
}

/// Checks what peers send. Its memory is bounded and holds only what carried a right signature.
package struct PeerAuthentication: Sendable {
    /// How far the sender's clock may be from ours. Requests within it are remembered, older ones need not be.
    package static let longestAge = MediaSpan.seconds(60)
    /// 20 peers at the shortest `fetch_timeout`, answered at once all the time, stay below it.
    package static let mostRemembered = 1 << 16

    private struct Seen {
        var nonce: String
        var until: MediaTime
    }

    package var signature: PeerSignature
    private var nonces: Set<String> = []
    private var order: Deque<Seen> = []
    private let mostRemembered: Int

    package init(key: String, mostRemembered: Int = Self.mostRemembered) {
        self.init(signature: PeerSignature(key: key), mostRemembered: mostRemembered)
    }

    package init(signature: PeerSignature, mostRemembered: Int = Self.mostRemembered) {
        self.signature = signature
        self.mostRemembered = mostRemembered
    }

    /// Throws why the request is not accepted. The signature is looked at first: to somebody without the key nothing is
    /// told about clocks and repetitions.
    package mutating func check(
        _ request: PeerSignature.Request, signature text: String, body: [UInt8], at now: MediaTime
    ) throws(PeerRefusal) {
        guard request.nonce.utf8.count >= 16, request.nonce.utf8.count <= 64 else { throw .unsigned }
        guard signature.accepts(text, of: request, body: body) else { throw .otherKey }
        let (ahead, overflow) = request.time.subtractingReportingOverflow(now.unixMilliseconds)
        let bound = Self.longestAge.milliseconds
        guard !overflow, (-bound...bound).contains(ahead) else { throw .clock(ahead: overflow ? .max : ahead) }
        while let first = order.first, first.until < now {
            nonces.remove(first.nonce)
            order.removeFirst()
        }
        guard !nonces.contains(request.nonce) else { throw .replay }
        guard order.count < mostRemembered else { throw .busy }
        nonces.insert(request.nonce)
        order.append(Seen(nonce: request.nonce, until: now + Self.longestAge * 2))
    }
}
