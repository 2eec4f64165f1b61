// Tells a transport stream from other bytes by its sync bytes.

/// Looks for five 0x47 at the distance of packets: 188 bytes (ISO/IEC 13818-1 §2.4.3.2), or 192 with a time stamp each, or
/// 204 with error correction.
enum TransportStreamSniffer {
    /// With as many bytes a transport stream always shows itself, wherever the bytes begin.
    static let sufficientBytes = 5 * 204

    static func isTransportStream(_ bytes: some RandomAccessCollection<UInt8>) -> Bool {
        func byte(_ offset: Int) -> UInt8 { bytes[bytes.index(bytes.startIndex, offsetBy: offset)] }
        return [188, 192, 204].contains { distance in
            (0..<distance).contains { start in
                start + 4 * distance < bytes.count && (0..<5).allSatisfy { byte(start + $0 * distance) == 0x47 }
            }
        }
    }

    /// A datagram of packets with a time stamp before each, which might look like an RTP header.
    static func hasTimeStampedPackets(_ datagram: UnsafeRawBufferPointer) -> Bool {
        datagram.count >= 192 && datagram.count.isMultiple(of: 192)
            && stride(from: 4, to: datagram.count, by: 192).allSatisfy { datagram[$0] == 0x47 }
    }
}
