// What can happen to a node and what it asks for.

/// Number of a poll that this node sent.
package struct PollID: Hashable, Sendable {
    package var value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// Number of a poll that somebody sent to this node; given by the shell.
package struct PollTicket: Hashable, Sendable {
    package var value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// Why a poll failed.
package enum PollFailure: Error, Hashable, Sendable {
    case timeout
    /// The host answered that nothing listens: evidence that the server is gone, not proof.
    case refused
    case connection(String)
    /// It answered that our signature is wrong: the other has another `cluster_key`.
    case otherKey(String)
    case otherProtocol(Int)
    /// It answered something else.
    case badAnswer(String)

    package var text: String {
        switch self {
        case .timeout: "no answer in time"
        case .refused: "connection refused"
        case .connection(let text): text
        case .otherKey(let text): text
        case .otherProtocol(let version): "speaks version \(version) of the protocol"
        case .badAnswer(let text): text
        }
    }
}

/// A poll that the shell should send.
package struct PollRequest: Hashable, Sendable {
    package var peer: PeerID
    package var id: PollID
    package var known: KnownVersion
    /// How long the peer may wait for a change before it answers.
    package var hold: TimeSpan
    /// When the shell should give the poll up.
    package var timeout: TimeSpan
}

/// How a capture on this server is doing.
package enum CaptureHealth: Hashable, Sendable {
    case starting
    /// Media arrived within the source timeout.
    case running
    /// No input gives media.
    case failing(String)
}

/// What the shell, the peers and the captures tell a node.
package enum NodeEvent: Sendable {
    /// The time of the last `wake` effect has come. Harmless at any other time.
    case wake
    case pollReceived(PollTicket, from: PeerID, known: KnownVersion, hold: TimeSpan)
    /// The asker has gone away.
    case pollAbandoned(PollTicket)
    case pollAnswered(PeerID, PollID, PeerReport)
    case pollFailed(PeerID, PollID, PollFailure)
    case captureChanged(StreamName, CaptureHealth)
    /// The capture has ended: because it was asked to, or (`reason`) by itself.
    case captureStopped(StreamName, reason: String?)
    case continuationChanged(StreamName, Continuation)
    case settingsChanged(ClusterSettings)
    case drainRequested
    case drainCancelled
    case loadChanged(PeerLoad)
    /// All streams of this server that are no streams of the group, and whether media comes in.
    case localStreamsChanged([StreamName: Bool])
}

/// What a node asks the shell for, in the order in which it is to be done.
package enum NodeEffect: Hashable, Sendable {
    case poll(PollRequest)
    case answer(PollTicket, PeerReport)
    /// Answered by `captureChanged`; ends with `captureStopped`.
    case startCapture(StreamName, Epoch, reason: String, Continuation?)
    /// Answered by `captureStopped`, after the last connection to the source is closed.
    case stopCapture(StreamName, reason: String)
    case event(ClusterEvent)
    /// Replaces the wake asked for before.
    case wake(at: MonotonicTime)
}
