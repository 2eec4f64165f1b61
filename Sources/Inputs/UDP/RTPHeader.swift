// The fixed header of an RTP packet and where its payload lies (RFC 3550 §5.1).

/// An RTP packet's header.
struct RTPHeader: Hashable {
    /// Payload type of MPEG-2 transport streams (RFC 3551 §6, table 5).
    static let transportStreamType: UInt8 = 33

    var payloadType: UInt8
    var sequenceNumber: UInt16
    /// Synchronisation source: another one is another sender, with numbers of its own.
    var source: UInt32
    /// The payload's place in the datagram, without header, extension and padding.
    var payload: Range<Int>

    /// Nil when the datagram is not RTP version 2 or its lengths do not fit into it.
    ///
    /// A transport stream packet begins with 0x47, whose upper bits are not those of version 2: they cannot be mistaken.
    init?(_ datagram: UnsafeRawBufferPointer) {
        guard datagram.count >= 12, datagram[0] & 0xC0 == 0x80 else { return nil }
        payloadType = datagram[1] & 0x7F
        sequenceNumber = UInt16(datagram[2]) << 8 | UInt16(datagram[3])
        source = datagram[8..<12].reduce(0) { $0 << 8 | UInt32($1) }
        var start = 12 + 4 * Int(datagram[0] & 0x0F)
        if datagram[0] & 0x10 != 0 {
            guard datagram.count >= start + 4 else { return nil }
            start += 4 + 4 * (Int(datagram[start + 2]) << 8 | Int(datagram[start + 3]))
        }
        var end = datagram.count
        if datagram[0] & 0x20 != 0 {
            let padding = Int(datagram[end - 1])
            guard padding > 0 else { return nil }
            end -= padding
        }
        guard start <= end else { return nil }
        payload = start..<end
    }

    /// The payload is a transport stream: it says so by its type, or by its sync byte under a dynamic type.
    func carriesTransportStream(_ datagram: UnsafeRawBufferPointer) -> Bool {
        guard !payload.isEmpty else { return false }
        return payloadType == Self.transportStreamType || datagram[payload.lowerBound] == 0x47
    }
}
