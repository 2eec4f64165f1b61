// Unwraps the 33-bit clock of a programme and notices when it jumps.

/// Follows PCR and timestamps of one programme. All results are 90 kHz ticks without the 33-bit wrap.
struct SourceClockTracker: Sendable {
    /// The newest clock value: PCR, or decode times where there is no PCR.
    private(set) var now: Int64?
    private(set) var hasPCR = false
    /// Counts the jumps: what belongs to an earlier epoch cannot be compared with what comes now.
    private(set) var epoch = 0

    /// A PCR may step forward by this much without being a jump: a source that was away for a moment.
    private static let stepLimit: Int64 = 10 * 90_000
    private static let wrap: Int64 = 1 << 33

    /// The unwrapped value nearest to the clock.
    func unwrapped(_ value: Int64) -> Int64 {
        guard let now else { return value }
        var delta = (value - now) & (Self.wrap - 1)
        if delta >= Self.wrap / 2 { delta -= Self.wrap }
        return now &+ delta
    }

    /// Takes a PCR base. True when the clock jumped here: said by discontinuity_indicator (§2.4.3.5) with a value that does
    /// not continue the old clock, going back, or going forward by more than ten seconds.
    mutating func receivePCR(_ value: Int64, isMarked: Bool) -> Bool {
        let time = unwrapped(value)
        defer {
            now = time
            hasPCR = true
        }
        guard let last = now, hasPCR else { return false }
        let step = time - last
        // A mark without a step (multiplexers set it at joins) is not a jump: the times go on.
        let limit = isMarked ? 90_000 : Self.stepLimit
        guard step < 0 || step > limit else { return false }
        epoch += 1
        return true
    }

    /// Takes a decode time of a track: the clock of streams without PCR. `previous` is the track's decode time before it in
    /// this epoch. True when it jumped.
    mutating func receiveDecodeTime(_ time: Int64, previous: Int64?) -> Bool {
        if !hasPCR { now = max(now ?? time, time) }
        guard let previous, abs(time - previous) > Self.stepLimit else { return false }
        epoch += 1
        now = time
        return true
    }
}
