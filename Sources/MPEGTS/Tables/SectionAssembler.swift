// Puts PSI and private sections together from packet payloads.

/// Reassembles the sections of one PID (ISO/IEC 13818-1 §2.4.4). At most one section of 4096 bytes is held.
struct SectionAssembler: Sendable {
    private var buffer: [UInt8] = []
    private var isCollecting = false

    /// Whether a section has begun that is not complete.
    var isOpen: Bool { isCollecting && !buffer.isEmpty }

    /// Packets are missing: the open section cannot be completed.
    mutating func reset() {
        isCollecting = false
        buffer.removeAll(keepingCapacity: true)
    }

    /// Takes one packet payload and calls `section` for each section that is complete with it, header byte first.
    /// Returns the number of sections with an impossible length.
    mutating func receive(
        _ payload: UnsafeRawBufferPointer, isStart: Bool, section: (UnsafeRawBufferPointer) -> Void
    ) -> Int {
        var errors = 0
        var rest = payload
        if isStart {
            guard let pointer = payload.first, Int(pointer) + 1 <= payload.count else {
                reset()
                return 1
            }
            let tail = UnsafeRawBufferPointer(rebasing: payload[1..<1 + Int(pointer)])
            if isCollecting { errors += collect(tail, section) }
            reset()
            isCollecting = true
            rest = UnsafeRawBufferPointer(rebasing: payload[(1 + Int(pointer))...])
        }
        if isCollecting { errors += collect(rest, section) }
        return errors
    }

    private mutating func collect(_ bytes: UnsafeRawBufferPointer, _ section: (UnsafeRawBufferPointer) -> Void) -> Int {
        buffer.append(contentsOf: bytes)
        var at = 0
        while at < buffer.count {
            // Table id 0xFF is stuffing to the end of the packet.
            if buffer[at] == 0xff {
                reset()
                return 0
            }
            guard at + 3 <= buffer.count else { break }
            let length = 3 + (Int(buffer[at + 1] & 0x0f) << 8 | Int(buffer[at + 2]))
            guard length > 3, length <= 4096 else {
                reset()
                return 1
            }
            guard at + length <= buffer.count else { break }
            buffer.withUnsafeBytes { section(UnsafeRawBufferPointer(rebasing: $0[at..<at + length])) }
            at += length
        }
        buffer.removeFirst(at)
        return 0
    }
}
