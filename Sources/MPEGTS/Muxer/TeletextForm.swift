// The form that teletext has in a transport stream.
import NIOCore

/// ETSI EN 300 472 §4: a PES packet fills transport packets without adaptation field. 45 bytes of header and data_identifier leave
/// room for three data units of 46 bytes in the first; each further one holds four.
enum TeletextForm {
    /// PES_header_data_length (§4.2).
    static let headerDataLength: UInt8 = 0x24
    /// The PES header up to the payload.
    static let headerLength = 9 + Int(headerDataLength)
    /// data_unit_id, data_unit_length and 44 bytes (§4.4).
    private static let unitLength = 46

    /// Bytes of stuffing data units after a PES payload of `length` bytes, so that the PES packet fills its transport packets.
    /// Nil when the payload is no data_identifier with whole data units: it is carried as it is.
    static func stuffing(after length: Int) -> Int? {
        guard length > 0, (length - 1) % unitLength == 0 else { return nil }
        let units = (length - 1) / unitLength
        return (3 - units % 4 + 4) % 4 * unitLength
    }

    /// Data units that decoders pass over (§4.4, data_unit_id 0xFF).
    /// - Parameter length: in bytes, a multiple of 46.
    static func writeStuffing(_ length: Int, into unit: inout ByteBuffer) {
        for _ in 0..<length / unitLength {
            unit.writeBytes([0xff, 0x2c])
            unit.writeRepeatingByte(0xff, count: 44)
        }
    }
}
