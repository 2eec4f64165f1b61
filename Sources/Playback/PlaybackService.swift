// What all connections share to answer players: the streams, the register of viewers, the renditions.
package import LiveStream
package import NIOCore
import Synchronization

/// The bounds of playback.
package struct PlaybackLimits: Hashable, Sendable {
    /// Bytes that may wait for a slow viewer of an endless stream before it is taken to a later key frame. At least twice what the
    /// stream delivers at the start is allowed.
    package var pendingBytesMax: Int
    /// How long a request waits for a stream that is starting.
    package var startWait: TimeAmount
    /// Renditions without a request for so long are let go.
    package var renditionIdle: TimeAmount

    package init(
        pendingBytesMax: Int = 4 << 20, startWait: TimeAmount = .seconds(1), renditionIdle: TimeAmount = .seconds(60)
    ) {
        self.pendingBytesMax = pendingBytesMax
        self.startWait = startWait
        self.renditionIdle = renditionIdle
    }
}

/// One for a server; thread-safe.
package final class PlaybackService: Sendable {
    /// The renditions of one running stream. A stream that started anew under its name is another one.
    private struct Entry {
        weak var stream: (any ReadableStream)?
        var renditions: StreamRenditions
    }

    package let directory: any StreamDirectory
    package let sessions: SessionRegistry
    package let limits: PlaybackLimits
    /// Nil: this server has no archives.
    let archive: ArchivePlayback?
    /// Nil: this server sends viewers of other servers' streams on.
    let relay: StreamRelay?
    /// Base of a peer's addresses for viewers who ask with https; nil: that which is meant for all.
    let secureBase: @Sendable (_ peer: String) -> String?
    private let entries = Mutex<[String: Entry]>([:])
    private let prepared = Mutex<[ObjectIdentifier: NIOLoopBound<PreparedAnswers>]>([:])

    package init(
        directory: any StreamDirectory, sessions: SessionRegistry, limits: PlaybackLimits = PlaybackLimits(),
        archive: ArchivePlayback? = nil, relay: StreamRelay? = nil,
        secureBase: @escaping @Sendable (_ peer: String) -> String? = { _ in nil }
    ) {
        self.directory = directory
        self.sessions = sessions
        self.limits = limits
        self.archive = archive
        self.relay = relay
        self.secureBase = secureBase
    }

    func renditions(of stream: any ReadableStream) -> StreamRenditions {
        entries.withLock { entries in
            if let entry = entries[stream.name], entry.stream === stream { return entry.renditions }
            let made = StreamRenditions()
            entries[stream.name] = Entry(stream: stream, renditions: made)
            return made
        }
    }

    /// Those of the event loop on which this is called.
    func preparedAnswers(on eventLoop: any EventLoop) -> PreparedAnswers {
        prepared.withLock { prepared in
            let key = ObjectIdentifier(eventLoop)
            let made = prepared[key] ?? NIOLoopBound(PreparedAnswers(), eventLoop: eventLoop)
            prepared[key] = made
            return made
        }.value
    }

    /// Frees what nobody asked for lately and what belonged to streams that ended. To be called every few seconds.
    package func releaseIdle(at now: NIODeadline) {
        let kept = entries.withLock { entries in
            entries = entries.filter { $0.value.stream != nil }
            return entries.values.map(\.renditions)
        }
        for renditions in kept { renditions.releaseIdle(at: now, after: limits.renditionIdle) }
        for answers in prepared.withLock({ Array($0.values) }) {
            answers.eventLoop.execute { [limits] in answers.value.releaseIdle(at: now, after: limits.renditionIdle) }
        }
        relay?.releaseIdle(at: now)
    }
}
