// What happened in the group, for log, API and event sinks.

/// One thing that this server saw or decided, with its reason.
package struct ClusterEvent: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case peerLost = "peer_lost"
        case peerReturned = "peer_returned"
        /// Another key, protocol version or set of streams.
        case peerMismatch = "peer_mismatch"
        case streamTaken = "stream_taken"
        case streamYielded = "stream_yielded"
        /// The clocks of a peer and of this server differ by more than a segment.
        case clockDiffers = "clock_differs"
        /// All inputs failed here; another peer may reach them.
        case streamGivenUp = "stream_given_up"
        case streamUnplaced = "stream_unplaced"
        /// All peers fell silent at once.
        case isolated
        case isolationEnded = "isolation_ended"
        /// This process did not run for a while.
        case paused
        case drained
    }
    package var kind: Kind
    package var peer: PeerID?
    package var stream: StreamName?
    package var epoch: Epoch?
    /// For people, such as `peer streamer silent for 3.1 s`.
    package var reason: String
    package var at: WallTime
}
