// Reads the header of a PES packet.

/// The fields of a PES header that matter here (ISO/IEC 13818-1 §2.4.3.6).
struct PESHeader: Hashable, Sendable {
    /// Bytes before the payload.
    var length: Int
    /// Payload bytes that the header promises; nil when it is unbounded (PES_packet_length 0).
    var payloadLength: Int?
    var presentation: Int64?
    var decode: Int64?

    enum Outcome: Hashable, Sendable {
        case header(PESHeader)
        case needMore
        case invalid
        /// A stream of padding (0xBE): carries nothing.
        case padding
    }

    /// The longest header: 9 bytes and header_data_length.
    static let maximumLength = 9 + 255

    static func parse(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        guard bytes.count >= 6 else { return .needMore }
        guard bytes[0] == 0, bytes[1] == 0, bytes[2] == 1, bytes[3] >= 0xbc else { return .invalid }
        let promised = Int(bytes[4]) << 8 | Int(bytes[5])
        switch bytes[3] {
        case 0xbe: return .padding
        // Streams whose packets have no further header (table 2-21).
        case 0xbc, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff:
            return .header(PESHeader(length: 6, payloadLength: promised == 0 ? nil : promised))
        default: break
        }
        guard bytes.count >= 9 else { return .needMore }
        guard bytes[6] & 0xc0 == 0x80 else { return .invalid }
        let dataLength = Int(bytes[8])
        let length = 9 + dataLength
        guard bytes.count >= length else { return .needMore }
        guard promised == 0 || promised >= 3 + dataLength else { return .invalid }
        var header = PESHeader(length: length, payloadLength: promised == 0 ? nil : promised - 3 - dataLength)
        let flags = bytes[7] >> 6
        if flags & 2 == 2, dataLength >= 5 { header.presentation = timestamp(bytes, at: 9) }
        if flags == 3, dataLength >= 10 { header.decode = timestamp(bytes, at: 14) }
        if header.decode == nil { header.decode = header.presentation }
        return .header(header)
    }

    private static func timestamp(_ bytes: UnsafeRawBufferPointer, at: Int) -> Int64 {
        Int64(bytes[at] >> 1 & 7) << 30 | Int64(bytes[at + 1]) << 22 | Int64(bytes[at + 2] >> 1) << 15
            | Int64(bytes[at + 3]) << 7 | Int64(bytes[at + 4] >> 1)
    }
}
