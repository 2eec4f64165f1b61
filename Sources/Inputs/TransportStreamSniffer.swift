// Tells a transport stream from other bytes by its sync bytes.

/// Looks for five 0x47 at the distance of packets of 188 bytes (ISO/IEC 13818-1 §2.4.3.2).
enum TransportStreamSniffer {
    /// With as many bytes a transport stream always shows itself, wherever the bytes begin.
    static let sufficientBytes = 5 * 188

    static func isTransportStream(_ bytes: some RandomAccessCollection<UInt8>) -> Bool {
        func byte(_ offset: Int) -> UInt8 { bytes[bytes.index(bytes.startIndex, offsetBy: offset)] }
        return (0..<188).contains { start in
            start + 4 * 188 < bytes.count && (0..<5).allSatisfy { byte(start + $0 * 188) == 0x47 }
        }
    }
}
