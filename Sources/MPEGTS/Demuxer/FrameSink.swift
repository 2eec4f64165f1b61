// Between the elementary streams and the output: knows the tracks, and holds frames back until they are announced.
import Media
import NIOCore

/// Collects codecs and frames of one programme. `tracks` goes out when each track of the PMT has known parameters, or after a
/// bound without those that stay silent; frames of the time before wait here.
struct FrameSink: Sendable {
    struct Slot: Sendable {
        var id: TrackID
        var pid: UInt16
        var format: StreamFormat
        var language: String?
        var codec: Codec?
        /// Packets have come: it is not silent, only its parameters have not come yet.
        var isAlive = false
        /// Its headers were read and are of a form that is not: nobody waits for it.
        var isRefused = false
        /// Why it cannot be read was said.
        var isTold = false
    }

    var clock = SourceClockTracker()
    /// Where the bytes of video and audio frames are: a few frames of video, or a second of audio, in each block.
    var block = ByteBlock(size: 64 << 10)
    var counters = TransportStreamCounters()
    /// For the operator: why a track that comes is left out. Once for each track of a map.
    private(set) var notices: [String] = []
    /// Where events go; swapped with the caller's for the time of a read.
    var output = DemuxOutput()
    /// The decode time of the last frame that was not data.
    private(set) var newestDecodeTime: Int64?
    private(set) var slots: [Slot] = []
    private var announced: TrackSet?
    private var isHolding = false
    private var held = DemuxOutput()
    private var heldBytes = 0
    private var holdBegin: Int64?
    private var packetsAtHold: UInt64 = 0
    /// Damaged frames whose PID has been noted.
    private var notedDamage: UInt64 = 0

    /// Tracks without a sign of life are left out after this much stream time.
    private static let silentLimit: Int64 = 3 * 90_000
    /// Tracks whose parameters do not come (video without key frame) are left out after this much.
    private static let aliveLimit: Int64 = 15 * 90_000
    /// More than this are not kept where nobody takes them.
    private static let noticeLimit = 64
    private static let heldBytesLimit = 4 << 20
    /// For streams whose clock stands still: about 30 MB.
    private static let packetLimit: UInt64 = 160_000

    /// The PMT lists these tracks from now on; those of `kept` it listed before.
    mutating func setSlots(_ new: [Slot], keeping kept: Set<TrackID>) {
        if isHolding, heldBytes > 0 {
            // Whoever has tracks already gets the frames of their time. Before the first ones nobody waits, and a set without the
            // picture would be announced for a moment: there the frames of the tracks that stay wait on.
            if announced != nil, hasMedia { release() } else { dropHeld(except: kept) }
        }
        slots = new
        beginHold()
    }

    /// The PMT changed: announces the tracks that are known, once all are.
    private mutating func beginHold() {
        isHolding = true
        holdBegin = clock.now
        packetsAtHold = counters.packets
        releaseIfKnown()
    }

    /// Drops what waits of tracks that were never announced and are gone.
    private mutating func dropHeld(except kept: Set<TrackID>) {
        heldBytes = 0
        for event in held.take() {
            guard case .frames(let frames) = event else {
                held.append(event)
                continue
            }
            for frame in frames where kept.contains(frame.track) {
                heldBytes += frame.data.readableBytes
                held.append(frame)
            }
        }
    }

    /// A PES packet of the track begins.
    mutating func markAlive(_ slot: Int) {
        slots[slot].isAlive = true
        checkBounds()
    }

    /// The frames that were damaged since the last call are those of this PID.
    mutating func noteDamage(of pid: UInt16) {
        guard counters.damagedFrames != notedDamage else { return }
        counters.damagedByPID[pid, default: 0] += counters.damagedFrames - notedDamage
        notedDamage = counters.damagedFrames
    }

    func codec(_ slot: Int) -> Codec? { slots[slot].codec }

    /// A frame of the track is of a form that is not read: it is thrown away, and the track not waited for.
    mutating func refuse(_ slot: Int, _ reason: String) {
        counters.damagedFrames += 1
        guard !slots[slot].isRefused else { return }
        slots[slot].isRefused = true
        let name = slots[slot].format.displayName
        tell(slot, "\(name) in a form that is not read: \(reason); the stream goes on without it")
        if isHolding { releaseIfKnown() }
    }

    /// The stream goes on without the tracks that send and of which nothing could be read.
    private mutating func giveUp() {
        for (index, slot) in slots.enumerated() where slot.codec == nil && slot.isAlive && !slot.isTold {
            counters.damagedFrames += 1
            counters.damagedByPID[slot.pid, default: 0] += 1
            notedDamage += 1
            let missing = slot.format.isVideo ? "key frame with its parameter sets" : "whole frame"
            let name = slot.format.displayName
            tell(index, "\(name) without a \(missing) so far; until one comes the stream goes on without it")
        }
    }

    private mutating func tell(_ slot: Int, _ text: String) {
        guard !slots[slot].isTold, notices.count < Self.noticeLimit else { return }
        slots[slot].isTold = true
        notices.append("PID \(slots[slot].pid): \(text)")
    }

    mutating func takeNotices() -> [String] {
        defer { notices = [] }
        return notices
    }

    mutating func setCodec(_ slot: Int, _ codec: Codec) {
        slots[slot].isRefused = false
        guard slots[slot].codec != codec else { return }
        slots[slot].codec = codec
        if isHolding { releaseIfKnown() } else { announce() }
    }

    mutating func emit(_ frame: Frame, isData: Bool = false) {
        if !isData { newestDecodeTime = frame.decodeTime.ticks }
        guard isHolding else {
            output.append(frame)
            return
        }
        heldBytes += frame.data.readableBytes
        held.append(frame)
        checkBounds()
    }

    mutating func clockJump() {
        newestDecodeTime = nil
        if isHolding {
            held.append(.clockJump)
            holdBegin = clock.now
        } else if announced != nil {
            output.append(.clockJump)
        }
    }

    /// Called as the clock moves on, at places that the bytes decide and not the reads. Cheap when nothing waits.
    mutating func checkBounds() {
        guard isHolding else { return }
        let begin = holdBegin ?? clock.now
        holdBegin = begin
        let waited = begin.flatMap { begin in clock.now.map { $0 - begin } } ?? 0
        let isFull = heldBytes > Self.heldBytesLimit || counters.packets - packetsAtHold > Self.packetLimit
        let isPatient = slots.contains { $0.codec == nil && $0.isAlive && !$0.isRefused }
        guard isFull || waited > (isPatient ? Self.aliveLimit : Self.silentLimit) else { return }
        giveUp()
        if hasMedia {
            release()
        } else {
            // Nothing to watch or hear yet: wait on, but keep nothing.
            _ = held.take()
            heldBytes = 0
            holdBegin = clock.now
            packetsAtHold = counters.packets
        }
    }

    /// The stream is over: nothing is worth waiting for.
    mutating func finish() {
        if isHolding, slots.contains(where: { $0.codec != nil }) { release() }
    }

    /// Something to watch or hear is known.
    private var hasMedia: Bool { slots.contains { $0.codec.map { $0.kind != .data } ?? false } }

    private mutating func releaseIfKnown() {
        guard isHolding, !slots.isEmpty, slots.allSatisfy({ $0.codec != nil || $0.isRefused }) else { return }
        // Data without the sound that they came with are no stream.
        if hasMedia || !slots.contains(where: \.isRefused) { release() }
    }

    private mutating func release() {
        isHolding = false
        announce()
        output.append(contentsOf: &held)
        heldBytes = 0
    }

    private mutating func announce() {
        let set = TrackSet(
            slots.compactMap { slot in
                slot.codec.map { Track(id: slot.id, codec: $0, language: slot.language) }
            })
        guard set != announced else { return }
        announced = set
        output.append(.tracks(set))
    }
}
