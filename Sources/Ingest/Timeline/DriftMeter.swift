// Judges from arrival times whether a source's clock runs away from UTC.
import Media

/// How much later (or earlier) than at the beginning the frames of a source arrive, judged by the promptest of a window.
///
/// Network jitter and bursts only ever delay a frame, so the promptest frame of a window shows the clock. The first
/// window is the measure for all later ones.
struct DriftMeter: Sendable {
    private var windowEnd: MediaTime?
    private var promptest: MediaSpan?
    private var baseline: MediaSpan?
    private var drifted: MediaSpan = .zero

    mutating func saw(lateness: MediaSpan, at time: MediaTime, window: MediaSpan) {
        guard let end = windowEnd else {
            windowEnd = time + window
            promptest = lateness
            return
        }
        if time >= end {
            if let promptest {
                if let baseline { drifted = promptest - baseline } else { baseline = promptest }
            }
            windowEnd = time + window
            promptest = lateness
        } else {
            promptest = promptest.map { min($0, lateness) } ?? lateness
        }
    }

    /// The drift, if it is more than `limit` either way.
    func excess(over limit: MediaSpan) -> MediaSpan? {
        drifted.magnitude > limit ? drifted : nil
    }
}
