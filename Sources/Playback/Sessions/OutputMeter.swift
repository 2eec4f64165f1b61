// The rate at which viewers get media, from a counter that only rises.
package import NIOCore

/// Measures between two looks. Looks that follow one another closely share one measurement, so that several observers do
/// not spoil each other's.
package struct OutputMeter: Sendable {
    private static let shortest = TimeAmount.seconds(1)

    private var byteCount: Int
    private var since: NIODeadline
    private var kilobits = 0

    /// - Parameter byteCount: of the counter at `now`.
    package init(byteCount: Int, at now: NIODeadline) {
        self.byteCount = byteCount
        since = now
    }

    /// The rate in kbit/s since the look before, given the counter's reading at `now`.
    package mutating func look(byteCount: Int, at now: NIODeadline) -> Int {
        let time = now - since
        guard time >= Self.shortest else { return kilobits }
        kilobits = Int(Double(max(0, byteCount - self.byteCount)) * 8e6 / Double(time.nanoseconds))
        self.byteCount = byteCount
        since = now
        return kilobits
    }
}
