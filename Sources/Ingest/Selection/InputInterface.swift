// The small common interface between the kinds of source (room Inputs) and a stream (room LiveStream).
package import Media

/// What an input hands to its stream. Events of one session come in order; frames come only after `tracks`.
package enum InputEvent: Sendable {
    /// The tracks are known, or have changed: frames from here on are of these.
    case tracks(TrackSet, clock: SourceClock)
    /// Access units in decode order per track, as many as one read brought. Never empty.
    case frames([Frame])
    /// The source's clock jumped, said by the source itself (MPEG-TS discontinuity_indicator) or seen by the demuxer.
    case clockJump
    /// Ready chunks from another server (`m4f://`), cut there; `isDiscontinuous` and bytes as sent.
    case chunk(Chunk)
    /// The timeline that the ready chunks which follow are on; nil where the other server does not know it. An input with
    /// frames that takes over goes on with it where its timestamps fit.
    case timeline(TimelineAnchor?)
    /// What an operator should know about the source; the session goes on.
    case notice(String)
    /// The session is over and will deliver nothing more.
    case ended(InputFailure)
}

/// What the timestamps of a source mean.
package enum SourceClock: Hashable, Sendable {
    /// A clock with an origin of its own: the stream anchors it to UTC when the first frame arrives.
    case free
    /// The timestamps are UTC since the epoch already (`fake://`, `file://`): the same on every server.
    case utc
}

/// Why an input stopped.
package struct InputFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// The file or address does not exist, or is refused by the other side: trying again may help later.
        case unreachable
        /// Bytes arrive but are not media that Weir understands.
        case unsupportedMedia
        /// The source closed the connection or the file could not be read further.
        case ended
        /// The URL cannot work as it is written: trying again does not help.
        case misconfigured
        /// Stopped from our side.
        case stopped
    }

    package var code: Code
    /// One line for an operator: what happened, where, and what to do.
    package var message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// A running source. It may be stopped from any thread, twice is harmless; no event comes after `stop` returned
/// except those already on their way, which the stream drops by the session's number.
package protocol InputSession: AnyObject, Sendable {
    /// Ends the session. `closed` of the first call is called once, on any thread and perhaps from within, when this session
    /// is no reader of the source any more: its socket is closed, or was never opened and will not be. A source that may
    /// have one reader may then be opened anew. A socket can take long to close: whoever waits does so for a bounded time.
    func stop(whenClosed closed: @escaping @Sendable () -> Void)
    /// Counters of this session so far. Callable from any thread.
    var counters: InputCounters { get }
}

extension InputSession {
    package func stop() { stop {} }
}

/// Counters of one input session: everything an operator looks at when a source is bad.
package struct InputCounters: Hashable, Sendable {
    /// Payload bytes received.
    package var bytes: UInt64 = 0
    package var packets: UInt64 = 0
    /// Datagrams the kernel dropped because its socket buffer was full.
    package var kernelDrops: UInt64 = 0
    /// RTP packets that never came, and those put back in order.
    package var rtpLost: UInt64 = 0
    package var rtpReordered: UInt64 = 0
    /// MPEG-TS packets missing by continuity counter, repeated ones, with transport_error_indicator, scrambled.
    package var tsLost: UInt64 = 0
    package var tsRepeated: UInt64 = 0
    package var tsErrors: UInt64 = 0
    package var tsScrambled: UInt64 = 0
    /// Times that synchronisation to packets was lost and found again.
    package var resyncs: UInt64 = 0
    /// CRC errors of PSI sections.
    package var psiErrors: UInt64 = 0
    /// Access units that had to be thrown away as damaged.
    package var damagedFrames: UInt64 = 0
    /// `tsLost` and `damagedFrames` by PID, where the source has PIDs.
    package var lostByPID: [UInt16: UInt64] = [:]
    package var damagedByPID: [UInt16: UInt64] = [:]

    package init() {}
}

/// Opens sources by URL. Implemented by room `Inputs`; tests hand in their own.
package protocol InputOpener: Sendable {
    /// Starts the source. `deliver` is called from any one thread at a time, in order; it returns at once.
    /// Failures to connect come as `.ended`; only what can never work is thrown.
    func open(
        _ request: InputRequest, deliver: @escaping @Sendable (InputEvent) -> Void
    ) throws(InputFailure)
        -> any InputSession

    /// Asks the server behind `request` for the timeline that it is on, without its media. `answer` is called once, never
    /// from within this call, with nil when nothing is known. Nil: this kind of source knows no timeline.
    func askTimeline(
        _ request: InputRequest, answer: @escaping @Sendable (TimelineAnchor?) -> Void
    ) -> (any InputSession)?
}

extension InputOpener {
    package func askTimeline(
        _ request: InputRequest, answer: @escaping @Sendable (TimelineAnchor?) -> Void
    ) -> (any InputSession)? { nil }
}

/// Which source a stream wants opened.
package struct InputRequest: Hashable, Sendable {
    /// The stream's name: `fake://` draws it, logs name it.
    package var stream: String
    /// The URL as configured, such as `udp://239.0.0.1:1234/10.0.0.1`.
    package var url: String
    /// Further `key=value` options of the input line (`program=2`, `bitrate=2M` …).
    package var options: [String: String]

    package init(stream: String, url: String, options: [String: String] = [:]) {
        self.stream = stream
        self.url = url
        self.options = options
    }
}
