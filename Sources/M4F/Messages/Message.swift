// What is said in a live session: the messages, as values.
package import Archive
package import Ingest
package import Media

/// One message of a live session. `docs/m4f.md` has their bytes.
package enum M4FMessage: Sendable {
    /// Always first, and only there.
    case session(SessionMessage)
    /// The servers that the chunks which follow have passed, the sender last. Before the first chunk, and at each change.
    case path([PassedServer])
    /// The tracks of the chunks that follow. Before the first chunk, and at each change.
    case tracks(TrackSet)
    /// The timeline that the chunks which follow are on; nil: the sender does not know it.
    case timeline(TimelineAnchor?)
    /// Its tracks and the servers that it passed are those said before; here they are empty.
    case chunk(Chunk)
    /// All chunks of the segment were sent; the digest is that of their bytes in order.
    case segmentEnd(SegmentDigest)
    /// Nothing else was to be said for a while. The sender's UTC.
    case keepAlive(MediaTime)
    /// Nothing follows.
    case end(EndMessage)
}

/// Who sends, and what.
package struct SessionMessage: Hashable, Sendable {
    package var server: PassedServer
    /// The sender's UTC when it wrote this.
    package var utc: MediaTime
    /// The stream's name at the sender; may be another than was asked for.
    package var stream: String
    /// The signature of all fields before it as the answer to the request's nonce: 32 bytes.
    package var proof: [UInt8]

    package init(server: PassedServer, utc: MediaTime, stream: String, proof: [UInt8] = []) {
        self.server = server
        self.utc = utc
        self.stream = stream
        self.proof = proof
    }
}

/// Why a session is over, as its sender says.
package struct EndMessage: Hashable, Sendable {
    /// A receiver takes a code that it does not know for `other`.
    package enum Code: UInt8, Hashable, Sendable {
        case other = 0
        /// The sender has no media of its own at this moment.
        case noMedia = 1
        /// The media has been at the receiver.
        case loop = 2
        /// The stream does not run there any more: moved, removed, or the server is ending.
        case stopped = 3
        /// The receiver did not take the media as fast as they come.
        case tooSlow = 4
    }

    package var code: Code
    /// For an operator: what happened.
    package var reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }
}

/// What a message may be at most. A longer one ends the session before a byte of it is kept.
package enum M4FLimits {
    /// 200 ms of 200 Mbit/s are 5 MB; a chunk reaches over holes of up to 2 s.
    package static let chunkBytes = 64 << 20
    package static let parts = 64
    package static let trackBytes = 1 << 20
    /// Servers that media may have passed. More is taken for a circle.
    package static let servers = 16
    package static let nameBytes = 255
    package static let streamBytes = 1024
    package static let reasonBytes = 2048
    /// Times are between the epoch and the year 5141.
    package static let time = Int64(1) << 53
    /// Spans are at most 13 hours.
    package static let span = Int64(1) << 32
    package static let frames = 1 << 20
}
