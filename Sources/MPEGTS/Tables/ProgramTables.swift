// Reads the programme association table and programme map tables.

/// One section of the PAT (ISO/IEC 13818-1 §2.4.4.3): programmes in their order.
struct ProgramAssociation: Hashable, Sendable {
    struct Program: Hashable, Sendable {
        var number: UInt16
        var mapPID: UInt16
    }

    var programs: [Program] = []
    var sectionNumber: UInt8
    var lastSectionNumber: UInt8

    /// Nil when the section is not a PAT that applies now, or its CRC is wrong.
    init?(_ section: UnsafeRawBufferPointer) {
        guard section.count >= 12, section[0] == 0, section[5] & 1 == 1 else { return nil }
        sectionNumber = section[6]
        lastSectionNumber = section[7]
        for at in stride(from: 8, to: section.count - 4 - 3, by: 4) {
            let number = UInt16(section[at]) << 8 | UInt16(section[at + 1])
            let pid = UInt16(section[at + 2] & 0x1f) << 8 | UInt16(section[at + 3])
            // Programme 0 is the network PID; PIDs below 16 and the null PID are not for maps (table 2-3).
            if number != 0, pid >= 16, pid < 0x1fff { programs.append(Program(number: number, mapPID: pid)) }
        }
    }
}

/// A programme map section (ISO/IEC 13818-1 §2.4.4.8).
struct ProgramMap: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var pid: UInt16
        var streamType: UInt8
        var descriptors: [UInt8]
    }

    var program: UInt16
    var pcrPID: UInt16
    var descriptors: [UInt8]
    var entries: [Entry]

    /// More elementary streams than this are not followed.
    static let entryLimit = 64

    /// Nil when the section is not a map that applies now or its lengths do not fit.
    init?(_ section: UnsafeRawBufferPointer) {
        guard section.count >= 16, section[0] == 2, section[5] & 1 == 1 else { return nil }
        program = UInt16(section[3]) << 8 | UInt16(section[4])
        pcrPID = UInt16(section[8] & 0x1f) << 8 | UInt16(section[9])
        let end = section.count - 4
        let infoLength = Int(section[10] & 0x0f) << 8 | Int(section[11])
        guard 12 + infoLength <= end else { return nil }
        descriptors = Array(section[12..<12 + infoLength])
        entries = []
        var at = 12 + infoLength
        while at + 5 <= end, entries.count < Self.entryLimit {
            let length = Int(section[at + 3] & 0x0f) << 8 | Int(section[at + 4])
            guard at + 5 + length <= end else { return nil }
            let pid = UInt16(section[at + 1] & 0x1f) << 8 | UInt16(section[at + 2])
            if pid >= 16, pid < 0x1fff, !entries.contains(where: { $0.pid == pid }) {
                entries.append(
                    Entry(pid: pid, streamType: section[at], descriptors: Array(section[at + 5..<at + 5 + length])))
            }
            at += 5 + length
        }
    }
}

/// Walks over descriptors (§2.6): tag and content.
func forEachDescriptor(_ bytes: [UInt8], _ body: (UInt8, ArraySlice<UInt8>) -> Void) {
    var at = 0
    while at + 2 <= bytes.count {
        let end = at + 2 + Int(bytes[at + 1])
        guard end <= bytes.count else { return }
        body(bytes[at], bytes[at + 2..<end])
        at = end
    }
}
