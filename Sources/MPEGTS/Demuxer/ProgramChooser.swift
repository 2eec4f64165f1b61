// Reads PAT and PMT sections and decides which programme is taken.

/// Follows the programme association and the maps, and picks the programme: the wanted one, else the first of the PAT that has
/// video or audio.
struct ProgramChooser: Sendable {
    private struct Table: Sendable {
        var pid: UInt16
        var place = PacketPlace()
        var assembler = SectionAssembler()
        /// The last good sections by programme number, to know repetitions without reading them.
        var sections: [UInt16: [UInt8]] = [:]
    }

    enum Change: Sendable {
        case nothing
        case associationChanged
        case mapChanged(ProgramMap)
    }

    var wanted: UInt16?
    private(set) var association: [ProgramAssociation.Program] = []
    private var parts: [UInt8: [ProgramAssociation.Program]] = [:]
    private var tables = [Table(pid: 0)]
    private var maps: [UInt16: ProgramMap] = [:]
    private var chosen: UInt16?
    private var associationPacket: UInt64 = 0

    /// More programmes than this are not looked at.
    private static let programLimit = 128
    /// A programme whose map does not come is passed over after this many packets (20 MB, 4 s of a full multiplex).
    private static let patience: UInt64 = 100_000

    /// The PIDs of the maps that matter.
    var mapPIDs: [UInt16] {
        association.filter { wanted == nil || $0.number == wanted }.map(\.mapPID)
    }

    /// Checks the place of a packet of a table's PID. False when there is nothing to receive in it.
    mutating func isNew(
        _ payload: UnsafeRawBufferPointer, pid: UInt16, counter: UInt8, isMarked: Bool, _ sink: inout FrameSink
    ) -> Bool {
        guard let index = tables.firstIndex(where: { $0.pid == pid }) else { return false }
        switch sink.continuity(&tables[index].place, counter, payload, isMarked: isMarked, of: pid) {
        case .repeated: return false
        case .lost: tables[index].assembler.reset()
        case .continuous: break
        }
        return true
    }

    mutating func receive(
        _ payload: UnsafeRawBufferPointer, pid: UInt16, isStart: Bool, packets: UInt64, errors: inout UInt64
    ) -> Change {
        guard let index = tables.firstIndex(where: { $0.pid == pid }) else { return .nothing }
        var sections: [[UInt8]] = []
        errors += UInt64(tables[index].assembler.receive(payload, isStart: isStart) { sections.append(Array($0)) })
        var change = Change.nothing
        for section in sections where section.count >= 8 {
            let key = pid == 0 ? UInt16(section[6]) : UInt16(section[3]) << 8 | UInt16(section[4])
            let isTable = section[0] == (pid == 0 ? 0 : 2)
            if !isTable { continue }
            if tables[index].sections[key] == section {
                if chosen == nil { change = choose(packets) }
                continue
            }
            guard SectionCRC.compute(section) == 0 else {
                errors += 1
                continue
            }
            if tables[index].sections.count >= 256 { tables[index].sections.removeAll() }
            tables[index].sections[key] = section
            let next = section.withUnsafeBytes { pid == 0 ? associate($0, packets) : map($0, packets) }
            if case .nothing = next { continue }
            change = next
        }
        return change
    }

    private mutating func associate(_ section: UnsafeRawBufferPointer, _ packets: UInt64) -> Change {
        guard let part = ProgramAssociation(section) else { return .nothing }
        if part.lastSectionNumber == 0 { parts.removeAll() }
        parts[part.sectionNumber] = part.programs
        let numbers = 0...part.lastSectionNumber
        guard numbers.allSatisfy({ parts[$0] != nil }) else { return .nothing }
        let programs = Array(numbers.flatMap { parts[$0] ?? [] }.prefix(Self.programLimit))
        guard programs != association else { return .nothing }
        association = programs
        associationPacket = packets
        // A programme that the PAT no longer lists is gone; another may be chosen.
        if let current = chosen, !programs.contains(where: { $0.number == current }) { chosen = nil }
        maps = maps.filter { entry in programs.contains { $0.number == entry.key } }
        let pids = Set(mapPIDs)
        tables.removeAll { $0.pid != 0 && !pids.contains($0.pid) }
        for pid in mapPIDs where !tables.contains(where: { $0.pid == pid }) { tables.append(Table(pid: pid)) }
        return .associationChanged
    }

    private mutating func map(_ section: UnsafeRawBufferPointer, _ packets: UInt64) -> Change {
        guard let map = ProgramMap(section), association.contains(where: { $0.number == map.program }) else {
            return .nothing
        }
        if let wanted, wanted != map.program { return .nothing }
        maps[map.program] = map
        if let chosen { return chosen == map.program ? .mapChanged(map) : .nothing }
        return choose(packets)
    }

    /// Takes the first programme with media once the maps of those before it are known, so that the choice does not depend on
    /// the moment at which the stream was joined.
    private mutating func choose(_ packets: UInt64) -> Change {
        let isPatient = packets - associationPacket < Self.patience
        for program in association where wanted == nil || program.number == wanted {
            guard let map = maps[program.number] else {
                if isPatient { return .nothing }
                continue
            }
            guard wanted != nil || map.entries.contains(where: { $0.format.isVideo || $0.format.isAudio }) else {
                continue
            }
            chosen = program.number
            return .mapChanged(map)
        }
        return .nothing
    }
}
