// How late an event loop runs what is due, over the last minute. Pure.
import NIOCore

/// The lags of one loop: by how much each of its last looks at the clock came after the instant it was due.
///
/// ```
/// due 1 s ─ ran 1.000 s: 0 │ due 2.000 s ─ (blocked) ─ ran 5.2 s: 3.2 s │ due 6.2 s …
/// ```
struct LoopLag {
    /// Between one look and the next.
    static let period = TimeAmount.seconds(1)
    /// Looks that are remembered: about a minute of them.
    static let lookCount = 60

    private var lags: [TimeAmount] = []
    private var oldest = 0
    private var due: NIODeadline

    init(at now: NIODeadline) { due = now + Self.period }

    /// When the loop is to look at the clock next.
    var next: NIODeadline { due }

    /// The loop looks at the clock.
    mutating func looked(at now: NIODeadline) {
        let lag = max(now - due, .zero)
        if lags.count < Self.lookCount {
            lags.append(lag)
        } else {
            lags[oldest] = lag
            oldest = (oldest + 1) % Self.lookCount
        }
        due = now + Self.period
    }

    /// The worst of the looks that are remembered; for a loop that should have looked before now, at least the time since.
    func worst(at now: NIODeadline) -> TimeAmount { max(lags.max() ?? .zero, now - due) }
}
