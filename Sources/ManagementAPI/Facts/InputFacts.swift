// How the API shows one input of a stream.

/// One input: what it is, what it does now, and its counters over all of its sessions.
package struct InputFacts: Hashable, Sendable, Codable {
    /// Position in the list of the configuration, from 0.
    package var index: Int
    /// As configured, with user and password hidden.
    package var url: String
    package var priority: Int
    /// `playing`, `probing`, `standby`, `waiting` (will be tried again) or `failed`.
    package var state: String
    /// What is wrong with it, one sentence; nil when nothing is.
    package var trouble: String?
    package var bytes: UInt64
    package var packets: UInt64
    package var kernelDrops: UInt64
    /// Of transport streams and of RTP: one RTP packet that never came mostly counts seven packets more.
    package var lostPackets: UInt64
    package var repeatedPackets: UInt64
    package var damagedFrames: UInt64
    package var resyncs: UInt64
    package var psiErrors: UInt64
    package var scrambledPackets: UInt64
    package var retries: Int
    /// Lost packets of a transport stream by PID, and damaged frames.
    package var lostByPID: [String: UInt64]
    package var damagedByPID: [String: UInt64]

    package init(
        index: Int, url: String, priority: Int, state: String, trouble: String?, bytes: UInt64 = 0, packets: UInt64 = 0,
        kernelDrops: UInt64 = 0, lostPackets: UInt64 = 0, repeatedPackets: UInt64 = 0, damagedFrames: UInt64 = 0,
        resyncs: UInt64 = 0, psiErrors: UInt64 = 0, scrambledPackets: UInt64 = 0, retries: Int = 0,
        lostByPID: [String: UInt64] = [:], damagedByPID: [String: UInt64] = [:]
    ) {
        self.index = index
        self.url = url
        self.priority = priority
        self.state = state
        self.trouble = trouble
        self.bytes = bytes
        self.packets = packets
        self.kernelDrops = kernelDrops
        self.lostPackets = lostPackets
        self.repeatedPackets = repeatedPackets
        self.damagedFrames = damagedFrames
        self.resyncs = resyncs
        self.psiErrors = psiErrors
        self.scrambledPackets = scrambledPackets
        self.retries = retries
        self.lostByPID = lostByPID
        self.damagedByPID = damagedByPID
    }

    enum CodingKeys: String, CodingKey {
        case index, url, priority, state, trouble, bytes, packets, resyncs, retries
        case kernelDrops = "kernel_drops"
        case lostPackets = "lost_packets"
        case repeatedPackets = "repeated_packets"
        case damagedFrames = "damaged_frames"
        case psiErrors = "psi_errors"
        case scrambledPackets = "scrambled_packets"
        case lostByPID = "lost_by_pid"
        case damagedByPID = "damaged_by_pid"
    }
}
