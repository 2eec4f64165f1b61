// Writes the PAT and the PMT of a stream.
import Media

/// The tables of a stream with one programme, number 1, map on PID 0x1000.
struct ProgramTableWriter: Sendable {
    static let mapPID: UInt16 = 0x1000
    static let programNumber: UInt16 = 1
    /// The first elementary stream; the others follow in the order of the tracks.
    static let firstPID: UInt16 = 0x100

    /// Sections with a pointer field before, as packet payload.
    let association: [UInt8]
    let map: [UInt8]

    /// version_number of the map, 0…31.
    let version: UInt8

    /// - Parameter clockPID: the PID that carries the PCR.
    init(tracks: [Track], clockPID: UInt16, version: UInt8 = 0) {
        self.version = version
        let association =
            UInt16(0xe000 | Self.mapPID).bigEndianBytes
        self.association =
            [0]
            + Self.section(
                table: 0, id: 1, body: Self.programNumber.bigEndianBytes + association)
        // SCTE 35 §8.1 asks for the registration in the programme's own descriptors.
        let isCued = tracks.contains { track in
            if case .data(let parameters) = track.codec { return parameters.purpose == .scte35 }
            return false
        }
        let info = isCued ? [0x05, 0x04] + Array("CUEI".utf8) : []
        var body = (0xe000 | clockPID).bigEndianBytes + (0xf000 | UInt16(info.count)).bigEndianBytes + info
        for (index, track) in tracks.enumerated() {
            let (type, descriptors) = Self.description(of: track)
            // A section holds 1021 bytes after its length field; descriptors of a source's PMT fitted there once.
            guard body.count + 5 + descriptors.count <= 1000 else { break }
            body.append(type)
            body += (0xe000 | (Self.firstPID + UInt16(index))).bigEndianBytes
            body += (0xf000 | UInt16(descriptors.count)).bigEndianBytes + descriptors
        }
        map = [0] + Self.section(table: 2, id: Self.programNumber, version: version, body: body)
    }

    /// stream_type and ES descriptors (ISO/IEC 13818-1 table 2-34; AC-3: ATSC A/52 annex A, as HLS asks for).
    private static func description(of track: Track) -> (UInt8, [UInt8]) {
        func registration(_ name: String) -> [UInt8] { [0x05, 0x04] + Array(name.utf8) }
        let language = track.language.flatMap { Array($0.utf8).count == 3 ? [0x0a, 0x04] + Array($0.utf8) + [0] : nil }
        switch track.codec {
        case .h264: return (0x1b, [])
        case .h265: return (0x24, registration("HEVC"))
        case .aac: return (0x0f, language ?? [])
        case .mpegAudio(let parameters): return (parameters.sampleRate >= 32000 ? 0x03 : 0x04, language ?? [])
        case .ac3: return (0x81, registration("AC-3") + (language ?? []))
        case .eac3: return (0x87, registration("EAC3") + (language ?? []))
        case .data(let parameters): return (parameters.streamType, parameters.descriptors)
        }
    }

    /// A section with header and CRC (§2.4.4.11), applicable now.
    private static func section(table: UInt8, id: UInt16, version: UInt8 = 0, body: [UInt8]) -> [UInt8] {
        let length = UInt16(5 + body.count + 4)
        var bytes = [table] + (0xb000 | length).bigEndianBytes + id.bigEndianBytes + [0xc1 | version << 1, 0, 0] + body
        let crc = SectionCRC.compute(bytes)
        bytes += UInt16(crc >> 16).bigEndianBytes + UInt16(truncatingIfNeeded: crc).bigEndianBytes
        return bytes
    }
}

extension UInt16 {
    var bigEndianBytes: [UInt8] { [UInt8(self >> 8), UInt8(truncatingIfNeeded: self)] }
}
