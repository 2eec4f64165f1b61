// What the group knows about one stream: the newest claim, in a form that servers pass on to one another.

/// Where a claim is in its life.
package enum ClaimPhase: String, Hashable, Sendable, Codable {
    /// Nobody ever claimed it, as far as this server knows.
    case free = "f"
    /// Claimed; no media yet.
    case starting = "s"
    /// Claimed and media is fresh.
    case running = "r"
    /// Claimed, and its inputs give no media.
    case failing = "x"
    /// Let go in good order, for `successor` or for whom placement says.
    case released = "l"
    /// Let go because no input gave media here.
    case gaveUp = "g"

    /// The holder captures, or tries to.
    package var holds: Bool { self == .starting || self == .running || self == .failing }
}

/// What the next server needs to go on with the same timeline and playlist numbers. The cluster only carries it.
package struct Continuation: Hashable, Sendable, Codable {
    /// The source's clock and UTC at one and the same instant, 90 kHz ticks: the timeline.
    package var sourceTicks: Int64
    package var utcTicks: Int64
    /// Media sequence number of the segment that starts at `sequenceTicks` (UTC, 90 kHz). It was newest when this was
    /// written: who takes over later counts on from there by `segment_duration`.
    package var mediaSequence: Int64
    package var sequenceTicks: Int64
    package var discontinuitySequence: Int64
    /// The source's clock is UTC itself.
    package var isUTC: Bool
    /// End of the last chunk that was written (UTC, 90 kHz): nothing may be written before it again.
    package var endTicks: Int64?

    package init(
        sourceTicks: Int64, utcTicks: Int64, mediaSequence: Int64, sequenceTicks: Int64, discontinuitySequence: Int64,
        isUTC: Bool = false, endTicks: Int64? = nil
    ) {
        self.sourceTicks = sourceTicks
        self.utcTicks = utcTicks
        self.mediaSequence = mediaSequence
        self.sequenceTicks = sequenceTicks
        self.discontinuitySequence = discontinuitySequence
        self.isUTC = isUTC
        self.endTicks = endTicks
    }

    private enum CodingKeys: String, CodingKey {
        case sourceTicks = "s"
        case utcTicks = "u"
        case mediaSequence = "m"
        case sequenceTicks = "t"
        case discontinuitySequence = "d"
        case isUTC = "z"
        case endTicks = "e"
    }

    /// Whether a reader of `other` would compute the same as a reader of this, but for time that has passed.
    func saysTheSame(as other: Continuation) -> Bool {
        isUTC == other.isUTC && discontinuitySequence == other.discontinuitySequence
            && utcTicks &- sourceTicks == other.utcTicks &- other.sourceTicks
    }
}

/// A peer whose inputs for a stream all failed.
package struct GivenUp: Hashable, Sendable, Codable {
    package var peer: PeerID
    /// How often, which lengthens the pause before it is asked again.
    package var times: Int
    /// Whether it is passed over now.
    package var isActive: Bool
    private enum CodingKeys: String, CodingKey {
        case peer = "p"
        case times = "n"
        case isActive = "a"
    }
}

/// The newest claim on one stream. Only the holder of an epoch writes records of that epoch; everybody passes them on.
package struct StreamRecord: Hashable, Sendable, Codable {
    package var epoch: Epoch
    package var holder: PeerID?
    /// The holder's life in which it claimed: a claim of an earlier life holds nothing.
    package var instance: InstanceID
    /// Counts the changes within the epoch.
    package var revision: Int
    package var phase: ClaimPhase
    /// To whom the holder wants to hand over, or did.
    package var successor: PeerID?
    /// Why the holder took it, or let it go.
    package var reason: String
    /// UTC milliseconds of the claim, for people.
    package var since: Int64
    /// The claimant heard nobody when it claimed: a holder that is in touch with others need not yield to it.
    package var isIsolated: Bool
    package var givenUp: [GivenUp]
    package var continuation: Continuation?

    package static let free = StreamRecord(
        epoch: .none, holder: nil, instance: InstanceID(0), revision: 0, phase: .free, successor: nil, reason: "",
        since: 0, isIsolated: false, givenUp: [], continuation: nil)

    /// Whether this record replaces `other`: by epoch, then holder (two claimed at once), then revision.
    package func supersedes(_ other: StreamRecord) -> Bool {
        if epoch != other.epoch { return epoch > other.epoch }
        if holder != other.holder { return (holder?.text ?? "") > (other.holder?.text ?? "") }
        return revision > other.revision
    }

    private enum CodingKeys: String, CodingKey {
        case epoch = "e"
        case holder = "h"
        case instance = "i"
        case revision = "v"
        case phase = "p"
        case successor = "n"
        case reason = "w"
        case since = "s"
        case isIsolated = "o"
        case givenUp = "g"
        case continuation = "c"
    }
}
