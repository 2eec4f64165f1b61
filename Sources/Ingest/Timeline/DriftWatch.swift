// Tells drift from jitter: the least and the greatest lag of arrival behind the timeline over a window.
import Media

/// Watches how far arrival is behind (positive) or ahead of (negative) the timeline.
///
/// Jitter and bursts move single frames; a clock that runs off moves all of them. So only a whole window in which even
/// the *least* lag is too large, or even the *greatest* too small, is drift.
struct DriftWatch {
    private var windowStart: MediaTime?
    private var least = MediaSpan.zero
    private var greatest = MediaSpan.zero

    mutating func reset() { windowStart = nil }

    /// Takes one frame's lag. Answers the drift when a window ended and all of it was out of bounds.
    mutating func observe(lag: MediaSpan, at now: MediaTime, limits: TimelineLimits) -> MediaSpan? {
        guard let start = windowStart, now >= start else {
            windowStart = now
            least = lag
            greatest = lag
            return nil
        }
        if lag < least { least = lag }
        if greatest < lag { greatest = lag }
        guard now - start >= limits.window else { return nil }
        defer { windowStart = nil }
        if least > limits.behind { return least }
        if greatest < -limits.ahead { return greatest }
        return nil
    }
}
