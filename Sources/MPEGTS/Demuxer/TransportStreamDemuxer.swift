// MPEG transport stream in, frames out: packet synchronisation, programme choice, clock.
import Media
package import NIOCore

/// Demultiplexes one programme of a transport stream (ISO/IEC 13818-1), also of packets of 192 or 204 bytes
/// (`PacketSynchronizer`).
///
/// Pure and drip-feed safe: the same bytes give the same events however they are split into reads. Never traps and holds
/// bounded memory whatever the bytes are. One `receive` per datagram or read; keep it in a property of a class and call it
/// there, so that exclusivity is checked once per call and not once per packet.
package struct TransportStreamDemuxer: Sendable {
    private let wantedProgram: UInt16?
    private var synchronizer = PacketSynchronizer()
    private var programs = ProgramChooser()
    private var streams: [ElementaryStream] = []
    private var sink = FrameSink()
    /// What a PID means: see `Role`.
    private var roles = [UInt8](repeating: Role.ignored, count: 8192)
    private var pcrPID: UInt16 = 0x1fff
    private var map: ProgramMap?

    private enum Role {
        static let ignored: UInt8 = 0
        static let association: UInt8 = 1
        static let map: UInt8 = 2
        static let clockOnly: UInt8 = 3
        /// This and above: index of the elementary stream plus this.
        static let firstStream: UInt8 = 8
    }

    /// - Parameter program: the programme number (`program=N`); nil takes the first of the PAT that has video or audio.
    package init(program: UInt16? = nil) {
        wantedProgram = program
        programs.wanted = program
        roles[0] = Role.association
    }

    package var counters: TransportStreamCounters { sink.counters }

    /// Why tracks that come are left out, each said once: for whoever runs the source. Afterwards there are none.
    package mutating func takeNotices() -> [String] { sink.notices.isEmpty ? [] : sink.takeNotices() }

    /// The programme that is being demultiplexed; nil until one is found.
    package var program: UInt16? { map?.program }

    /// The programmes of the PAT in its order, for messages such as «no program 7 here, there are 1, 2».
    package var availablePrograms: [UInt16] { programs.association.map(\.number) }

    package mutating func receive(_ buffer: ByteBuffer, into output: inout DemuxOutput) {
        buffer.withUnsafeReadableBytes { receive($0, into: &output) }
    }

    /// Takes the next bytes of the stream: a datagram, or as much as a read gave.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer, into output: inout DemuxOutput) {
        swap(&sink.output, &output)
        if let joined = synchronizer.join(bytes) {
            joined.withUnsafeBytes { walk($0) }
        } else {
            walk(bytes)
        }
        swap(&sink.output, &output)
    }

    /// The source ended: what is complete goes out, as do frames that waited for silent tracks.
    package mutating func finish(into output: inout DemuxOutput) {
        swap(&sink.output, &output)
        let rest = synchronizer.finish()
        rest.withUnsafeBytes { bytes in
            var at = 0
            while at + 188 <= bytes.count, bytes[at] == 0x47 {
                packet(UnsafeRawBufferPointer(rebasing: bytes[at..<at + 188]))
                at += max(188, synchronizer.distance)
            }
        }
        for index in streams.indices { flush(index) }
        sink.finish()
        swap(&sink.output, &output)
    }

    private mutating func walk(_ bytes: UnsafeRawBufferPointer) {
        var at = 0
        while let next = synchronizer.next(bytes, at) {
            packet(UnsafeRawBufferPointer(rebasing: bytes[next..<next + 188]))
            at = next + 188
        }
        sink.counters.resyncs = synchronizer.losses
    }

    // MARK: - One packet (§2.4.3.2)

    private mutating func packet(_ bytes: UnsafeRawBufferPointer) {
        sink.counters.packets &+= 1
        let pid = UInt16(bytes[1] & 0x1f) << 8 | UInt16(bytes[2])
        let role = roles[Int(pid)]
        guard role != Role.ignored else { return }
        if bytes[1] & 0x80 != 0 {
            sink.counters.errors &+= 1
            return
        }
        let control = bytes[3] >> 4 & 3
        var start = 4
        var isMarked = false
        if control & 2 != 0 {
            let length = Int(bytes[4])
            guard length <= 183 else {
                sink.counters.errors &+= 1
                return
            }
            start = 5 + length
            if length > 0 {
                let flags = bytes[5]
                isMarked = flags & 0x80 != 0
                if flags & 0x10 != 0, length >= 7, pid == pcrPID { clock(bytes, isMarked) }
            }
        }
        guard control & 1 != 0, start < 188, role != Role.clockOnly else { return }
        let isScrambled = bytes[3] & 0xc0 != 0
        let payload = UnsafeRawBufferPointer(rebasing: bytes[start...])
        let isStart = bytes[1] & 0x40 != 0
        if role >= Role.firstStream {
            let index = Int(role - Role.firstStream)
            guard index < streams.count else { return }
            // One access to the array for all of it: each would ask whether it is shared.
            streams[index].receivePacket(
                payload, counter: bytes[3] & 15, isMarked: isMarked, isScrambled: isScrambled, isStart: isStart,
                sink: &sink)
            sink.noteDamage(of: pid)
        } else {
            tables(payload, pid, counter: bytes[3] & 15, isStart: isStart, isMarked: isMarked)
        }
    }

    private mutating func flush(_ index: Int) {
        streams[index].flush(&sink)
        sink.noteDamage(of: streams[index].entry.pid)
    }

    private mutating func clock(_ bytes: UnsafeRawBufferPointer, _ isMarked: Bool) {
        let base =
            Int64(bytes[6]) << 25 | Int64(bytes[7]) << 17 | Int64(bytes[8]) << 9 | Int64(bytes[9]) << 1
            | Int64(bytes[10] >> 7)
        guard sink.clock.receivePCR(base, isMarked: isMarked) else {
            sink.checkBounds()
            return
        }
        // Nothing of the old time comes after its last PCR (§2.4.3.5), so what is held is complete.
        for index in streams.indices { flush(index) }
        sink.clockJump()
    }

    // MARK: - Tables

    private mutating func tables(
        _ payload: UnsafeRawBufferPointer, _ pid: UInt16, counter: UInt8, isStart: Bool, isMarked: Bool
    ) {
        guard programs.isNew(payload, pid: pid, counter: counter, isMarked: isMarked, &sink) else { return }
        switch programs.receive(
            payload, pid: pid, isStart: isStart, packets: sink.counters.packets, errors: &sink.counters.psiErrors)
        {
        case .nothing: break
        case .associationChanged:
            follow()
        case .mapChanged(let map):
            if map != self.map { adopt(map) }
        }
    }

    /// Listens to the map PIDs that the chooser asks for.
    private mutating func follow() {
        for pid in roles.indices where roles[pid] == Role.map { roles[pid] = Role.ignored }
        for pid in programs.mapPIDs where roles[Int(pid)] < Role.firstStream { roles[Int(pid)] = Role.map }
    }

    /// A new programme map. Streams that it lists as before go on with what they hold; the others end here.
    private mutating func adopt(_ map: ProgramMap) {
        let old = streams
        let isSameProgram = map.program == self.map?.program
        let isSame = isSameProgram && self.map?.entries == map.entries
        self.map = map
        if !isSame {
            for index in streams.indices
            where !(isSameProgram && index < map.entries.count && map.entries[index] == streams[index].entry) {
                flush(index)
            }
            var kept: Set<TrackID> = []
            streams = map.entries.enumerated().map { index, entry in
                guard isSameProgram, index < old.count, old[index].entry == entry else {
                    return ElementaryStream(entry: entry, slot: index, trackID: TrackID(UInt32(index + 1)))
                }
                kept.insert(old[index].trackID)
                return old[index]
            }
            let slots = sink.slots
            sink.setSlots(
                streams.enumerated().map { index, stream in
                    if kept.contains(stream.trackID) { return slots[index] }
                    let isCarried = stream.format == .data || stream.format == .sections
                    return FrameSink.Slot(
                        id: stream.trackID, pid: stream.entry.pid, format: stream.format,
                        language: stream.entry.language,
                        codec: isCarried
                            ? .data(stream.entry.dataParameters(isSections: stream.format == .sections)) : nil)
                }, keeping: kept)
        }
        pcrPID = map.pcrPID
        for pid in roles.indices where roles[pid] >= Role.clockOnly { roles[pid] = Role.ignored }
        if roles[Int(pcrPID)] == Role.ignored, pcrPID != 0x1fff { roles[Int(pcrPID)] = Role.clockOnly }
        for (index, entry) in map.entries.enumerated() where roles[Int(entry.pid)] != Role.map {
            roles[Int(entry.pid)] = Role.firstStream + UInt8(index)
        }
    }
}
