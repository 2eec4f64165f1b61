// Builds playlist text byte by byte: a long archive playlist is written per request.

/// Playlist bytes in the making. Numbers are written digit by digit, without `String`s in between.
struct PlaylistText {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func put(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Text from outside: a line break would begin a line of its own, so it becomes a space.
    mutating func put(text: String) {
        for byte in text.utf8 { bytes.append(byte < 0x20 ? 0x20 : byte) }
    }

    /// A quoted-string (RFC 8216 §4.2): a double quote cannot stand in it and becomes a single one.
    mutating func put(quoted text: String) {
        bytes.append(0x22)
        for byte in text.utf8 { bytes.append(byte < 0x20 ? 0x20 : byte == 0x22 ? 0x27 : byte) }
        bytes.append(0x22)
    }

    mutating func newLine() { bytes.append(0x0A) }

    mutating func put(_ value: Int64) {
        if value < 0 { bytes.append(0x2D) }
        put(digitsOf: value.magnitude)
    }

    private mutating func put(digitsOf value: UInt64) {
        let first = bytes.count
        var rest = value
        repeat {
            bytes.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[first...].reverse()
    }

    /// A number with leading zeros; `value` must fit `width` digits.
    mutating func put(_ value: Int64, width: Int) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        var rest = value
        while divisor > 0 {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    /// Ticks of 90 kHz as seconds with six decimals, rounded to the nearest microsecond.
    mutating func put(seconds ticks: Int64) {
        if ticks < 0 { bytes.append(0x2D) }
        let magnitude = ticks.magnitude
        var whole = magnitude / 90_000
        var micro = (magnitude % 90_000 * 100 + 4) / 9
        if micro == 1_000_000 { (whole, micro) = (whole + 1, 0) }
        put(digitsOf: whole)
        bytes.append(0x2E)
        put(Int64(micro), width: 6)
    }
}
