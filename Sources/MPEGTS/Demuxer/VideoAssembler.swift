// Cuts an H.264 or H.265 byte stream into access units.
import Media
import NIOCore

/// Finds NAL units and the borders between access units (ITU-T H.264 §7.4.1.2.3, H.265 §7.4.2.4.4).
///
/// The bytes of a PES packet are searched once, when the packet is over. A packet that begins with the first NAL unit of an
/// access unit ends the one before: with usual streams an access unit goes out with the first TS packet of the next.
struct VideoAssembler: Sendable {
    struct NAL: Sendable {
        /// Of the header byte, in the reassembly buffer.
        var start: Int
        var end: Int
    }

    let isH265: Bool
    private var writer: AccessUnitWriter
    private var nals: [NAL] = []
    private var hasSlice = false
    /// Where the access unit began: the offset of its first start code.
    private var unitStart = 0
    /// The NAL unit whose end is not known yet: offset of its start code.
    private var openStart: Int?
    private var searched = 0
    private var isOverfull = false
    /// PES packets in a row that began with an access unit.
    private var alignedPackets = 0

    /// No picture of any level has more slices (table A-6: 8 × 32 … 600); bounds the memory for streams of start codes.
    private static let nalLimit = 4096
    /// A bounded packet near the limit of its length field may be continued by the next.
    private static let boundedLimit = 60_000

    init(isH265: Bool) {
        self.isH265 = isH265
        writer = AccessUnitWriter(isH265: isH265)
    }

    mutating func reset() {
        clearUnit()
        writer.reset()
        openStart = nil
        searched = 0
        alignedPackets = 0
    }

    /// A PES packet begins with `payload`; the bytes of those before are in `buffer`.
    mutating func beginPacket(
        _ payload: UnsafeRawBufferPointer, _ buffer: inout ReassemblyBuffer, _ marks: inout [TimeMark],
        _ target: UnitTarget, _ sink: inout FrameSink
    ) {
        let isStart = startsUnit(payload)
        alignedPackets = isStart ? alignedPackets + 1 : 0
        cut(&buffer, &marks, isComplete: isStart, target, &sink)
    }

    /// All bytes that the packet's header promised are there. They are whole access units when all packets before were:
    /// so nobody need wait for the next packet.
    mutating func endBoundedPacket(
        _ buffer: inout ReassemblyBuffer, _ marks: inout [TimeMark], _ target: UnitTarget, _ sink: inout FrameSink
    ) {
        guard alignedPackets >= 3, buffer.count < Self.boundedLimit else { return }
        cut(&buffer, &marks, isComplete: true, target, &sink)
    }

    /// Packets are missing from here on: emits the access units that are certainly whole.
    mutating func emitWhole(
        _ buffer: inout ReassemblyBuffer, _ marks: inout [TimeMark], _ target: UnitTarget, isPacketComplete: Bool,
        _ sink: inout FrameSink
    ) {
        cut(&buffer, &marks, isComplete: isPacketComplete, target, &sink)
        writer.flushField(&sink)
    }

    mutating func flush(
        _ buffer: inout ReassemblyBuffer, _ marks: inout [TimeMark], _ target: UnitTarget, _ sink: inout FrameSink
    ) {
        cut(&buffer, &marks, isComplete: true, target, &sink)
        writer.flushField(&sink)
    }

    /// - Parameter isComplete: the last access unit of the buffer ends with the buffer.
    private mutating func cut(
        _ buffer: inout ReassemblyBuffer, _ marks: inout [TimeMark], isComplete: Bool, _ target: UnitTarget,
        _ sink: inout FrameSink
    ) {
        guard buffer.count > 0 else { return }
        buffer.withBytes { bytes in
            search(bytes, &marks, target, &sink)
            guard isComplete else { return }
            if let open = openStart { close(open, at: bytes.count, bytes, &marks, target, &sink) }
            openStart = nil
            searched = bytes.count
            if hasSlice { emit(bytes, &marks, target, &sink) }
        }
        // Everything before the open access unit has gone out.
        let used = nals.isEmpty ? openStart ?? min(searched, buffer.count) : unitStart
        guard used > 0 else { return }
        buffer.consume(used)
        searched -= used
        unitStart -= used
        if let open = openStart { openStart = open - used }
        for index in nals.indices {
            nals[index].start -= used
            nals[index].end -= used
        }
        for index in marks.indices { marks[index].offset -= used }
    }

    private mutating func search(
        _ bytes: UnsafeRawBufferPointer, _ marks: inout [TimeMark], _ target: UnitTarget, _ sink: inout FrameSink
    ) {
        while true {
            let next = NALUnits.nextStartCode(in: bytes, from: searched)
            guard next < bytes.count else {
                // Two bytes of a start code may be here already.
                searched = max(searched, bytes.count - 2)
                return
            }
            if let open = openStart { close(open, at: next, bytes, &marks, target, &sink) }
            openStart = next
            searched = next + 3
        }
    }

    /// The NAL unit whose start code is at `open` ends at `end`.
    private mutating func close(
        _ open: Int, at end: Int, _ bytes: UnsafeRawBufferPointer, _ marks: inout [TimeMark], _ target: UnitTarget,
        _ sink: inout FrameSink
    ) {
        let start = open + 3
        var end = end
        while end > start, bytes[end - 1] == 0 { end -= 1 }
        guard end > start + (isH265 ? 2 : 1) else { return }
        let nal = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        if hasSlice, startsUnit(nal: nal) { emit(bytes, &marks, target, &sink) }
        if nals.isEmpty { unitStart = open }
        if nals.count < Self.nalLimit { nals.append(NAL(start: start, end: end)) } else { isOverfull = true }
        if isSlice(nal[0]) { hasSlice = true }
    }

    private mutating func emit(
        _ bytes: UnsafeRawBufferPointer, _ marks: inout [TimeMark], _ target: UnitTarget, _ sink: inout FrameSink
    ) {
        var used = 0
        while used < marks.count, marks[used].offset <= unitStart { used += 1 }
        let mark = used > 0 ? marks[used - 1] : nil
        if used > 0 { marks.removeFirst(used) }
        if isOverfull {
            sink.counters.damagedFrames += 1
        } else {
            writer.write(nals, of: bytes, at: mark, target, &sink)
        }
        clearUnit()
    }

    private mutating func clearUnit() {
        nals.removeAll(keepingCapacity: true)
        hasSlice = false
        isOverfull = false
    }

    private func isSlice(_ header: UInt8) -> Bool {
        if isH265 { return H265NAL.isSlice(H265NAL.type(header)) }
        let type = H264NAL.type(header)
        return type == H264NAL.slice || type == H264NAL.idr || type == H264NAL.partitionA
    }

    /// Whether `nal`, coming after a slice, belongs to the next access unit. For slices the first one of a picture is known by
    /// first_mb_in_slice 0; arbitrary slice order exists in the baseline profile only and is not broadcast.
    private func startsUnit(nal: UnsafeRawBufferPointer) -> Bool {
        if isH265 {
            guard nal.count >= 3, nal[0] & 1 == 0, nal[1] >> 3 == 0 else { return false }
            switch H265NAL.type(nal[0]) {
            case 0..<32: return nal[2] & 0x80 != 0
            case 32...35, 39, 41...44, 48...55: return true
            default: return false
            }
        }
        switch H264NAL.type(nal[0]) {
        case H264NAL.slice, H264NAL.idr, H264NAL.partitionA: return nal.count >= 2 && nal[1] & 0x80 != 0
        case 6...9, 15...18: return true
        default: return false
        }
    }

    /// Whether a packet that begins with these bytes begins with an access unit.
    private func startsUnit(_ payload: UnsafeRawBufferPointer) -> Bool {
        let prefix = UnsafeRawBufferPointer(rebasing: payload.prefix(8))
        let code = NALUnits.nextStartCode(in: prefix, from: 0)
        guard code <= 1, prefix.count >= code + 6, prefix[0] == 0 else { return false }
        return startsUnit(nal: UnsafeRawBufferPointer(rebasing: prefix[(code + 3)...]))
    }
}
